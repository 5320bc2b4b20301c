import { TESTER } from '../../contracts/access/sender-for-tests.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { currencyOf, type Currency } from '../../domain/currency.ts';
import { ownerId, type StreamId } from '../../domain/ids.ts';

let serial = BigInt(Date.now());
export const newAccount = (): StreamId => streamOf(accountIdOfSerial((serial += 1n)));

/** The person whose id is also an account's: only the kind of stream tells them apart. */
export const personLike = (account: StreamId): StreamId =>
  account.replace('acct/', 'person/') as StreamId;

/** The records of an account, whose id is that account's. */
export const refusalsLike = (account: StreamId): StreamId =>
  account.replace('acct/', 'refusal/') as StreamId;

export interface EventParts {
  readonly commandId?: string;
  readonly amount?: string;
  readonly description?: string;
  /** Of the event before it, when that is not what `eventOf` makes by default. */
  readonly prev?: string;
}

const nothing = { ledger: '0.00', held: '0.00', available: '0.00' };
const REFUSED = {
  command: { commandId: 'rent', type: 'withdraw' as const, amount: '9.00' },
  refusal: { code: 'insufficient-funds' as const, available: '0.00', shortfall: '9.00' },
  seen: {
    version: 1,
    status: 'open' as const,
    currency: currencyOf('EUR') as Currency,
    balance: nothing,
    overdraftLimit: '0.00',
    spentToday: '0.00',
  },
};

export const digestOf = (event: BankEvent): string => eventDigest(canonicalJson(event));

const defaults = new Map<string, string>();
const prevOf = (id: StreamId, version: number): string => {
  const key = `${id}/${version - 1}`;
  const digest = defaults.get(key) ?? digestOf(eventOf(id, version - 1));
  defaults.set(key, digest);
  return digest;
};

/** The same events, each naming the one of its stream that stands before it among them. */
export function linked(events: readonly BankEvent[]): BankEvent[] {
  const digests = new Map<string, string>();
  return events.map((event) => {
    const prev = digests.get(event.stream);
    const next = prev === undefined ? event : ({ ...event, prev } as BankEvent);
    digests.set(event.stream, digestOf(next));
    return next;
  });
}

/** The same events as what one command made of them. */
export const jointly = (events: readonly BankEvent[]): BankEvent[] =>
  linked(
    events.map((event) => {
      const joint = { id: events[0]!.id, events: events.length };
      return { ...event, joint } as BankEvent;
    }),
  );

/**
 * A valid event of a stream; each has its own command unless one is named, and follows the one
 * that is made like this for the version before.
 */
export function eventOf(id: StreamId, version: number, parts: EventParts = {}): BankEvent {
  const common = {
    id: `${id}/${version}`,
    stream: id,
    version,
    ...(version === 1 ? {} : { prev: parts.prev ?? prevOf(id, version) }),
    schema: 1 as const,
    commandId: parts.commandId ?? `command-${version}`,
    by: TESTER.by,
    commandHash: 'k3mN0v5Yq1Zb7cXw2LrT9sUeHgJdFaPoIiKjQyVuBtM',
    at: '2026-11-21T10:00:00.000Z',
  };
  if (id.startsWith('person/')) {
    const type = version === 1 ? 'person-registered' : 'person-address-changed';
    return { ...common, type, data: { sealed: 'c2VhbGVk'.repeat(8) } };
  }
  if (id.startsWith('refusal/')) return { ...common, type: 'command-refused', data: REFUSED };
  const total = (100 * (version - 1)).toFixed(2);
  const balance = { ledger: total, held: '0.00', available: total };
  const currency = currencyOf('EUR') as Currency;
  if (version === 1 && parts.amount === undefined) {
    const terms = { ownerId: ownerId('jana-novakova'), currency, overdraftLimit: '0.00' };
    return { ...common, type: 'account-opened', data: { ...terms, balance } };
  }
  const { amount = '100.00', description } = parts;
  const remarks = description === undefined ? {} : { description };
  return { ...common, type: 'money-deposited', data: { amount, currency, balance, ...remarks } };
}

/** An event that ends a hold, which may stand in a stream once. */
export const voided = (id: StreamId, version: number, holdId: string): BankEvent => {
  const { data, ...envelope } = eventOf(id, version, { amount: '1.00' });
  return { ...envelope, type: 'hold-voided', data: { ...data, holdId } } as BankEvent;
};

/** Events `from` to `to` of an account. */
export const eventsOf = (id: StreamId, from: number, to: number): BankEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) => eventOf(id, from + index));

/** So that a failing run can be repeated. */
export { seededRandom as randomOf } from '../../platform/seeded-random.ts';
