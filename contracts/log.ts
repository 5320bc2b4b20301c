import { z } from 'zod';
import { positionedEvent, positionNumber } from './topics.ts';
import { accountIdText } from './texts.ts';

/** The calls that event-source answers to the other services through Dapr service invocation. */
export const EVENT_SOURCE_APP = 'event-source';
export const LOG_PAGE_EVENTS_MAX = 1_000;
export const LOOKUP_COMMANDS_MAX = 200;
export const HEADS_MAX = 500;

/** GET log/events?after=POSITION&limit=N: the whole log in log order. */
export const logPage = z.strictObject({
  entries: z.array(positionedEvent),
  /** Position of the last entry of the log at the time of the answer. */
  head: positionNumber,
});
export type LogPage = z.infer<typeof logPage>;

/** GET log/streams/{accountId}/events?fromVersion=N&limit=N: one account, oldest first. */
export const streamPage = z.strictObject({
  entries: z.array(positionedEvent),
  /** Version of the last event of the account in the log, 0 when it has none. */
  headVersion: z.int().min(0),
});
export type StreamPage = z.infer<typeof streamPage>;

/** POST log/heads: the version that the log has of each account (0 for none), same order. */
export const headsRequest = z.strictObject({
  accountIds: z.array(accountIdText).min(1).max(HEADS_MAX),
});
export const headsAnswer = z.strictObject({ versions: z.array(z.int().min(0)) });
export type HeadsAnswer = z.infer<typeof headsAnswer>;

/** POST log/commands: what the log knows of commands, for ever; same order as asked. */
export const commandsRequest = z.strictObject({
  commands: z
    .array(z.strictObject({ accountId: accountIdText, commandId: z.string().min(1).max(128) }))
    .min(1)
    .max(LOOKUP_COMMANDS_MAX),
});
export type CommandsRequest = z.infer<typeof commandsRequest>;
/** The events of each command in version order; null when the log never saw the command. */
export const commandsAnswer = z.strictObject({
  found: z.array(z.array(positionedEvent).min(1).nullable()),
});
export type CommandsAnswer = z.infer<typeof commandsAnswer>;
