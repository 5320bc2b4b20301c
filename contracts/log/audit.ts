import { writtenTime } from '../http/scalars.ts';
import { accessSeal } from '../access/access-records.ts';
import { balanceSchema } from '../account/money.ts';
import { pageQuery } from '../account/queries.ts';
import type { Operation } from '../http/openapi.ts';
import { versionText } from '../http/parameters.ts';
import type { ServiceCall } from '../http/service-call.ts';
import { EVENT_SOURCE_APP } from './entries.ts';
import { positionNumber } from './topics.ts';
import { z } from 'zod';

const count = z.int().min(0);

/** The trial balance of one currency; amounts are decimal text. */
const trialBalanceLine = z.strictObject({
  currency: z.string(),
  /** What came into the bank and left it: deposits, withdrawals, captures, their reversals. */
  externalIn: z.string(),
  externalOut: z.string(),
  /** Sum of the ledger balances of all accounts. */
  ledgers: z.string(),
  /** Money that one account of a transfer has given up and the other has not got yet. */
  inFlight: z.string(),
  /** ledgers + inFlight = externalIn - externalOut */
  balanced: z.boolean(),
});
export type TrialBalanceLine = z.infer<typeof trialBalanceLine>;

/** "nothing-checked" until something was checked: an empty check proves nothing. */
const auditVerdict = z.enum(['nothing-checked', 'balanced', 'violated']);

/** Query of GET /v1/audit/trial-balance. */
export const trialBalanceQuery = z.strictObject({
  position: versionText('the trial balance of the log as it was at this position'),
});

/** The trial balance of the log at a position. */
export const trialBalanceAnswer = z.strictObject({
  /** Of the last event that is in it. */
  position: positionNumber,
  transaction: count,
  /** When that was verified last; of a past position: the time of that event. */
  at: writtenTime.nullable(),
  /** All currencies balance and nothing is wrong; false while nothing was checked. */
  balanced: z.boolean(),
  verdict: auditVerdict,
  events: count,
  accounts: count,
  /** Missing for a past position near which more than 32 were open: it is not known there. */
  openTransfers: count.optional(),
  currencies: z.array(trialBalanceLine),
});
export type TrialBalanceAnswer = z.infer<typeof trialBalanceAnswer>;

const TRIAL_BALANCE = [
  'Without "position": of all that is audited. With it: of the log as it was at that position,',
  'that is of all events with that position or a lower one; "position" of the answer is that of',
  'the last of them and "at" is its time. "verdict" is "violated" from the first transaction on',
  'with which something is wrong. What is not audited yet is refused with position-not-audited,',
  'which says how far the audit is ("auditedPosition").',
].join(' ');

/** What cannot heal by itself, so that a person must look. */
export const ALARM_KINDS = [
  /** The log holds something that the bank did not write there. */
  'tampered',
  /** The log holds an event that no actor host signed, or that the journal does not have. */
  'forged',
  /** The log lacks an event: the versions of a stream have a hole. */
  'incomplete',
  /** The log is shorter than it was, or has another history. */
  'rolled-back',
  /** An entry breaks an invariant: the books do not balance, or do not add up. */
  'imbalance',
  /** The read side says something else than the log. */
  'read-side',
  /** An event contradicts the log. */
  'fork',
  /** A message or an event that is not what it should be. */
  'poison',
  /** Events of an account wait for one that does not come. */
  'gap',
  /** Journal and log could not be compared for ten minutes. */
  'uncompared',
  /** Records of access are damaged or cannot be written, or some accesses were not recorded. */
  'access-records',
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** How far the log was checked, with what result. */
const auditedBooks = z.strictObject({
  /** Of the last event; see `position` of events. */
  position: positionNumber,
  /** Number of the last transaction of the log, and the hash of all up to it (alh), in hex. */
  transaction: count,
  root: hash,
  events: count,
  accounts: count,
  persons: count,
  /** Transfers that have not ended. */
  openTransfers: count,
  currencies: z.array(trialBalanceLine),
  /** What was found wrong in the log so far; 0 or the books are not balanced. */
  violations: count,
  verdict: auditVerdict,
});
export type AuditedBooks = z.infer<typeof auditedBooks>;

/** Format name of a checkpoint. */
const CHECKPOINT_FORMAT = 'core-bank-checkpoint/1';
/** What the auditor publishes; each checkpoint contains the hash of the previous one. */
const checkpoint = auditedBooks.extend({
  format: z.literal(CHECKPOINT_FORMAT),
  number: z.int().min(1),
  /** SHA-256 (hex) of the canonical JSON of the checkpoint before; zeros in the first. */
  previous: hash,
  at: writtenTime,
  /** The verdict as a sentence. */
  says: z.string(),
});
export type Checkpoint = z.infer<typeof checkpoint>;

/** A checkpoint with the bank's signature. */
export const signedCheckpoint = z.strictObject({
  checkpoint,
  /** base64, ECDSA P-256 over SHA-256 of the checkpoint's canonical JSON, DER */
  signature: z.base64(),
});
export type SignedCheckpoint = z.infer<typeof signedCheckpoint>;

/** One alarm. */
const alarmItem = z.strictObject({
  kind: z.enum(ALARM_KINDS),
  /** What it is about: a key of the log, an event id, an account. */
  subject: z.string(),
  /** One sentence for a person: what is wrong, and where. */
  detail: z.string(),
  since: writtenTime,
  /** How often it was met. */
  count: z.int().min(1),
});
export type AlarmItem = z.infer<typeof alarmItem>;

/** A message of the topic `audit`. */
export const auditMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('checkpoint'), ...signedCheckpoint.shape }),
  z.strictObject({ type: z.literal('alarm'), alarm: alarmItem }),
  z.strictObject({ type: z.literal('access'), seal: accessSeal }),
]);
export type AuditMessage = z.infer<typeof auditMessage>;

/** How far the audit is, and its last checkpoint. */
export const auditStatus = z.strictObject({
  verdict: auditVerdict,
  says: z.string(),
  /** replaying: walks the log from its beginning, as after every start; following: at its end. */
  phase: z.enum(['starting', 'replaying', 'following', 'waiting']),
  /** Why it waits. */
  reason: z.string().optional(),
  position: positionNumber,
  transaction: count,
  root: hash,
  /** When that was verified last; null before the first time. */
  at: writtenTime.nullable(),
  events: count,
  accounts: count,
  /** Position of the last event that the log has: more than `position` when the audit is behind. */
  head: positionNumber,
  /** Alarms of every kind; see /v1/audit/alarms. */
  alarms: count,
  /** Accounts whose balance of the read side was compared with the log since the last start. */
  readSideCompared: count,
  /** Where streams end in the journal and in the log, both ways. */
  journalCompared: z.strictObject({
    /** When the last comparison of all streams ended, since the last start; null: none yet. */
    at: writtenTime.nullable(),
    /** Why nothing is compared now. */
    reason: z.string().optional(),
  }),
  checkpoint: signedCheckpoint.nullable(),
});
export type AuditStatus = z.infer<typeof auditStatus>;

/** Alarms of one answer when the query has no limit. */
export const ALARMS_DEFAULT = 20;
/** Query of GET /v1/audit/alarms. */
export const alarmsQuery = z.strictObject({ limit: pageQuery.limit });
/** The alarms, oldest first. */
export const alarmsAnswer = z.strictObject({
  /** All of them. */
  count,
  /** The oldest ones. */
  items: z.array(alarmItem),
});
export type AlarmsAnswer = z.infer<typeof alarmsAnswer>;

/** What the audit sees of an account on the read side: as its customers see it. */
export const READ_SIDE_ACCOUNT = {
  app: 'queries-bank-api',
  method: 'GET',
  path: '/sidecar/accounts/{accountId}',
  input: z.object({}),
  answer: z.object({ version: z.int().min(1), balance: balanceSchema }),
  mayLack: true,
} as const satisfies ServiceCall;

const get = { app: EVENT_SOURCE_APP, method: 'GET' } as const;

/** What the query API asks event-source. */
export const AUDIT_CALLS = {
  status: { ...get, path: '/audit/status', input: z.object({}), answer: auditStatus },
  trialBalance: {
    ...get,
    path: '/audit/trial-balance',
    input: trialBalanceQuery,
    answer: trialBalanceAnswer,
  },
  alarms: { ...get, path: '/audit/alarms', input: alarmsQuery, answer: alarmsAnswer },
} as const satisfies Readonly<Record<string, ServiceCall>>;

const common = { method: 'get', status: 200, problems: [] } as const;

/** The same for everybody. */
export const AUDIT_OPERATIONS: readonly Operation[] = [
  {
    ...common,
    path: `/v1${AUDIT_CALLS.status.path}`,
    id: 'readAuditStatus',
    access: { scope: 'audit:read', object: 'bank' },
    summary: 'How far the log is verified, with what result, and the last signed checkpoint',
    answer: auditStatus,
  },
  {
    ...common,
    path: `/v1${AUDIT_CALLS.trialBalance.path}`,
    id: 'readTrialBalance',
    access: { scope: 'audit:read', object: 'bank' },
    summary: 'Per currency: what came in, what went out, what the accounts hold',
    description: TRIAL_BALANCE,
    query: trialBalanceQuery.shape,
    answer: trialBalanceAnswer,
    problems: ['position-not-found', 'position-not-audited'],
  },
  {
    ...common,
    path: `/v1${AUDIT_CALLS.alarms.path}`,
    id: 'listAlarms',
    access: { scope: 'audit:read', object: 'bank' },
    summary: 'What a person must look at, oldest first',
    query: alarmsQuery.shape,
    answer: alarmsAnswer,
  },
];
