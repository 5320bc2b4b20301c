import { accountOfStream, defined, movementOfLogged } from '../../contracts/account/events.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { HistoryEntry } from '../../contracts/account/read-models.ts';
import type { PositionedAccountEvent } from '../../contracts/log/topics.ts';
import { formatAmount, minor, ZERO, type Minor } from '../../domain/money.ts';
import type { HistoryLine } from '../read-store/read-store.ts';

type Members<Event> = Event extends LoggedEvent ? keyof Event['data'] : never;

/** Which members of events a line shows as they are. A new member compiles only with a place. */
const SHOWN = {
  ...{ description: true, reference: true, metadata: true, reason: true },
  ...{ holdId: true, expiresAt: true, reverses: true },
  ...{ transferId: true, otherAccountId: true, reversesTransferId: true },
  // These are shown in another form.
  ...{ amount: false, currency: false, balance: false, direction: false },
  // The balance and the account tell of these.
  ...{ released: false, overdraftLimit: false, perWithdrawal: false, perDay: false },
  ...{ ownerId: false, name: false, recordRefusals: false },
} as const satisfies Record<Members<LoggedEvent>, boolean>;
type Shown = { [Name in keyof typeof SHOWN]: (typeof SHOWN)[Name] extends true ? Name : never };
type Told = Partial<Pick<HistoryEntry, Shown[keyof Shown]>>;

function toldBy({ data }: LoggedEvent): Told {
  const members = Object.entries(data).filter(([name]) => SHOWN[name as keyof typeof SHOWN]);
  return Object.fromEntries(members) as Told;
}

const abs = (units: Minor): Minor => (units < ZERO ? minor(-units) : units);

/** The line that an event makes in the history of its account. */
export function historyLine({ event, position }: PositionedAccountEvent): HistoryLine {
  const { ledger } = movementOfLogged(event);
  const { currency, balance: balanceAfter } = event.data;
  // What is set aside moves no money yet, so its line shows how much it is about.
  const about = 'amount' in event.data ? event.data.amount : formatAmount(ZERO, currency);
  const entry = defined({
    version: event.version,
    type: event.type,
    direction: ledger > ZERO ? 'credit' : ledger < ZERO ? 'debit' : 'none',
    amount: ledger === ZERO ? about : formatAmount(abs(ledger), currency),
    currency,
    balanceAfter,
    ...toldBy(event),
    commandId: event.commandId,
    causationId: event.causationId,
    eventId: event.id,
    at: event.at,
    position,
  } as const);
  return { accountId: accountOfStream(event.stream), entry };
}
