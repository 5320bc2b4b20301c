import { z } from 'zod';
import { bankEventSchema, isAccountEvent } from './bank-events.ts';
import type { LoggedEvent } from '../account/events.ts';

export const PUBSUB = 'bank-pubsub';
/** The actor host's outbox -> event-source. */
export const ACCOUNT_EVENTS_TOPIC = 'account-events';
/** Event-source -> projections and the actor host: what the log has committed. */
export const LEDGER_TOPIC = 'ledger';

/** Event-source -> the world: one CloudEvent for each event (log/integration-events.ts). */
export const BANK_EVENTS_TOPIC = 'bank-events';
/** Event-source -> the world: signed checkpoints and alarms of the audit (log/audit.ts). */
export const AUDIT_TOPIC = 'audit';
/** Commands of other services -> core-bank-api, what came of them, and what nobody could read. */
export const ACCOUNT_COMMANDS_TOPIC = 'account-commands';
export const COMMAND_RESULTS_TOPIC = 'account-command-results';
export const DEAD_COMMANDS_TOPIC = 'account-commands-dead';

export const OUTBOX_EVENTS_MAX = 500;

/** Events of many streams; those of one stream in version order without a gap. */
const accountEventsMessage = z.strictObject({
  events: z.array(bankEventSchema).min(1).max(OUTBOX_EVENTS_MAX),
});
export type AccountEventsMessage = z.infer<typeof accountEventsMessage>;

/** More entries than this a transaction of the log cannot have. */
export const TRANSACTION_POSITIONS = 65_536;
/**
 * Where an entry stands in the log: immudb transaction x 65,536 + index in the transaction.
 * Strictly increasing in log order, not dense; 0 is before everything.
 */
export const positionNumber = z.int().min(0);

export const positionedEvent = z.strictObject({
  position: positionNumber,
  event: bankEventSchema,
});
export type PositionedEvent = z.infer<typeof positionedEvent>;
export type PositionedAccountEvent = PositionedEvent & { readonly event: LoggedEvent };
export const isOfAccount = (entry: PositionedEvent): entry is PositionedAccountEvent =>
  isAccountEvent(entry.event);

/**
 * One committed batch. A follower whose checkpoint is `after` may apply it as it is; any other
 * follower pulls what it misses from event-source.
 */
export const ledgerMessage = z.strictObject({
  after: positionNumber,
  entries: z.array(positionedEvent).min(1),
});
export type LedgerMessage = z.infer<typeof ledgerMessage>;
