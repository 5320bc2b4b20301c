import { z } from 'zod';
import { clientText } from '../access/principal.ts';
import { canonicalJson } from '../canonical-json.ts';
import { eventDigest } from '../digest.ts';
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
  /** Who sends it: a compact JWS (RFC 7515) with `messageClaims`; without one it is refused. */
  signature: z.string().optional(),
  /** RFC 3339; Dapr writes it when the sender gave ttlInSeconds. */
  expiration: z.string().optional(),
});

export type CommandEvent = z.infer<typeof commandEvent>;

/** What the signature of a message says. */
export const messageClaims = z.strictObject({
  client: clientText,
  digest: z.string().length(43),
  /** Epoch seconds from which on it may not be executed any more, whatever the broker says. */
  exp: z.int().optional(),
});

/**
 * The digest of what a message says: SHA-256 (base64url) of the canonical JSON (RFC 8785) of its
 * id, source, type and data. What brokers and sidecars write into messages is not part of it.
 */
export const messageDigest = ({
  id,
  source,
  type,
  data,
}: Pick<CommandEvent, 'id' | 'source' | 'type' | 'data'>): string =>
  eventDigest(canonicalJson({ id, source, type, data }));

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
