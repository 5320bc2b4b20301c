import { version, type TransferId, type Version } from './ids.ts';
import type { Past } from './account-commands.ts';
import * as names from './account-events.ts';
import type { AccountEvent, EventOf } from './account-events.ts';
import type { Minor } from './money.ts';
import type { OnceNames } from './stream-check.ts';

const NOTHING: Past = {};
/** It ended; when that was nobody needs to know here. */
const SETTLED = { settled: { version: version(0) } };

/** The name of a movement that a reversal takes back by a movement in this direction. */
export const movedName = (
  accountId: string,
  at: number,
  direction: 'credit' | 'debit',
  amount: Minor,
): string => `${accountId} moved ${at} ${direction} ${amount}`;

/**
 * What a retrial has to know of the past that no account holds any more: which movements may still
 * be reversed. Each is remembered as a name that says its amount, so one name for each event that
 * moved money is all that is kept, whatever `once` makes of a name.
 */
export function createMovementsPast(once: OnceNames) {
  const got = (accountId: string, id: TransferId, from: string, amount: Minor): string =>
    `${accountId} got ${id} from ${from} ${amount}`;

  /** What of an account's past is asked by the reversal of one of its own movements. */
  const reversalPast = (
    accountId: string,
    event: EventOf<'movement-reversed'>,
    last: Version,
  ): Past => {
    const { reverses, direction, amount, at } = event;
    const isDone = once.has(`${accountId} ${names.reversalName(reverses)}`);
    const settled = isDone ? SETTLED : NOTHING;
    if (reverses > last || reverses < 1) return settled;
    if (!once.has(movedName(accountId, reverses, direction, amount))) {
      // It is there, and is no such movement.
      return { ...settled, original: { type: 'account-unfrozen', at } };
    }
    const type = direction === 'debit' ? 'money-deposited' : 'money-withdrawn';
    return { ...settled, original: { type, at, amount } };
  };
  const returnPast = (
    accountId: string,
    id: TransferId,
    { otherAccountId, amount, at, transferId }: EventOf<'transfer-sent'>,
  ): Past => {
    const isDone = once.has(`${accountId} ${names.transferReversalName(id)}`);
    const settled = isDone ? SETTLED : NOTHING;
    const leg = { at, transferId, otherAccountId, amount };
    if (once.has(got(accountId, id, otherAccountId, amount))) {
      return { ...settled, original: { type: 'transfer-received', ...leg } };
    }
    const isKnown = once.has(`${accountId} ${names.transferName(id)}`);
    return isKnown ? { ...settled, original: { type: 'transfer-sent', ...leg } } : settled;
  };

  return {
    /** What the decision of this event had to ask of its account, which had this version. */
    of(accountId: string, event: AccountEvent, last: Version): Past {
      if (event.type === 'movement-reversed') return reversalPast(accountId, event, last);
      if (event.type !== 'transfer-sent' || event.reversesTransferId === undefined) return NOTHING;
      return returnPast(accountId, event.reversesTransferId, event);
    },
    remember(accountId: string, event: AccountEvent, at: Version): void {
      switch (event.type) {
        case 'money-deposited':
          once.add(movedName(accountId, at, 'debit', event.amount));
          return;
        case 'money-withdrawn':
        case 'hold-captured':
          once.add(movedName(accountId, at, 'credit', event.amount));
          return;
        case 'transfer-received':
          once.add(got(accountId, event.transferId, event.otherAccountId, event.amount));
          return;
        default:
          return;
      }
    },
  };
}
