import { z } from 'zod';
import { ACCOUNT_ID_PATTERN } from '../../domain/ids.ts';
import { timeText } from '../account/history-filters.ts';
import { nextCursor, pageQuery } from '../account/queries.ts';
import type { Operation } from '../http/openapi.ts';
import { idParams, personParams, transactionParams, transferParams } from '../http/parameters.ts';
import type { ProblemCode } from '../http/problems.ts';
import { clientIdText, writtenTime } from '../http/scalars.ts';
import type { ServiceCall } from '../http/service-call.ts';
import { EVENT_SOURCE_APP } from '../log/entries.ts';
import { clientText, ROLES, subjectText } from './principal.ts';

/** Why nobody could be told by a request: the reasons of 401. */
const LOGIN_FAULTS = [
  'no-token',
  'not-a-token',
  'signature',
  'algorithm',
  'unknown-key',
  'issuer',
  'audience',
  'claim',
  'expired',
  'not-valid-yet',
  'lives-too-long',
  /** It is bound to another key or certificate than its sender's, or should be bound. */
  'binding',
  /** Its sender did not prove to have the key that it is bound to. */
  'proof',
  'taken-back',
  'too-many-failures',
] as const;
export type LoginFault = (typeof LOGIN_FAULTS)[number];

/** What an access came to. */
const ACCESS_OUTCOMES = [
  /** 401: nobody could be told, and so nobody is named. */
  'unauthenticated',
  /** 403: the scope or the role is missing. */
  'forbidden',
  /** 404 to a customer: it is somebody else's, or there is none, which nobody may tell apart. */
  'not-found',
  /** Personal data was shown. */
  'read',
  /** So many were not recorded, because more waited than may. */
  'not-recorded',
  /** So many records were removed, as they were too old or too many. */
  'removed',
] as const;

/** Most objects of one record; one call reads no more persons. */
export const ACCESS_OBJECTS_MAX = 128;
const OPERATION_CHARACTERS_MAX = 64;

/** Like requests of one sender within a short time. No token and no text of a client is in it. */
const observation = z.strictObject({
  outcome: z.enum(ACCESS_OUTCOMES),
  /** Of 401 which fault; of records that are gone why. */
  reason: z.enum([...LOGIN_FAULTS, 'no-role', 'too-old', 'too-many-bytes']).optional(),
  /** Id of the operation; missing where requests to several were counted together. */
  operation: z
    .string()
    .regex(/^[A-Za-z-]+$/)
    .max(OPERATION_CHARACTERS_MAX)
    .optional(),
  subject: subjectText.optional(),
  client: clientText.optional(),
  roles: z.array(z.enum(ROLES)).max(ROLES.length).optional(),
  /** Of a delegated token: for whom. */
  onBehalfOf: subjectText.optional(),
  /** Ids of the accounts, persons, transfers and transactions it was about, as far as known. */
  objects: z.array(z.string().regex(ACCOUNT_ID_PATTERN)).max(ACCESS_OBJECTS_MAX),
  /** How many requests. */
  count: z.int().min(1),
  first: z.iso.datetime({ precision: 3 }),
  last: z.iso.datetime({ precision: 3 }),
  /** Trace of the first of these requests (W3C Trace Context): its sender's, or one of ours. */
  traceId: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
});
export type AccessObservation = Readonly<z.infer<typeof observation>>;

/** A record as it is kept. */
const accessRecord = z.strictObject({
  /** 1, 2, 3 and so on; seals have numbers too and are not shown. */
  number: z.int().min(1),
  /** When it was recorded. */
  at: z.iso.datetime({ precision: 3 }),
  /** The app that saw it. */
  app: z.string(),
  ...observation.shape,
});
export type AccessRecord = Readonly<z.infer<typeof accessRecord>>;

/** The signed end of the records: every record before it is under its digest. */
export const accessSeal = z.strictObject({
  number: z.int().min(1),
  at: writtenTime,
  /** SHA-256 (base64url) of the record before it, which names that of the one before, and so on. */
  digest: z.string(),
  /** Name of the key. */
  signer: z.string(),
  /** base64url, ECDSA P-256 with the auditor's key over purpose, number, digest and time. */
  signature: z.string(),
});
export type AccessSeal = Readonly<z.infer<typeof accessSeal>>;

/** What the auditor's key signs a seal for. */
export const ACCESS_SEAL_PURPOSE = 'core-bank access records 1';
/** The text under the signature of a seal. */
export const sealText = ({
  number,
  digest,
  at,
}: Pick<AccessSeal, 'number' | 'digest' | 'at'>): string => `${number} ${digest} ${at}`;

/** Query of GET /v1/audit/access. */
export const accessQuery = z.strictObject({
  subject: subjectText.optional().meta({ description: 'only what this subject did' }),
  client: clientText.optional().meta({ description: 'only what came through this client' }),
  object: clientIdText
    .optional()
    .meta({ description: 'only what was about this account, person or transfer (UUID)' }),
  outcome: z.enum(ACCESS_OUTCOMES).optional(),
  from: timeText('only what still happened at this time or later (RFC 3339)', Date.parse),
  to: timeText('only what began before this time (RFC 3339)', Date.parse),
  ...pageQuery,
});

/** Records of one answer that were looked at, at most; see the operation. */
export const ACCESS_LOOKED_MAX = 10_000;

/** A page of the records, newest first. */
export const accessAnswer = z.strictObject({
  items: z.array(accessRecord),
  nextCursor,
  /** The last seal; null before the first. */
  seal: accessSeal.nullable(),
});
export type AccessAnswer = z.infer<typeof accessAnswer>;

const { limit: _limit, cursor: _cursor, ...filters } = accessQuery.shape;
/** Most observations of one report. */
export const REPORT_OBSERVATIONS_MAX = 500;

/** The calls to event-source, which keeps the records. */
export const ACCESS_CALLS = {
  /** Repeated with the same number until it is answered; then the records are on the disk. */
  record: {
    app: EVENT_SOURCE_APP,
    method: 'POST',
    path: '/access/records',
    input: z.strictObject({
      /** The process that reports. */
      sender: z.uuid(),
      /** Of the report: 1, 2, 3 and so on. */
      number: z.int().min(1),
      observations: z.array(observation).min(1).max(REPORT_OBSERVATIONS_MAX),
    }),
    answer: z.strictObject({}),
  },
  find: {
    app: EVENT_SOURCE_APP,
    method: 'POST',
    path: '/access/find',
    input: z.strictObject({
      ...filters,
      from: z.number().optional(),
      to: z.number().optional(),
      /** Only records with a lower number; all when missing. */
      before: z.int().min(1).optional(),
      limit: z.int().min(1),
    }),
    answer: z.strictObject({
      items: z.array(accessRecord),
      /** Go on before this number; 0 when nothing older can pass. */
      next: z.int().min(0),
      seal: accessSeal.nullable(),
    }),
  },
} as const satisfies Readonly<Record<string, ServiceCall>>;
export type AccessReport = Readonly<z.infer<typeof ACCESS_CALLS.record.input>>;
export type AccessFilters = Readonly<z.infer<typeof ACCESS_CALLS.find.input>>;
export type FoundAccess = Readonly<z.infer<typeof ACCESS_CALLS.find.answer>>;

/** The operation of queries-bank-api on records of access. */
export const ACCESS_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/audit/access',
    id: 'listAccess',
    access: { scope: 'audit:access', object: 'bank' },
    summary: 'Who was refused, and who saw personal data of whom, newest first',
    description:
      'Like requests of one sender within seconds are one record with a count. A record passes ' +
      `when it passes every filter. An answer looks at ${ACCESS_LOOKED_MAX} records at most, so ` +
      'it may have fewer items than limit, even none, and a nextCursor: go on until that is ' +
      'null. What happened just now may come some seconds later. Records name ids and no names.',
    query: accessQuery.shape,
    status: 200,
    answer: accessAnswer,
    problems: [],
  },
];

const OBJECT_PARAMS = { ...idParams, ...personParams, ...transferParams, ...transactionParams };

/** The ids of accounts, persons, transfers and transactions among the parameters of a path. */
export const objectsIn = (params: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(OBJECT_PARAMS).flatMap(([name, schema]) => {
    const read = schema.safeParse(params[name]);
    return read.success ? [read.data] : [];
  });

/** What a refused request was about: what the problem names, or else the path. */
export const objectsRefused = (
  params: Readonly<Record<string, unknown>>,
  { accountId }: Readonly<Record<string, unknown>> = {},
): string[] => objectsIn(accountId === undefined ? params : { id: accountId });

/** With these a customer is refused who asks for what is another's. */
export const FOREIGN_PROBLEMS: readonly ProblemCode[] = [
  'account-not-found',
  'command-not-found',
  'person-not-found',
  'transfer-not-found',
  'transaction-not-found',
];
