import { version, type TransferId, type Version } from './ids.ts';
import type { Past } from './account-commands.ts';
import * as names from './account-events.ts';
import type { AccountEvent, EventOf } from './account-events.ts';
import type { Minor } from './money.ts';
import type { OnceNames } from './stream-check.ts';

const NOTHING: Past = {};
/** It ended; when that was nobody needs to know here. */
const SETTLED = { settled: { version: version(0) } };

/** Which way money goes when the movement is taken back. */
type Back = EventOf<'movement-reversed'>['direction'];

/**
 * What a retrial has to know of the past that no account holds any more: which movements may still
 * be reversed. Of an account's own that is a number for each of its versions, in the order of the
 * versions: the amount, below zero when its reversal is a debit. Of what was received by a
 * transfer it is a name that says the amount, and so it is of amounts beyond 2^53.
 */
export function createMovementsPast(once: OnceNames) {
  const movements = new Map<string, number[]>();
  const largeName = (accountId: string, at: number, back: Back, amount: Minor): string =>
    `${accountId} moved ${at} ${back} ${amount}`;
  const isMoved = (accountId: string, at: number, back: Back, amount: Minor): boolean => {
    const units = Number(amount);
    if (!Number.isSafeInteger(units)) return once.has(largeName(accountId, at, back, amount));
    return units > 0 && movements.get(accountId)?.[at - 1] === (back === 'debit' ? -units : units);
  };
  const remember = (accountId: string, at: number, back?: Back, amount?: Minor): void => {
    const own = movements.get(accountId);
    const units = Number(amount ?? 0n);
    const isLarge = !Number.isSafeInteger(units);
    if (isLarge) once.add(largeName(accountId, at, back!, amount!));
    const entry = isLarge ? 0 : back === 'debit' ? -units : units;
    if (own === undefined) movements.set(accountId, [entry]);
    else own.push(entry);
  };
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
    if (!isMoved(accountId, reverses, direction, amount)) {
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
    /** Whether a reversal of the version moves this amount back, in this direction. */
    isMoved,
    /** Takes each event of the account, in order. */
    remember(accountId: string, event: AccountEvent, at: Version): void {
      switch (event.type) {
        case 'money-deposited':
          remember(accountId, at, 'debit', event.amount);
          return;
        case 'money-withdrawn':
        case 'hold-captured':
          remember(accountId, at, 'credit', event.amount);
          return;
        case 'transfer-received':
          once.add(got(accountId, event.transferId, event.otherAccountId, event.amount));
      }
      remember(accountId, at);
    },
  };
}
