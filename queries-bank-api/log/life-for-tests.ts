import { TESTER } from '../../contracts/access/sender-for-tests.ts';
import { encodeEvent, type LoggedEvent } from '../../contracts/account/events.ts';
import { evolve, NO_ACCOUNT, type Account } from '../../domain/account.ts';
import type { AccountEvent } from '../../domain/account-events.ts';
import type { Currency } from '../../domain/currency.ts';
import {
  commandId,
  holdId,
  ownerId,
  transferId,
  version,
  type AccountId,
} from '../../domain/ids.ts';
import { minor } from '../../domain/money.ts';
import type { AccountLog } from './account-log.ts';
import { idOf } from '../accounts/accounts-for-tests.ts';

export const ANNA = idOf(1);
export const BEN = idOf(2);
export const OWNER = '5a0d7c1e-0000-4000-8000-000000000001';
const HOLD = holdId('00000000-0000-8000-8000-000000000001');
const TRANSFER = transferId('00000000-0000-8000-8000-000000000002');

/** Without the time: a life says when. */
type Deed = AccountEvent extends infer Event
  ? Event extends AccountEvent
    ? Omit<Event, 'at'>
    : never
  : never;

/** The events of an account, encoded as the actor does it. */
export function lifeOf(
  deeds: readonly (readonly [at: string, deed: Deed])[],
  id: AccountId = ANNA,
): LoggedEvent[] {
  let account: Account = NO_ACCOUNT;
  return deeds.map(([at, deed], index) => {
    const event = { ...deed, at } as AccountEvent;
    const after = evolve(account, event);
    account = after;
    const cause = { commandId: commandId(`command-${index + 1}`), by: TESTER.by, commandHash: 'h' };
    return encodeEvent(id, event, after, cause);
  });
}

export const opened = (currency = 'CZK'): Deed => ({
  type: 'account-opened',
  ownerId: ownerId(OWNER),
  currency: currency as Currency,
  overdraftLimit: minor(50_00n),
});
export const deposited = (units: bigint, description?: string): Deed => ({
  type: 'money-deposited',
  amount: minor(units),
  ...(description === undefined ? {} : { description }),
});
export const withdrawn = (units: bigint): Deed => ({
  type: 'money-withdrawn',
  amount: minor(units),
});

/** Three days in October with all that can happen to money; 14 events, 6 of them movements. */
export const october = (currency = 'CZK'): LoggedEvent[] =>
  lifeOf([
    ['2026-10-01T09:00:00.000Z', opened(currency)],
    ['2026-10-01T09:00:00.000Z', deposited(1_000_00n, 'Výplata za září, Ř&D <oddělení>')],
    ['2026-10-01T23:59:59.999Z', withdrawn(100_00n)],
    ['2026-10-02T00:00:00.000Z', { type: 'hold-placed', holdId: HOLD, amount: minor(300_00n) }],
    [
      '2026-10-02T08:00:00.000Z',
      { type: 'hold-captured', holdId: HOLD, amount: minor(250_00n), released: minor(50_00n) },
    ],
    ['2026-10-02T08:30:00.000Z', { type: 'account-frozen', reason: 'card stolen' }],
    ['2026-10-02T08:31:00.000Z', { type: 'account-unfrozen' }],
    [
      '2026-10-02T09:00:00.000Z',
      {
        type: 'movement-reversed',
        reverses: version(3),
        direction: 'credit',
        amount: minor(100_00n),
      },
    ],
    ['2026-10-03T10:00:00.000Z', { ...transfer(40_00n), type: 'transfer-reserved' }],
    [
      '2026-10-03T10:00:00.010Z',
      { ...transfer(40_00n), type: 'transfer-captured', released: minor(0n) },
    ],
    [
      '2026-10-03T10:00:00.020Z',
      {
        ...transfer(7_00n),
        transferId: transferId('00000000-0000-8000-8000-000000000003'),
        type: 'transfer-received',
        description: '=HYPERLINK("http://x";"pay")',
      },
    ],
    ['2026-10-03T10:00:00.020Z', { type: 'limits-set', perDay: minor(5_000_00n) }],
    ['2026-10-03T10:00:00.020Z', { type: 'details-set', name: 'Everyday' }],
    ['2026-10-05T00:00:00.000Z', deposited(1n)],
  ]);

function transfer(units: bigint) {
  return { transferId: TRANSFER, otherAccountId: BEN, amount: minor(units) };
}

/** A log that holds these events, in the order of each account, in pages as the real one. */
export function logOf(events: readonly LoggedEvent[], pageEvents = 1_000): AccountLog {
  const entries = events.map((event) => ({ position: 65_536 * event.version + 1, event }));
  const streams = new Map<string, typeof entries>();
  for (const entry of entries) {
    const own = streams.get(entry.event.stream) ?? [];
    if (own.push(entry) === 1) streams.set(entry.event.stream, own);
  }
  const of = (id: AccountId) => streams.get(`acct/${id}`) ?? [];
  return {
    events: async (id, from, limit) => ({
      entries: of(id).slice(from - 1, from - 1 + Math.min(limit, pageEvents)),
      headVersion: of(id).length,
    }),
    until: async (id, timeMs) => ({
      entries: of(id)
        .filter(({ event }) => Date.parse(event.at) <= timeMs)
        .slice(-1),
      headVersion: of(id).length,
    }),
    read: async (id, versions) => versions.map((version) => of(id)[version - 1]!.event),
    latestVersions: async (ids) => ids.map((id) => of(id).length),
    refusals: async () => ({ entries: [], headVersion: 0 }),
  };
}
