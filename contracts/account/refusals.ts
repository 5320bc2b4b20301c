import { directionText, writtenId, writtenTime } from '../http/scalars.ts';
import { z } from 'zod';

const plain = <Code extends string>(...codes: readonly Code[]) =>
  z.strictObject({ code: z.literal(codes) });

/** Of commands to accounts and to persons, where four eyes are asked for. */
export const approvalRefusals = [
  /** It waits for a second person. */
  z.strictObject({
    code: z.literal('approval-pending'),
    approvalId: writtenId,
    expiresAt: writtenTime,
  }),
  /** It was asked for under this key before, and was not approved. */
  z.strictObject({
    code: z.literal('approval-ended'),
    approvalId: writtenId,
    approval: z.string(),
  }),
] as const;

/** Why a command was not carried out: the other half of every decision. */
export const refusalSchema = z.discriminatedUnion('code', [
  plain(
    'account-not-found',
    'account-already-exists',
    'owner-not-found',
    'account-frozen',
    'account-not-frozen',
    'account-closed',
    'hold-not-found',
    'hold-not-due',
    'hold-expired',
    'event-not-found',
    'same-account',
    'transfer-not-found',
    'transfer-expired',
    'transfer-not-due',
    'idempotency-key-reused',
    /** The key of its batch belongs to a batch that says something else. */
    'batch-key-reused',
    /** Another command of the same atomic batch was refused. */
    'batch-aborted',
    /** A second person has to approve it, and it was not sent alone. */
    'approval-required',
  ),
  ...approvalRefusals,
  z.strictObject({ code: z.literal('balance-not-zero'), ledger: z.string(), held: z.string() }),
  z.strictObject({
    code: z.literal('insufficient-funds'),
    available: z.string(),
    shortfall: z.string(),
  }),
  z.strictObject({
    code: z.literal('limit-exceeded'),
    limit: z.enum(['perWithdrawal', 'perDay']),
    allowed: z.string(),
    used: z.string().optional(),
    resetsAt: writtenTime.optional(),
  }),
  z.strictObject({ code: z.literal('too-many-open'), limit: z.int() }),
  z.strictObject({
    code: z.literal(['hold-already-resolved', 'already-reversed', 'transfer-already-ended']),
    /** Of the event that did it. */
    version: z.int(),
  }),
  z.strictObject({
    code: z.literal(['account-blocked', 'account-not-blocked']),
    direction: directionText,
  }),
  z.strictObject({ code: z.literal('reversal-amount-exceeded'), left: z.string() }),
  z.strictObject({ code: z.literal('hold-amount-exceeded'), held: z.string() }),
  z.strictObject({ code: z.literal('transfer-amount-exceeded'), reserved: z.string() }),
  z.strictObject({ code: z.literal('not-reversible'), eventType: z.string() }),
  z.strictObject({ code: z.literal('currency-mismatch'), currency: z.string() }),
  z.strictObject({ code: z.literal('version-mismatch'), version: z.int() }),
  z.strictObject({ code: z.literal('invalid-request'), at: z.string(), message: z.string() }),
  /** Nothing is known to have happened; the same id may be sent again. */
  z.strictObject({ code: z.literal('service-unavailable'), reason: z.string() }),
]);
export type RefusalMessage = z.infer<typeof refusalSchema>;
