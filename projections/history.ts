import { accountOfStream, defined } from '../contracts/events.ts';
import type { HistoryEntry } from '../contracts/read-models.ts';
import type { PositionedAccountEvent } from '../contracts/topics.ts';
import type { AccountId } from '../domain/ids.ts';
import { formatAmount, minor, ZERO } from '../domain/money.ts';
import { movementOf } from './movement.ts';

export interface HistoryLine {
  readonly accountId: AccountId;
  readonly entry: HistoryEntry;
}

/** The line that an event makes in the history of its account. */
export function historyLine({ event, position }: PositionedAccountEvent): HistoryLine {
  const { ledger } = movementOf(event);
  const { currency, balance: balanceAfter, metadata } = event.data;
  const remarks = event.type === 'account-opened' ? undefined : event.data;
  const entry = defined({
    version: event.version,
    type: event.type,
    direction: ledger > ZERO ? 'credit' : ledger < ZERO ? 'debit' : 'none',
    amount: formatAmount(ledger < ZERO ? minor(-ledger) : ledger, currency),
    currency,
    balanceAfter,
    description: remarks?.description,
    reference: remarks?.reference,
    metadata,
    commandId: event.commandId,
    eventId: event.id,
    at: event.at,
    position,
  } as const);
  return { accountId: accountOfStream(event.stream), entry };
}
