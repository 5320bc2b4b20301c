import { z } from 'zod';
import { bankEventSchema, isAccountEvent } from './bank-events.ts';
import { signatureText, signerText } from './event-signatures.ts';
import type { LoggedEvent } from '../account/events.ts';

/** Name of the Dapr pub/sub component. */
export const PUBSUB = 'bank-pubsub';
/** The actor hosts' outbox relay -> event-source. */
export const ACCOUNT_EVENTS_TOPIC = 'account-events';
/** Event-source -> projections and actor hosts: what the log has committed. */
export const LOG_TOPIC = 'ledger';

/** Event-source -> other systems: one CloudEvent per event (log/integration-events.ts). */
export const BANK_EVENTS_TOPIC = 'bank-events';
/** Event-source -> other systems: signed checkpoints and alarms of the audit (log/audit.ts). */
export const AUDIT_TOPIC = 'audit';
/** Other systems -> core-bank-api: commands. */
export const ACCOUNT_COMMANDS_TOPIC = 'account-commands';
/** The lane for who sends many at once: nobody else waits behind them. */
export const BULK_COMMANDS_TOPIC = 'account-commands.bulk';
/** Core-bank-api -> other systems: results of those commands. */
export const COMMAND_RESULTS_TOPIC = 'account-command-results';
/** Core-bank-api -> operators: messages that cannot be executed. */
export const DEAD_COMMANDS_TOPIC = 'account-commands-dead';

/** Most events of one message. */
export const OUTBOX_EVENTS_MAX = 500;

/** Events of many streams; those of one stream in version order without a gap. */
const accountEventsMessage = z.strictObject({
  events: z.array(bankEventSchema).min(1).max(OUTBOX_EVENTS_MAX),
  /** Names the key of the actor host that decided the events. */
  signer: signerText,
  /** Each of SIGNED_EVENTS_MAX events, in their order, the last one of those that are left. */
  signatures: z.array(signatureText).min(1),
});
export type AccountEventsMessage = z.infer<typeof accountEventsMessage>;

/** Positions of one transaction of the log; it never has more entries. */
export const TRANSACTION_POSITIONS = 65_536;
/**
 * Where an entry is in the log: immudb transaction x 65,536 + index in the transaction. Strictly
 * increasing in log order, with gaps; 0 is before everything.
 */
export const positionNumber = z.int().min(0);

/** An event with its position in the log. */
export const positionedEvent = z.strictObject({
  position: positionNumber,
  event: bankEventSchema,
});
export type PositionedEvent = z.infer<typeof positionedEvent>;
export type PositionedAccountEvent = PositionedEvent & { readonly event: LoggedEvent };
/** Whether the entry belongs to an account's stream. */
export const isOfAccount = (entry: PositionedEvent): entry is PositionedAccountEvent =>
  isAccountEvent(entry.event);

/** What the signature of a message on LOG_TOPIC is made for (platform/signatures.ts). */
export const LOG_MESSAGE_PURPOSE = 'core-bank log/1';

/**
 * One committed batch, signed by event-source. A follower whose checkpoint is `after` may apply it
 * as it is; any other follower pulls what it lacks from event-source.
 */
export const logMessage = z.strictObject({
  after: positionNumber,
  entries: z.array(positionedEvent).min(1),
});
export type LogMessage = z.infer<typeof logMessage>;
