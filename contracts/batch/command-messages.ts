import { z } from 'zod';
import { batchResult } from './batches.ts';

/** A command for an account as a CloudEvent 1.0 on the topic account-commands. */
export const commandEvent = z.looseObject({
  specversion: z.literal('1.0'),
  /** Source and id together tell the event; when `data` has no key, one follows from the two. */
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  /** One command as in a batch; it is read by that contract. */
  data: z.unknown(),
  traceparent: z.string().optional(),
  /** RFC 3339; Dapr writes it when the sender gave ttlInSeconds. */
  expiration: z.string().optional(),
});

/** CloudEvents type of a command's result. */
export const COMMAND_RESULT_TYPE = 'bank.account.command-result.v1';
/** The result of a command, on the topic account-command-results. */
export const commandResultData = batchResult.required({ idempotencyKey: true, accountId: true });
export type CommandResultData = z.infer<typeof commandResultData>;

/** CloudEvents type of a message that cannot be executed. */
export const DEAD_COMMAND_TYPE = 'bank.account.command-dead.v1';
/** A message that can never be executed as it is, on the topic account-commands-dead. */
export const deadCommandData = z.strictObject({
  reason: z.string(),
  errors: z.array(z.strictObject({ at: z.string(), message: z.string() })).optional(),
  /** The message as it came, to be replayed; base64 when it is no UTF-8 text. */
  message: z.string(),
  encoding: z.enum(['utf-8', 'base64']),
  /** It was too large to be kept, and this is its beginning. */
  cut: z.literal(true).optional(),
});
export type DeadCommandData = z.infer<typeof deadCommandData>;

/** A CloudEvent that core-bank-api publishes. */
export interface OwnCloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly subject?: string;
  /** Id and source of the CloudEvent that caused this one. */
  readonly causationid?: string;
  readonly causationsource?: string;
  readonly data: CommandResultData | DeadCommandData;
}
