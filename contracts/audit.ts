import { z } from 'zod';
import type { Operation } from './openapi.ts';
import { pageQuery } from './queries.ts';
import { positionNumber } from './topics.ts';
import { auditVerdict, trialBalanceLine } from './trial-balance.ts';
import { TRIAL_BALANCE_OPERATION, TRIAL_BALANCE_PATH } from './trial-balance.ts';

/** What cannot heal by itself, so that a person must look. */
export const ALARM_KINDS = [
  /** The log holds something that the bank did not write there. */
  'tampered',
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
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

/** How far the log was walked, and what came of it. */
export const auditedBooks = z.strictObject({
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

export const CHECKPOINT_FORMAT = 'core-bank-checkpoint/1';
/** What the auditor says in public; each names the hash of the one before. */
export const checkpoint = auditedBooks.extend({
  format: z.literal(CHECKPOINT_FORMAT),
  number: z.int().min(1),
  /** SHA-256 (hex) of the canonical JSON of the checkpoint before; zeros in the first. */
  previous: hash,
  at: z.string(),
  /** The verdict as a sentence. */
  says: z.string(),
});
export type Checkpoint = z.infer<typeof checkpoint>;

export const signedCheckpoint = z.strictObject({
  checkpoint,
  /** base64, ECDSA P-256 over SHA-256 of the checkpoint's canonical JSON, DER */
  signature: z.base64(),
});
export type SignedCheckpoint = z.infer<typeof signedCheckpoint>;

export const alarmItem = z.strictObject({
  kind: z.enum(ALARM_KINDS),
  /** What it is about: a key of the log, an event id, an account. */
  subject: z.string(),
  /** One sentence for a person: what is wrong, and where. */
  detail: z.string(),
  since: z.string(),
  /** How often it was met. */
  count: z.int().min(1),
});
export type AlarmItem = z.infer<typeof alarmItem>;

/** What is published on the topic `audit`. */
export const auditMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('checkpoint'), ...signedCheckpoint.shape }),
  z.strictObject({ type: z.literal('alarm'), alarm: alarmItem }),
]);
export type AuditMessage = z.infer<typeof auditMessage>;

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
  at: z.string().nullable(),
  events: count,
  accounts: count,
  /** Position of the last event that the log has: more than `position` when the audit is behind. */
  head: positionNumber,
  /** Alarms of every kind; see /v1/audit/alarms. */
  alarms: count,
  /** Accounts whose balance of the read side was compared with the log since the last start. */
  readSideCompared: count,
  checkpoint: signedCheckpoint.nullable(),
});
export type AuditStatus = z.infer<typeof auditStatus>;

export const ALARMS_DEFAULT = 20;
export const alarmsQuery = z.strictObject({ limit: pageQuery.limit });
export const alarmsAnswer = z.strictObject({
  /** All of them. */
  count,
  /** The oldest ones. */
  items: z.array(alarmItem),
});
export type AlarmsAnswer = z.infer<typeof alarmsAnswer>;

/** The calls that event-source answers to the query API. */
export const AUDIT_PATHS = {
  status: '/audit/status',
  trialBalance: TRIAL_BALANCE_PATH,
  alarms: '/audit/alarms',
} as const;

const common = { method: 'get', status: 200, problems: [] } as const;

export const AUDIT_OPERATIONS: readonly Operation[] = [
  {
    ...common,
    path: `/v1${AUDIT_PATHS.status}`,
    id: 'readAuditStatus',
    summary: 'How far the log is verified, with what result, and the last signed checkpoint',
    answer: auditStatus,
  },
  TRIAL_BALANCE_OPERATION,
  {
    ...common,
    path: `/v1${AUDIT_PATHS.alarms}`,
    id: 'listAlarms',
    summary: 'What a person must look at, oldest first',
    query: alarmsQuery.shape,
    answer: alarmsAnswer,
  },
];
