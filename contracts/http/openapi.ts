import { z } from 'zod';
import { SCOPES, type Access } from '../access/rules.ts';
import { problemSchema, PROBLEMS, type ProblemCode } from './problems.ts';

/** One operation of a REST API: enough to document it and to check that it is served. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put';
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

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): object => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
};

const parameters = (
  place: 'path' | 'query' | 'header',
  schemas: Readonly<Record<string, z.ZodType>> = {},
): object[] =>
  Object.entries(schemas).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || !schema.safeParse(undefined).success,
    schema: jsonSchema(schema, 'input'),
  }));

const headersOf = (headers: Readonly<Record<string, string>> = {}): object =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  );

function problemResponses(codes: readonly ProblemCode[]): Record<string, object> {
  const entries = [...groupByStatus(codes)].map(([status, ofStatus]) => {
    const description = ofStatus.map((code) => `${code}: ${PROBLEMS[code][1]}.`).join(' ');
    const schema = { $ref: '#/components/schemas/Problem' };
    return [status, { description, content: { 'application/problem+json': { schema } } }] as const;
  });
  return Object.fromEntries(entries);
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

function operation(op: Operation): object {
  const ofBrowsers: readonly ProblemCode[] = op.method === 'get' ? [] : ['foreign-origin'];
  const ofPending: readonly ProblemCode[] = op.pending === undefined ? [] : ['approval-ended'];
  const problems = [...new Set([...op.problems, ...ofPending, ...ALWAYS, ...ofBrowsers])];
  return {
    operationId: op.id,
    summary: op.summary,
    ...(op.description === undefined ? {} : { description: op.description }),
    ...(op.showsPersonalData === undefined ? {} : { 'x-personal-data': op.showsPersonalData }),
    security: ['issuer', 'bearer', 'dpop'].map((scheme) => ({ [scheme]: [op.access.scope] })),
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
            content: { 'application/json': { schema: jsonSchema(op.body, 'input') } },
          },
        }),
    responses: {
      ...(op.query?.['dryRun'] === undefined ? {} : { 200: tried(op) }),
      [op.status]: answered(op, op),
      ...(op.pending === undefined ? {} : { 202: waits(op, op.pending) }),
      ...problemResponses(problems),
    },
  };
}

const LOCAL_ISSUER = 'http://127.0.0.1:3860';

/**
 * Where tokens come from. Each operation names its scope; who may have it is written here, because
 * OpenID Connect Discovery, where the grants and addresses are, does not.
 */
function securitySchemes(issuer: string): object {
  const lines = Object.entries(SCOPES).map(
    ([scope, roles]) => `- \`${scope}\`: ${roles.join(', ')}`,
  );
  const description = [
    'Client credentials for services, authorisation code with PKCE for people. Scopes, and the',
    'roles of which a token needs one to use each:',
  ].join(' ');
  return {
    issuer: {
      type: 'openIdConnect',
      openIdConnectUrl: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      description: `${description}\n\n${lines.join('\n')}`,
    },
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
  };
}

/**
 * The OpenAPI 3.1 document of an API, made from the same contracts that the API parses with.
 * @param issuer whose tokens the API takes; the local one when missing.
 */
export function openApi(
  title: string,
  operations: readonly Operation[],
  issuer = LOCAL_ISSUER,
): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const op of operations) {
    paths[op.path] = { ...paths[op.path], [op.method]: operation(op) };
  }
  return {
    openapi: '3.1.0',
    info: { title, version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
      securitySchemes: securitySchemes(issuer),
    },
  };
}
