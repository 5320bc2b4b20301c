import type { LoggedEvent } from '../contracts/events.ts';
import { accountIdOfSerial } from '../domain/account-number.ts';
import type { AccountId } from '../domain/ids.ts';

let serial = BigInt(Date.now());
export const newAccount = (): AccountId => accountIdOfSerial((serial += 1n));

export interface EventParts {
  readonly commandId?: string;
  readonly amount?: string;
  readonly description?: string;
}

/** A valid event of an account; each has its own command unless one is named. */
export function eventOf(id: AccountId, version: number, parts: EventParts = {}): LoggedEvent {
  const common = {
    id: `acct/${id}/${version}`,
    stream: `acct/${id}`,
    version,
    schema: 1 as const,
    commandId: parts.commandId ?? `command-${version}`,
    commandHash: 'k3mN0v5Yq1Zb7cXw2LrT9sUeHgJdFaPoIiKjQyVuBtM',
    at: '2026-11-21T10:00:00.000Z',
  };
  const total = (100 * version).toFixed(2);
  const balance = { ledger: total, held: '0.00', available: total };
  const currency = 'EUR' as LoggedEvent['data'] extends { currency: infer C } ? C : never;
  if (version === 1 && parts.amount === undefined) {
    const terms = { ownerId: 'jana-novakova', currency, overdraftLimit: '0.00' };
    return { ...common, type: 'account-opened', data: { ...terms, balance } } as LoggedEvent;
  }
  const { amount = '100.00', description } = parts;
  const remarks = description === undefined ? {} : { description };
  return { ...common, type: 'money-deposited', data: { amount, currency, balance, ...remarks } };
}

/** An event that settles a hold, which may stand in a stream once. */
export const voided = (id: AccountId, version: number, holdId: string): LoggedEvent => {
  const { data, ...envelope } = eventOf(id, version, { amount: '1.00' });
  return { ...envelope, type: 'hold-voided', data: { ...data, holdId } } as LoggedEvent;
};

/** Events `from` to `to` of an account. */
export const eventsOf = (id: AccountId, from: number, to: number): LoggedEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) => eventOf(id, from + index));

/** Small seeded generator (mulberry32), so that a failing run can be repeated. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}
