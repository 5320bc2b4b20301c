import { z } from 'zod';
import { balanceSchema } from './balances.ts';
import { timeText } from './history-filters.ts';
import { minVersion, versionText } from './query-params.ts';
import { positionNumber } from './topics.ts';

export const balanceQuery = z.strictObject({
  minVersion,
  // Events have whole milliseconds, so what of the time is finer changes nothing.
  at: timeText(
    'the balance at this time, from the log (RFC 3339; "+" in a query is written %2B)',
    Date.parse,
  ),
  version: versionText('the balance that this version of the account left, from the log'),
});

export const balanceAnswer = z.strictObject({
  accountId: z.string(),
  currency: z.string(),
  version: z.int().min(1),
  /** Time of the event that made this version. */
  at: z.string(),
  ...balanceSchema.shape,
  /** Of a past balance: where that event stands in the log. */
  position: positionNumber.optional(),
  /** Of a past balance: whether nothing can be added any more before the time asked for. */
  final: z.boolean().optional(),
});
export type BalanceAnswer = z.infer<typeof balanceAnswer>;

export const PAST_BALANCE = [
  'Without "at" and "version": the newest balance that the read side has. With one of them: the',
  'balance at that point, read from the immutable log. "at" is the clock of the account (the "at"',
  'of its events, which never goes back); an event of exactly that time counts. "final" says that',
  'the log holds a later event, so this answer is the same for ever; when it is false, something',
  'that was decided by that time may still be on its way to the log. A version that the log does',
  'not have yet is waited for, up to 2 s.',
].join(' ');
