import { TESTER } from '../../contracts/access/sender-for-tests.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { RefusalEvent } from '../../contracts/account/refusal-events.ts';
import type { AccountLog } from './account-log.ts';
import { accountOf, idOf } from '../accounts/accounts-for-tests.ts';
import { Unavailable } from '../read-models/read-models.ts';

/** The event that made this version: an account that gets 1.00 with every one after the first. */
export function eventOf(index: number, version: number): LoggedEvent {
  const { balance, currency, at, ownerId, overdraftLimit } = accountOf(index, version);
  const stream = `acct/${idOf(index)}`;
  const envelope = {
    id: `${stream}/${version}`,
    stream,
    version,
    at,
    schema: 1,
    commandId: `command-${version}`,
    by: TESTER.by,
    commandHash: 'h',
  };
  const opened = { ownerId, currency, overdraftLimit, balance };
  return (
    version === 1
      ? { ...envelope, type: 'account-opened', data: opened }
      : { ...envelope, type: 'money-deposited', data: { amount: '1.00', currency, balance } }
  ) as LoggedEvent;
}

/** The record of a refused withdrawal. */
export function refusalOf(index: number, version: number): RefusalEvent {
  const { balance, currency, overdraftLimit } = accountOf(index, 1);
  const stream = `refusal/${idOf(index)}`;
  const seen = { version: 1, status: 'open', currency, balance, overdraftLimit };
  return {
    id: `${stream}/${version}`,
    stream,
    version,
    type: 'command-refused',
    schema: 1,
    at: '2026-11-21T10:00:00.000Z',
    commandId: `refusal ${idOf(version)}`,
    by: TESTER.by,
    commandHash: 'h',
    data: {
      command: { commandId: `refused-${version}`, type: 'withdraw', amount: '9.00' },
      refusal: { code: 'insufficient-funds', available: '1.00', shortfall: '8.00' },
      seen: { ...seen, spentToday: '0.00' },
    },
  } as RefusalEvent;
}

/** A log that grows and goes away as a test says. */
export function logForTests(lastVersions: ReadonlyMap<number, number> = new Map()) {
  const versions = new Map([...lastVersions].map(([index, last]) => [idOf(index) as string, last]));
  const indexes = new Map([...lastVersions.keys()].map((index) => [idOf(index) as string, index]));
  const state = { away: false, calls: { events: 0, latestVersions: 0 } };
  const refused = new Map<string, number>();
  const log: AccountLog = {
    async events(id, fromVersion, limit) {
      state.calls.events += 1;
      await new Promise((resolve) => setImmediate(resolve));
      if (state.away) throw new Unavailable('away');
      const headVersion = versions.get(id) ?? 0;
      const count = Math.max(0, Math.min(limit, headVersion - fromVersion + 1));
      const entries = Array.from({ length: count }, (_, at) => {
        const version = fromVersion + at;
        return { position: 65_536 * version, event: eventOf(indexes.get(id) ?? 0, version) };
      });
      return { entries, headVersion };
    },
    async refusals(id, from, limit) {
      if (state.away) throw new Unavailable('away');
      const headVersion = refused.get(id) ?? 0;
      // Never more than two at once: a page of the log may be shorter than was asked for.
      const count = Math.max(0, Math.min(limit, 2, headVersion - from + 1));
      const entries = Array.from({ length: count }, (_, at) => ({
        position: 65_536 * (from + at) + 1,
        event: refusalOf(indexes.get(id) ?? 0, from + at),
      }));
      return { entries, headVersion };
    },
    async until(id, timeMs) {
      state.calls.events += 1;
      await new Promise((resolve) => setImmediate(resolve));
      if (state.away) throw new Unavailable('away');
      const headVersion = versions.get(id) ?? 0;
      const index = indexes.get(id) ?? 0;
      const entries = Array.from({ length: headVersion }, (_, at) => ({
        position: 65_536 * (at + 1),
        event: eventOf(index, at + 1),
      }));
      const past = entries.filter(({ event }) => Date.parse(event.at) <= timeMs);
      return { entries: past.slice(-1), headVersion };
    },
    async read(id, asked) {
      if (state.away) throw new Unavailable('away');
      return asked.map((version) => eventOf(indexes.get(id) ?? 0, version));
    },
    async latestVersions(ids) {
      state.calls.latestVersions += 1;
      await new Promise((resolve) => setImmediate(resolve));
      if (state.away) throw new Unavailable('away');
      return ids.map((id) => versions.get(id) ?? 0);
    },
  };
  const grow = (index: number, by = 1): void => {
    const id = idOf(index);
    indexes.set(id, index);
    versions.set(id, (versions.get(id) ?? 0) + by);
  };
  const refuse = (index: number, count: number): void => {
    refused.set(idOf(index), count);
  };
  return { log, state, grow, refuse };
}
