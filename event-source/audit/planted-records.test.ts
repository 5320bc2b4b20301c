import { testName } from '../../contracts/access/sender-for-tests.ts';
import { transferIdFor } from '../../contracts/derived-ids.ts';
import type { RefusalEvent } from '../../contracts/account/refusal-events.ts';
import type { Currency } from '../../domain/currency.ts';
import { version } from '../../domain/ids.ts';
import { minor } from '../../domain/money.ts';
import { REFUSALS_PER_DAY_MAX } from '../../domain/refusal-record.ts';
import { plantedLog } from './planted-log-for-tests.ts';

type Refused = RefusalEvent['data']['refusal'];

/** An account with 100.00 CZK that records refusals, and another one. */
function house() {
  const bank = plantedLog();
  const [a, b] = [bank.account(1), bank.account(2)];
  bank.open(a, 10_000n, { recordRefusals: true });
  bank.open(b, 10_000n, { currency: 'EUR' as Currency });
  bank.pass(1);
  const short: Refused = { code: 'insufficient-funds', available: '100.00', shortfall: '1.00' };
  const withdrawal = { type: 'withdraw', amount: '101.00' };
  return { bank, a, b, short, withdrawal };
}
const inSeen =
  (change: object) =>
  (event: RefusalEvent): object => ({
    ...event,
    data: { ...event.data, seen: { ...event.data.seen, ...change } },
  });

test('records of what the rules refuse are sound', () => {
  const { bank, a, b, short, withdrawal } = house();
  expect(bank.record(a, withdrawal, short)).toEqual([]);
  bank.give(a, { type: 'withdraw', amount: minor(5_000n) });
  const gone = bank.hold(a, 100n);
  bank.give(a, { type: 'void-hold', holdId: gone });
  const [id, amount] = [transferIdFor(a, testName(bank.key())), '1.00'];
  const cases: [object, Refused][] = [
    [{ type: 'reverse', version: 99 }, { code: 'event-not-found' }],
    [
      { type: 'reverse', version: 1 },
      { code: 'not-reversible', eventType: 'account-opened' },
    ],
    [
      { type: 'reverse', version: 2 },
      { code: 'insufficient-funds', available: '50.00', shortfall: '50.00' },
    ],
    [{ type: 'close' }, { code: 'balance-not-zero', ledger: '50.00', held: '0.00' }],
    [{ type: 'unfreeze' }, { code: 'account-not-frozen' }],
    [
      { type: 'void-hold', holdId: gone },
      { code: 'hold-already-resolved', version: 5 },
    ],
    [
      { type: 'send-transfer', transferId: id, toAccountId: b, amount },
      { code: 'currency-mismatch', currency: 'EUR' },
    ],
    [{ type: 'void-transfer', transferId: id }, { code: 'transfer-not-found' }],
  ];
  for (const [command, refusal] of cases) expect(bank.record(a, command, refusal)).toEqual([]);
  expect(bank.books.books().verdict).toBe('balanced');
});

type House = ReturnType<typeof house>;
type Plant = (built: House) => string[];
const WRONG: readonly (readonly [string, Plant, RegExp])[] = [
  [
    'a command that the rules grant',
    ({ bank, a }) =>
      bank.record(
        a,
        { type: 'withdraw', amount: '100.00' },
        { code: 'insufficient-funds', available: '100.00', shortfall: '0.00' },
      ),
    /the rules do not refuse it \(insufficient-funds\)/,
  ],
  [
    'another reason',
    ({ bank, a, withdrawal }) => bank.record(a, withdrawal, { code: 'account-frozen' }),
    /the rules say insufficient-funds, not account-frozen/,
  ],
  [
    'another shortfall',
    ({ bank, a, short, withdrawal }) =>
      bank.record(a, withdrawal, { ...short, shortfall: '2.00' } as Refused),
    /the rules say another shortfall/,
  ],
  [
    'another balance',
    ({ bank, a, short, withdrawal }) => {
      const balance = { ledger: '90.00', held: '0.00', available: '90.00' };
      return bank.record(a, withdrawal, short, inSeen({ balance }));
    },
    /it saw another balance/,
  ],
  [
    'another status',
    ({ bank, a, withdrawal }) =>
      bank.record(a, withdrawal, { code: 'account-frozen' }, inSeen({ status: 'frozen' })),
    /it saw another status/,
  ],
  [
    'more spent than was',
    ({ bank, a, short, withdrawal }) =>
      bank.record(a, withdrawal, short, inSeen({ spentToday: '7.00' })),
    /it saw another spentToday/,
  ],
  [
    'an account that does not want records',
    ({ bank, b, withdrawal, short }) => bank.record(b, withdrawal, short),
    /did not record refusals/,
  ],
  [
    'a refusal that is by no rule of the bank',
    ({ bank, a, withdrawal }) => bank.record(a, withdrawal, { code: 'account-not-found' }),
    /no such refusal is recorded/,
  ],
  [
    'a hold that ended, and did not',
    ({ bank, a }) => {
      const holdId = bank.hold(a, 100n);
      return bank.record(
        a,
        { type: 'void-hold', holdId },
        { code: 'hold-already-resolved', version: 9 },
      );
    },
    /the rules do not refuse it/,
  ],
  [
    'a movement that can be reversed',
    ({ bank, a }) => bank.record(a, { type: 'reverse', version: 2 }, { code: 'event-not-found' }),
    /the rules do not refuse it/,
  ],
  [
    'an older version, at which the account stood otherwise',
    ({ bank, a, short, withdrawal }) => {
      bank.give(a, { type: 'deposit', amount: minor(100n) });
      return bank.record(a, withdrawal, short, inSeen({ version: 2 }));
    },
    /never stood so at version 2/,
  ],
  [
    'what was undone after it, and shows no reason',
    ({ bank, a, withdrawal }) =>
      bank.record(a, withdrawal, { code: 'account-frozen' }, inSeen({ undone: 1 })),
    /the rules say insufficient-funds, not account-frozen/,
  ],
  [
    'a time before the last one',
    ({ bank, a, short, withdrawal }) => {
      bank.record(a, withdrawal, short);
      return bank.record(a, withdrawal, short, (event) => ({
        ...event,
        at: '2025-01-01T00:00:00.000Z',
      }));
    },
    /time-order/,
  ],
  [
    'the last of its day, and is not',
    ({ bank, a, short, withdrawal }) =>
      bank.record(a, withdrawal, short, (event) => ({
        ...event,
        data: { ...event.data, dayIsFull: true },
      })),
    /record 1 of its day/,
  ],
  [
    'an amount of no currency',
    ({ bank, a, short }) => bank.record(a, { type: 'withdraw', amount: '101.001' }, short),
    /of no such command/,
  ],
];
test.each(WRONG)('given a record of %s, it is found', (_what, plant, sentence) => {
  const built = house();
  expect(plant(built).join('\n')).toMatch(sentence);
  expect(built.bank.books.books().verdict).toBe('violated');
});

test('given more records of a day than may be, the first one too many is found', () => {
  const { bank, a, short, withdrawal } = house();
  const full = (event: RefusalEvent): object =>
    event.version === REFUSALS_PER_DAY_MAX
      ? { ...event, data: { ...event.data, dayIsFull: true } }
      : event;
  for (let count = 0; count < REFUSALS_PER_DAY_MAX; count += 1) {
    expect(bank.record(a, withdrawal, short, full)).toEqual([]);
  }
  expect(bank.record(a, withdrawal, short)).toEqual([
    expect.stringMatching(/record 1001 of its day, of 1000 at most/),
  ]);
});

describe('given streams that come into the log in another order', () => {
  test('a record before what it saw waits for it', () => {
    for (const isRight of [true, false]) {
      const { bank, a, short, withdrawal } = house();
      const balance = { ledger: '99.00', held: '0.00', available: '99.00' };
      const refusal = {
        ...short,
        available: '99.00',
        shortfall: isRight ? '2.00' : '3.00',
      } as Refused;
      const seen = { version: version(3), balance };
      expect(bank.record(a, withdrawal, refusal, inSeen({ ...seen, spentToday: '1.00' }))).toEqual(
        [],
      );
      const event = { type: 'money-withdrawn', at: bank.at(), amount: minor(100n) } as const;
      const found = bank.plant({ id: a, event });
      if (isRight) expect(found).toEqual([]);
      else expect(found).toEqual([expect.stringMatching(/refusal.*another shortfall/)]);
    }
  });
  test('a record after more of its account is compared with what was', () => {
    const { bank, a, short, withdrawal } = house();
    const seen = bank.seen(a);
    bank.give(a, { type: 'deposit', amount: minor(100n) });
    expect(bank.record(a, withdrawal, short, inSeen(seen))).toEqual([]);
  });
  test('what never comes is reported once it is late', () => {
    const { bank, a, short, withdrawal } = house();
    expect(bank.record(a, withdrawal, short, inSeen({ version: 9 }))).toEqual([]);
    bank.pass(11);
    const late = bank.append([]);
    expect(late.some((one) => one.includes('saw version 9'))).toBe(false);
    expect(bank.books.overdue(bank.at())).toEqual([
      expect.objectContaining({
        kind: 'incomplete',
        detail: expect.stringMatching(/saw version 9/),
      }),
    ]);
    expect(bank.books.overdue(bank.at())).toEqual([]);
  });
});

test('an event of the records that is no record is none of the log', () => {
  const { bank, a, short, withdrawal } = house();
  const found = bank.record(a, withdrawal, short, (event) => ({
    ...event,
    data: { ...event.data, note: 'x' },
  }));
  expect(found[0]).toMatch(/is no event of it/);
});
