import type { z } from 'zod';
import { SCOPES, type Access } from '../access/rules.ts';
import { jsonSchema, namedSchemas, type NamedSchemas } from './openapi-schemas.ts';
import { problemSchema, PROBLEMS, type ProblemCode } from './problems.ts';

/** One operation of a REST API: enough to document it and to check that it is served. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch';
  /** With parameters as in /v1/accounts/{id}. */
  readonly path: string;
  readonly id: string;
  /** Who may use it; nobody else gets an answer. */
  readonly access: Access;
  readonly summary: string;
  readonly description?: string;
  /** It may show personal data; each time it does is recorded (GET /v1/audit/access). */
  readonly showsPersonalData?: true;
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly query?: Readonly<Record<string, z.ZodType>>;
  readonly headers?: Readonly<Record<string, z.ZodType>>;
  readonly body?: z.ZodType;
  readonly status: 200 | 201;
  readonly answer: z.ZodType;
  /** Of what a second person may have to approve: the answer 202, by which it waits for them. */
  readonly pending?: z.ZodType;
  /** JSON when missing. */
  readonly answerType?: 'text/event-stream' | 'application/x-ndjson';
  /** Other types that the same answer may have; they have no schema in JSON. */
  readonly otherAnswers?: readonly string[];
  readonly answerHeaders?: Readonly<Record<string, string>>;
  readonly problems: readonly ProblemCode[];
}

/** What a client should know of all operations. */
const ABOUT = [
  'Amounts are decimal strings in the currency of the account; times are RFC 3339 in UTC; unknown',
  'members are refused. A command with an Idempotency-Key is executed at most once, and a retry',
  'is given the same answer, however late it comes. Errors are problem documents (RFC 9457) with',
  'a stable code.',
].join(' ');

/** Operations by the beginning of their paths; the first that fits names the group. */
const TAGS: readonly (readonly [path: RegExp, name: string, description: string])[] = [
  [/^\/v1\/accounts\/\{id\}\/holds/, 'Holds', 'Amounts set aside until captured or voided'],
  [
    /^\/v1\/accounts\/\{id\}\/(?:deposits|withdrawals|reversals)/,
    'Movements',
    'Money in and out of one account',
  ],
  [
    /^\/v1\/accounts\/\{id\}\/(?:events|refusals|export)/,
    'Log',
    'What the immutable log has of an account, with proofs',
  ],
  [/^\/v1\/(?:accounts|balances)/, 'Accounts', 'Accounts, their balances, history and statements'],
  [/^\/v1\/transfers/, 'Transfers', 'Money between two accounts, at once or in two phases'],
  [/^\/v1\/transactions/, 'Transactions', 'Several transfers: all of them, or none'],
  [/^\/v1\/(?:batches|commands)/, 'Commands', 'Many commands at once, and the outcome of one'],
  [/^\/v1\/persons/, 'Persons', 'Owners of accounts, whose data can be erased'],
  [/^\/v1\/approvals/, 'Approvals', 'What waits for a second person'],
  [/^\/v1\/status/, 'Status', 'The bank as a whole'],
  [/^\/v1\/audit/, 'Audit', 'Proofs of the log, the books and who read what'],
];
/** The group of an operation, by its path. */
export function tagOf(path: string): string {
  const found = TAGS.find(([pattern]) => pattern.test(path));
  if (found === undefined) throw new Error(`no group of the API document takes ${path}`);
  return found[1];
}

/** What any request may meet, whatever it asks for. */
const ALWAYS: readonly ProblemCode[] = [
  'invalid-request',
  'unauthenticated',
  'forbidden',
  'request-timeout',
  'misdirected-request',
  'too-many-requests',
  'headers-too-large',
  'internal-error',
  'service-unavailable',
];

/**
 * Whether a request without a body is taken as `{}`; a PUT always needs one, see
 * platform/http/json-body.ts.
 */
export const mayBeEmpty = ({ method, body }: Operation): boolean =>
  method === 'post' && body?.safeParse({}).success === true;

/** A description belongs to the parameter, which is where pages and clients look for it. */
const parameters = (
  place: 'path' | 'query' | 'header',
  schemas: Readonly<Record<string, z.ZodType>> = {},
): object[] =>
  Object.entries(schemas).map(([name, given]) => {
    const { description, ...schema } = jsonSchema(given, 'input');
    return {
      name,
      in: place,
      required: place === 'path' || !given.safeParse(undefined).success,
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });

const headersOf = (headers: Readonly<Record<string, string>> = {}): object =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  );

/** Name of the response that is shared by all operations with the same problems of a status. */
const responseName = (codes: readonly ProblemCode[]): string => codes.toSorted().join('.');

const problemResponses = (codes: readonly ProblemCode[]): Record<string, object> =>
  Object.fromEntries(
    [...groupByStatus(codes)].map(([status, ofStatus]) => [
      status,
      { $ref: `#/components/responses/${responseName(ofStatus)}` },
    ]),
  );

function problemResponse(codes: readonly ProblemCode[]): object {
  const description = codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}.`).join(' ');
  const schema = { $ref: '#/components/schemas/Problem' };
  return { description, content: { 'application/problem+json': { schema } } };
}

function groupByStatus(codes: readonly ProblemCode[]): Map<number, ProblemCode[]> {
  const groups = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const [status] = PROBLEMS[code];
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}

const answered = (
  {
    answerHeaders,
    answerType,
    otherAnswers = [],
  }: Pick<Operation, 'answerHeaders' | 'answerType' | 'otherAnswers'>,
  { summary, answer }: Pick<Operation, 'summary' | 'answer'>,
): object => ({
  description: summary,
  headers: headersOf(answerHeaders),
  content: {
    [answerType ?? 'application/json']: { schema: jsonSchema(answer, 'output') },
    ...Object.fromEntries(otherAnswers.map((type) => [type, {}])),
  },
});

/** A dry run has one status, whatever it is a try of, and nothing to be found or matched later. */
function tried(op: Operation): object {
  const { Location: _location, ETag: _version, ...answerHeaders } = op.answerHeaders ?? {};
  const summary = 'dryRun=true: what the answer would be';
  return answered({ ...op, answerHeaders }, { summary, answer: op.answer });
}

const waits = ({ answerHeaders = {} }: Operation, answer: z.ZodType): object => {
  const { ETag: _version, ...headers } = answerHeaders;
  const summary = 'FOUR_EYES asks for a second person: it waits until they approve or reject it';
  const Location = 'the path of the approval';
  return answered({ answerHeaders: { ...headers, Location } }, { summary, answer });
};

function problemsOf(op: Operation): readonly ProblemCode[] {
  const ofBrowsers: readonly ProblemCode[] = op.method === 'get' ? [] : ['foreign-origin'];
  const ofPending: readonly ProblemCode[] = op.pending === undefined ? [] : ['approval-ended'];
  return [...new Set([...op.problems, ...ofPending, ...ALWAYS, ...ofBrowsers])];
}

const rightOf = ({ access: { scope } }: Operation): string =>
  `Needs the scope \`${scope}\`, which these roles can have: ${SCOPES[scope].join(', ')}.`;

const exampled = (example: object | undefined): object =>
  example === undefined ? {} : { example };

function operation(op: Operation, example?: object): object {
  return {
    operationId: op.id,
    tags: [tagOf(op.path)],
    summary: op.summary,
    description: [...(op.description === undefined ? [] : [op.description]), rightOf(op)].join(
      '\n\n',
    ),
    ...(op.showsPersonalData === undefined ? {} : { 'x-personal-data': op.showsPersonalData }),
    // A scheme of HTTP has no scopes of its own: the token that it carries has those of its issuer.
    security: [{ issuer: [op.access.scope] }, { bearer: [] }, { dpop: [] }],
    parameters: [
      ...parameters('path', op.params),
      ...parameters('query', op.query),
      ...parameters('header', op.headers),
    ],
    ...(op.body === undefined
      ? {}
      : {
          requestBody: {
            required: !mayBeEmpty(op),
            content: {
              'application/json': { schema: jsonSchema(op.body, 'input'), ...exampled(example) },
            },
          },
        }),
    responses: {
      ...(op.query?.['dryRun'] === undefined ? {} : { 200: tried(op) }),
      [op.status]: answered(op, op),
      ...(op.pending === undefined ? {} : { 202: waits(op, op.pending) }),
      ...problemResponses(problemsOf(op)),
    },
  };
}

const LOCAL_ISSUER = 'http://127.0.0.1:3860';
const isLocal = (issuer: string): boolean =>
  /^http:\/\/(?:127\.0\.0\.1|localhost)[:/]/.test(issuer);

/**
 * How tokens are had of the issuer. Of the local one the addresses are known; those of any other
 * are in its OpenID Connect Discovery.
 */
function issuerScheme(issuer: string): object {
  const base = issuer.replace(/\/$/, '');
  const description = 'Client credentials for services, authorisation code with PKCE for people.';
  const discovery = `${base}/.well-known/openid-configuration`;
  if (!isLocal(issuer)) return { type: 'openIdConnect', openIdConnectUrl: discovery, description };
  const scopes = Object.fromEntries(
    Object.entries(SCOPES).map(([scope, roles]) => [scope, `For ${roles.join(', ')}.`]),
  );
  const tokenUrl = `${base}/token`;
  return {
    type: 'oauth2',
    description: `${description} Discovery is at ${discovery}.`,
    flows: {
      clientCredentials: { tokenUrl, scopes },
      authorizationCode: { authorizationUrl: `${base}/auth`, tokenUrl, scopes },
    },
  };
}

const securitySchemes = (issuer: string): object => ({
  issuer: issuerScheme(issuer),
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token (RFC 9068) of that issuer, for this bank.',
  },
  dpop: {
    type: 'http',
    scheme: 'DPoP',
    description: 'One that is bound to a key (RFC 9449), with a proof in the header DPoP.',
  },
});

/** What an API document is made of. */
export interface ApiDocument {
  readonly title: string;
  readonly operations: readonly Operation[];
  readonly named: NamedSchemas;
  /** Bodies of requests by the ids of their operations. */
  readonly examples: Readonly<Record<string, object>>;
  /** Whose tokens the API takes; the local one when missing. */
  readonly issuer?: string | undefined;
}

/** The OpenAPI 3.1 document of an API, made from the same contracts that the API parses with. */
export function openApi(document: ApiDocument): object {
  const { title, operations, named, examples, issuer = LOCAL_ISSUER } = document;
  const schemas = namedSchemas({ ...named, Problem: ['output', problemSchema] });
  schemas.referTo('Problem');
  const paths: Record<string, Record<string, object>> = {};
  const responses: Record<string, object> = {};
  for (const op of operations) {
    paths[op.path] = { ...paths[op.path], [op.method]: operation(op, examples[op.id]) };
    for (const codes of groupByStatus(problemsOf(op)).values()) {
      responses[responseName(codes)] = problemResponse(codes);
    }
  }
  const used = new Set(operations.map(({ path }) => tagOf(path)));
  return {
    openapi: '3.1.0',
    info: {
      title,
      version: '1',
      description: ABOUT,
      contact: { name: 'Core Bank' },
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: TAGS.filter(([, name]) => used.has(name)).map(([, name, description]) => ({
      name,
      description,
    })),
    paths: schemas.referring(paths),
    components: {
      schemas: schemas.components,
      responses,
      securitySchemes: securitySchemes(issuer),
    },
  };
}
