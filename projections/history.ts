import { accountOfStream, defined, movementOfLogged } from '../contracts/events.ts';
import type { HistoryEntry } from '../contracts/read-models.ts';
import type { PositionedAccountEvent } from '../contracts/topics.ts';
import type { AccountId } from '../domain/ids.ts';
import { formatAmount, minor, ZERO, type Minor } from '../domain/money.ts';

export interface HistoryLine {
  readonly accountId: AccountId;
  readonly entry: HistoryEntry;
}

/** What lines of history may tell; each type of event has some of it. */
type Told = Partial<Omit<HistoryEntry, 'direction' | 'currency'>>;

const abs = (units: Minor): Minor => (units < ZERO ? minor(-units) : units);

/** The line that an event makes in the history of its account. */
export function historyLine({ event, position }: PositionedAccountEvent): HistoryLine {
  const { ledger } = movementOfLogged(event);
  const { currency, balance: balanceAfter, ...members } = event.data;
  const isOpening = event.type === 'account-opened';
  const told = (isOpening ? { metadata: event.data.metadata } : members) as Told;
  const { description, reference, metadata, reason } = told;
  const { holdId, expiresAt, transferId, otherAccountId, reverses, reversesTransferId } = told;
  // What is set aside moves no money yet, so its line shows how much it is about.
  const amount = ledger === ZERO ? told.amount : formatAmount(abs(ledger), currency);
  const entry = defined({
    version: event.version,
    type: event.type,
    direction: ledger > ZERO ? 'credit' : ledger < ZERO ? 'debit' : 'none',
    amount: amount ?? formatAmount(ZERO, currency),
    currency,
    balanceAfter,
    description,
    reference,
    metadata,
    reason,
    holdId,
    expiresAt,
    transferId,
    otherAccountId,
    reverses,
    reversesTransferId,
    commandId: event.commandId,
    eventId: event.id,
    at: event.at,
    position,
  } as const);
  return { accountId: accountOfStream(event.stream), entry };
}
