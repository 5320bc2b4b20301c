import { z } from 'zod';
import { streamIdText } from '../contracts/bank-events.ts';
import { streamOf } from '../contracts/events.ts';
import { accountIdText } from '../contracts/texts.ts';
import type { StreamId } from '../domain/ids.ts';

export const rowKey = (stream: StreamId, commit: number): string =>
  `${stream.replace('/', '.')}.${commit}`;
// The heads of accounts were named before there were other streams.
export const headKey = (stream: StreamId): string =>
  `head.${stream.replace(/^acct\//, '').replace('/', '.')}`;
/** Never in a row: a row stays, and is in every copy of the journal. */
export const secretKey = (stream: StreamId): string => `secret.${stream.replace('/', '.')}`;
export const secretValue = z.strictObject({ key: z.string().min(1) });
/** Of the journal as a whole. */
export const MARK_KEY = 'mark';
export const slotValue = z.union([
  z.strictObject({ streams: z.array(streamIdText) }),
  // What was written when accounts were all there was.
  z
    .strictObject({ accountIds: z.array(accountIdText) })
    .transform(({ accountIds }) => ({ streams: accountIds.map(streamOf) })),
]);
