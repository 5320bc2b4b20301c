import { createHash } from 'node:crypto';
import { accountOfStream, defined, movementOfLogged } from '../../contracts/account/events.ts';
import type { EventMember, LoggedEvent } from '../../contracts/account/events.ts';
import type { SignedStateDocument } from '../../contracts/log/receipts.ts';
import type {
  StatementAnswer,
  StatementEntry,
  TotalOfType,
} from '../../contracts/account/statements.ts';
import type { PositionedAccountEvent } from '../../contracts/log/topics.ts';
import { accountNumberOf } from '../../domain/account-number.ts';
import { dayIn } from '../../domain/calendar.ts';
import type { Currency } from '../../domain/currency.ts';
import { formatAmount, minor, readAmount, ZERO, type Minor } from '../../domain/money.ts';

/** The events of an account that a statement is made of. */
export interface StatementSource {
  readonly opening: Extract<LoggedEvent, { type: 'account-opened' }>;
  /** The last event before the period; none when the account was opened later. */
  readonly before: PositionedAccountEvent | undefined;
  /** Those of the period, oldest first. */
  readonly events: readonly PositionedAccountEvent[];
  /** By version, at least those movements that events of the period take back. */
  readonly reversed: ReadonlyMap<number, LoggedEvent>;
  /** With which the period begins, where that was asked for instead of a time. */
  readonly fromVersion?: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly createdAtMs: number;
  /** Whether the log has an event after these. */
  readonly final: boolean;
}

/** The events contradict each other: whatever would be made of them is not to be believed. */
export class UnsoundStatement extends Error {}

interface Sum {
  readonly count: number;
  readonly units: Minor;
}
const NOTHING: Sum = { count: 0, units: ZERO };

/**
 * Makes the statement, and adds it up on the way: each event must follow the one before it in
 * version, time and balance, and opening + credits - debits must be closing.
 * @param timeZone IANA name; its days are those of the statement.
 */
export function statementOf(
  source: StatementSource,
  signedState: SignedStateDocument,
  timeZone = 'UTC',
): StatementAnswer {
  const { opening, before, events, fromMs, toMs } = source;
  const { currency, ownerId } = opening.data;
  const last = events.at(-1) ?? before;
  if (last === undefined) throw new UnsoundStatement('there is no event until the end');
  const check = follower(source);
  const entries: StatementEntry[] = [];
  let [credits, debits] = [NOTHING, NOTHING];
  for (const positioned of events) {
    const moved = check(positioned.event);
    if (moved === ZERO) continue;
    if (moved > ZERO) credits = add(credits, moved);
    else debits = add(debits, minor(-moved));
    entries.push(entryOf(positioned, moved, source.reversed, timeZone));
  }
  const openingLedger = ledgerOf(before?.event, currency);
  const closing = last.event.data.balance;
  if (openingLedger + credits.units - debits.units !== readAmount(closing.ledger, currency)) {
    throw new UnsoundStatement('opening + credits - debits is not closing');
  }
  const accountId = accountOfStream(opening.stream);
  const write = (units: Minor): string => formatAmount(units, currency);
  const content = {
    accountId,
    accountNumber: accountNumberOf(accountId) ?? '',
    ...(ownerId === undefined ? {} : { ownerId }),
    currency,
    timeZone,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    final: source.final,
    opening: { ledger: write(openingLedger), version: before?.event.version ?? 0 },
    credits: { count: credits.count, amount: write(credits.units) },
    debits: { count: debits.count, amount: write(debits.units) },
    totals: totalsOf(entries, currency),
    closing: { ...closing, version: last.event.version, at: last.event.at },
    entries,
    log: { eventId: last.event.id, position: last.position },
  };
  const createdAt = new Date(source.createdAtMs).toISOString();
  const log = { ...content.log, signedState };
  return { statementId: idOf(content), createdAt, ...content, log };
}

/** What movements of each type did, credits and debits apart. */
function totalsOf(entries: readonly StatementEntry[], currency: Currency): TotalOfType[] {
  const sums = new Map<string, Sum>();
  for (const { type, direction, amount } of entries) {
    const name = `${type} ${direction}`;
    sums.set(name, add(sums.get(name) ?? NOTHING, readAmount(amount, currency)));
  }
  return [...sums]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, sum]) => {
      const [type, direction] = name.split(' ') as [string, TotalOfType['direction']];
      return { type, direction, count: sum.count, amount: formatAmount(sum.units, currency) };
    });
}

const add = ({ count, units }: Sum, more: Minor): Sum => ({
  count: count + 1,
  units: minor(units + more),
});

const ledgerOf = (event: LoggedEvent | undefined, currency: Currency): Minor =>
  event === undefined ? ZERO : readAmount(event.data.balance.ledger, currency);

/** 32 hex digits: what camt.053 has room for, and more than chance can repeat. */
const idOf = (content: object): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32);

/** Takes the events in order, tells what each did to the ledger, and throws where one is wrong. */
function follower({ opening, before, fromVersion, fromMs, toMs }: StatementSource) {
  const { currency } = opening.data;
  const heldOf = (event: LoggedEvent | undefined): Minor =>
    event === undefined ? ZERO : readAmount(event.data.balance.held, currency);
  let last = before?.event;
  const isBefore = ({ version, at }: LoggedEvent): boolean =>
    fromVersion === undefined ? Date.parse(at) < fromMs : version === fromVersion - 1;
  if (last !== undefined && !isBefore(last)) {
    throw new UnsoundStatement(`${last.id} is not before the period`);
  }
  return (event: LoggedEvent): Minor => {
    const wrong = (what: string): UnsoundStatement => new UnsoundStatement(`${event.id} ${what}`);
    const version = (last?.version ?? 0) + 1;
    if (event.version !== version || event.stream !== opening.stream) {
      throw wrong(`stands where version ${version} of ${opening.stream} belongs`);
    }
    const time = Date.parse(event.at);
    if (time < fromMs || time >= toMs) throw wrong('lies outside of the period');
    if (last !== undefined && time < Date.parse(last.at)) throw wrong('is earlier than its past');
    if (event.data.currency !== currency) throw wrong(`is not in ${currency}`);
    const { ledger, held } = movementOfLogged(event);
    if (ledgerOf(last, currency) + ledger !== ledgerOf(event, currency)) {
      throw wrong(`leaves ${event.data.balance.ledger}, which does not follow`);
    }
    if (heldOf(last) + held !== heldOf(event)) {
      throw wrong(`leaves ${event.data.balance.held} held, which does not follow`);
    }
    last = event;
    return ledger;
  };
}

/** What entries tell as the event says it; each type of event has some of it. */
type EventMembers = Partial<Pick<StatementEntry, Extract<keyof StatementEntry, EventMember>>>;

function entryOf(
  { event, position }: PositionedAccountEvent,
  moved: Minor,
  reversed: StatementSource['reversed'],
  timeZone: string,
): StatementEntry {
  const { id, stream, version, type, at, commandId, causationId, data } = event;
  const { reason, holdId, transferId, otherAccountId, ...members } = data as EventMembers;
  const { reverses, reversesTransferId } = members;
  const date = dayIn(timeZone, Date.parse(at));
  // A reversal has no text of its own but its reason: who reads it looks for what it takes back.
  const original =
    reverses === undefined ? undefined : (reversed.get(reverses)?.data as EventMembers);
  const { description, reference } = { ...original, ...members };
  const accountId = accountOfStream(stream);
  const other = otherAccountId && accountNumberOf(accountOfStream(`acct/${otherAccountId}`));
  const entry = {
    version,
    type,
    at,
    date,
    valueDate: members.valueDate ?? date,
    direction: moved > ZERO ? ('credit' as const) : ('debit' as const),
    amount: formatAmount(moved > ZERO ? moved : minor(-moved), data.currency),
    balanceAfter: data.balance.ledger,
    description,
    reference,
    reason,
    holdId,
    transferId,
    otherAccountId,
    otherAccountNumber: other,
    reverses,
    reversesTransferId,
    commandId,
    causationId,
    eventId: id,
    position,
    receipt: `/v1/accounts/${accountId}/events/${version}/receipt`,
  } satisfies Record<keyof StatementEntry, unknown>;
  return defined(entry);
}
