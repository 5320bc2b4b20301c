import { z } from 'zod';
import type { Operation } from '../http/openapi.ts';
import { writtenTime } from '../http/scalars.ts';
import type { ServiceCall } from '../http/service-call.ts';
import { ACTOR_HOST_APP } from '../person/queries.ts';
import { auditStatus } from './audit.ts';
import { positionNumber } from './topics.ts';

const count = z.int().min(0);

/** What waits at an actor host. */
const hostBacklog = z.strictObject({
  /** Commands that no turn has taken yet. */
  waitingCommands: count,
  /** Events that are committed, and that the log has not confirmed; and of how many streams. */
  unconfirmedEvents: count,
  unconfirmedStreams: count,
});
export type HostBacklog = z.infer<typeof hostBacklog>;

/** On an actor host, by queries-bank-api: what waits there. */
export const HOST_BACKLOG = {
  app: ACTOR_HOST_APP,
  method: 'GET',
  path: '/backlog',
  input: z.object({}),
  answer: hostBacklog,
} as const satisfies ServiceCall;

/** The parts of the bank that a command or a query needs. */
const PARTS = ['actor-hosts', 'log', 'read-side'] as const;
export type PartName = (typeof PARTS)[number];

const behind = {
  position: positionNumber,
  /** Transactions of the log that it has not seen yet. */
  transactionsBehind: count,
};

/** The bank as a whole. */
export const bankStatus = z.strictObject({
  /** attention: the audit has an alarm, so a person must look; degraded: a part does not answer. */
  status: z.enum(['ok', 'degraded', 'attention']),
  version: z.string(),
  at: writtenTime,
  parts: z.array(
    z.strictObject({
      name: z.enum(PARTS),
      status: z.enum(['up', 'down']),
      /** Why it is down. */
      reason: z.string().optional(),
    }),
  ),
  /** Null while the log does not answer, or what is compared with it. */
  lag: z.strictObject({
    audit: z.strictObject(behind).nullable(),
    balances: z.strictObject(behind).nullable(),
  }),
  /** Of the actor host that was asked, any one of those that run; null when none answers. */
  backlog: hostBacklog.nullable(),
  /** Null while the log does not answer. */
  audit: auditStatus
    .pick({ verdict: true, says: true, phase: true, at: true, alarms: true })
    .nullable(),
});
export type BankStatus = z.infer<typeof bankStatus>;

/** The operation of queries-bank-api on the bank as a whole. */
export const STATUS_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/status',
    id: 'readStatus',
    access: { scope: 'audit:read', object: 'bank' },
    summary: 'The whole bank: which parts answer, what waits, how far reading and audit are',
    status: 200,
    answer: bankStatus,
    problems: [],
  },
];
