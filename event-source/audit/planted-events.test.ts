import { TESTER, testName } from '../../contracts/access/sender-for-tests.ts';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { holdIdFor, transferIdFor } from '../../contracts/derived-ids.ts';
import type { Refusal } from '../../domain/account-commands.ts';
import { transferName, type AccountEvent } from '../../domain/account-events.ts';
import type { Currency } from '../../domain/currency.ts';
import { HOLDS_OPEN_MAX } from '../../domain/hold-decisions.ts';
import { holdId, personId, version, type AccountId, type TransferId } from '../../domain/ids.ts';
import type { InvariantName } from '../../domain/invariants.ts';
import { minor, ZERO } from '../../domain/money.ts';
import type { PersonEvent, PersonRefusal } from '../../domain/person.ts';
import { TRANSFERS_PENDING_MAX } from '../../domain/transfer-decisions.ts';
import { plantedLog, type Planted, type PlantedLog } from './planted-log-for-tests.ts';

const DAY_MINUTES = 1_440;

/** A bank with 1,000.00 CZK on A, 500.00 on B, and C in euros. */
function house() {
  const bank = plantedLog();
  const [a, b, c] = [bank.account(1), bank.account(2), bank.account(3)];
  bank.open(a, 100_000n);
  bank.open(b, 50_000n);
  bank.open(c, 50_000n, { currency: 'EUR' as Currency });
  bank.pass(1);
  const event = (type: string, more: object = {}): AccountEvent =>
    ({ type, at: bank.at(), ...more }) as unknown as AccountEvent;
  const money = (type: string, amount: bigint, more: object = {}): AccountEvent =>
    event(type, { amount: minor(amount), ...more });
  /** One event of A. */
  const onA = (one: AccountEvent, more: Partial<Planted> = {}): string[] =>
    bank.plant({ id: a, event: one, ...more });
  /** Two legs, of which the second is as the first says if nothing else is said. */
  const legs = (from: AccountId, to: AccountId, amount: bigint, more: object = {}): string[] => {
    const by = bank.key();
    const common = { transferId: transferIdFor(from, testName(by)), amount: minor(amount) };
    const { type = 'transfer-sent', received = {}, ...own } = more as Record<string, object>;
    const source = event(type as unknown as string, { ...common, otherAccountId: to, ...own });
    const { transferId } = source as { transferId: TransferId } & AccountEvent;
    const { released: _released, ...shared } = own;
    const there = { ...common, ...shared, otherAccountId: from, ...received };
    return bank.plant(
      { id: from, event: source, by },
      { id: to, event: event('transfer-received', there), by: transferName(transferId) },
    );
  };
  return { bank, a, b, c, event, money, onA, legs };
}
type House = ReturnType<typeof house>;
/** Plants a wrong event in a sound log, and gives what the audit finds. */
type Plant = (house: House) => string[];

const OTHER = 'another-client somebody teller single-factor';
const withBy = (by: string | undefined) => (event: BankEvent) => ({ ...event, by });
const SOME_HOLD = holdId('11111111-1111-8111-8111-111111111111');
const inSameMinute = (bank: PlantedLog): string =>
  new Date(Date.parse(bank.at()) + 1).toISOString();
const reversal = ({ money, onA }: House, reverses: number, amount: bigint, direction = 'credit') =>
  onA(money('movement-reversed', amount, { reverses: version(reverses), direction }));

/** Each rule of the domain, and an event that only this rule forbids. */
const BY_REFUSAL: Readonly<Record<Refusal['code'] | PersonRefusal['code'], Plant>> = {
  'account-not-found': ({ bank, money }) =>
    bank.plant({ id: bank.account(9), event: money('money-deposited', 1n) }),
  'account-already-exists': ({ event, onA }) =>
    onA(event('account-opened', { ownerId: 'jana', currency: 'CZK', overdraftLimit: ZERO })),
  'account-frozen': ({ bank, a, money, onA }) => {
    bank.give(a, { type: 'freeze' });
    return onA(money('money-withdrawn', 500n));
  },
  'account-not-frozen': ({ event, onA }) => onA(event('account-unfrozen')),
  'account-closed': ({ bank, a, money, onA }) => {
    bank.give(a, { type: 'withdraw', amount: minor(100_000n) });
    bank.give(a, { type: 'close' });
    return onA(money('money-deposited', 100n));
  },
  'account-blocked': ({ bank, a, money, onA }) => {
    bank.give(a, { type: 'block', direction: 'debit' });
    return onA(money('money-withdrawn', 500n));
  },
  'account-not-blocked': ({ event, onA }) => onA(event('account-unblocked', { blocked: 'debit' })),
  'balance-not-zero': ({ event, onA }) => onA(event('account-closed')),
  'insufficient-funds': ({ money, onA }) => onA(money('money-withdrawn', 100_001n)),
  'limit-exceeded': ({ bank, a, money, onA }) => {
    bank.give(a, { type: 'set-limits', perWithdrawal: minor(1_000n), perDay: minor(2_000n) });
    return onA(money('money-withdrawn', 1_001n));
  },
  'too-many-open': ({ bank, a, money, onA }) => {
    for (let open = 0; open < HOLDS_OPEN_MAX; open += 1) bank.hold(a, 1n);
    return onA(money('hold-placed', 1n, { holdId: SOME_HOLD }));
  },
  'hold-not-found': ({ money, onA }) => onA(money('hold-voided', 1n, { holdId: SOME_HOLD })),
  'hold-already-resolved': ({ bank, a, money, onA }) => {
    const id = bank.hold(a, 1_000n);
    bank.give(a, { type: 'void-hold', holdId: id });
    return onA(money('hold-voided', 1_000n, { holdId: id }));
  },
  'hold-amount-exceeded': ({ bank, a, money, onA }) => {
    const id = bank.hold(a, 1_000n);
    const above = { released: ZERO, aboveHold: minor(8_000n) };
    return onA(money('hold-captured', 9_000n, { holdId: id, ...above }));
  },
  'hold-not-due': ({ bank, a, money, onA }) => {
    const id = bank.hold(a, 1_000n, { expiresAt: '2026-03-02T00:00:00Z' });
    return onA(money('hold-expired', 1_000n, { holdId: id }), { by: `expire ${id}` });
  },
  'hold-expired': ({ bank, a, event, onA }) => {
    const id = bank.hold(a, 1_000n, { expiresAt: '2026-03-02T00:00:00Z' });
    bank.pass(DAY_MINUTES);
    const captured = { holdId: id, amount: minor(1_000n), released: ZERO };
    return onA(event('hold-captured', { ...captured, at: bank.at() }));
  },
  'event-not-found': (house) => reversal(house, 77, 100n),
  'not-reversible': (house) => reversal(house, 1, 90_000n),
  'already-reversed': (house) => {
    house.bank.give(house.a, { type: 'withdraw', amount: minor(500n) });
    expect(reversal(house, 3, 500n)).toEqual([]);
    return reversal(house, 3, 500n);
  },
  'reversal-amount-exceeded': (house) => {
    house.bank.give(house.a, { type: 'withdraw', amount: minor(500n) });
    const part = { reverses: version(3), direction: 'credit', left: minor(300n) };
    expect(house.onA(house.money('movement-reversed', 200n, part))).toEqual([]);
    return reversal(house, 3, 301n);
  },
  'currency-mismatch': ({ a, c, legs }) => legs(a, c, 100n),
  'same-account': ({ a, legs }) => legs(a, a, 100n),
  'transfer-not-found': ({ a, b, legs }) =>
    legs(a, b, 100n, { reversesTransferId: transferIdFor(b, testName('never')) }),
  'transfer-already-ended': ({ bank, a, b, money, onA }) => {
    const transferId = bank.begin('reserve-transfer', [a, b], 1_000n);
    bank.transfer(a, { type: 'void-transfer', transferId });
    const terms = { transferId, otherAccountId: b, reason: 'voided' };
    return onA(money('transfer-released', 1_000n, terms));
  },
  'transfer-amount-exceeded': ({ bank, a, b, legs }) => {
    const transferId = bank.begin('reserve-transfer', [a, b], 1_000n);
    return legs(a, b, 9_000n, { type: 'transfer-captured', transferId, released: ZERO });
  },
  'transfer-expired': ({ bank, a, b, legs }) => {
    const more = { expiresAt: '2026-03-02T00:00:00Z' };
    const transferId = bank.begin('reserve-transfer', [a, b], 1_000n, more);
    bank.pass(DAY_MINUTES);
    const terms = { type: 'transfer-captured', transferId, released: ZERO, at: bank.at() };
    return legs(a, b, 1_000n, terms);
  },
  'transfer-not-due': ({ bank, a, b, money, onA }) => {
    const more = { expiresAt: '2026-03-02T00:00:00Z' };
    const transferId = bank.begin('reserve-transfer', [a, b], 1_000n, more);
    const terms = { transferId, otherAccountId: b, reason: 'expired' };
    return onA(money('transfer-released', 1_000n, terms), { by: `expire ${transferId}` });
  },
  'invalid-request': ({ money, onA }) =>
    onA(money('hold-placed', 1n, { holdId: SOME_HOLD, expiresAt: '2026-01-01T00:00:00Z' })),
  'person-not-found': ({ bank }) => bank.person(personId(bank.account(5)), 'person-erased'),
  'person-already-exists': ({ bank }) => {
    const jana = personId(bank.account(5));
    expect(bank.person(jana, 'person-registered')).toEqual([]);
    return bank.person(jana, 'person-registered');
  },
  'person-erased': ({ bank }) => {
    const jana = personId(bank.account(5));
    expect(bank.person(jana, 'person-registered')).toEqual([]);
    expect(bank.person(jana, 'person-erased')).toEqual([]);
    return bank.person(jana, 'person-address-changed');
  },
};
/** What cannot even be replayed is reported in other words. */
const CANNOT_FOLLOW = new Set<string>([
  'account-not-found',
  'account-already-exists',
  'hold-not-found',
  'hold-already-resolved',
  'transfer-already-ended',
  'person-not-found',
  'person-already-exists',
  'person-erased',
]);

test.each(Object.entries(BY_REFUSAL))('an event that the rules refuse: %s', (code, plant) => {
  const built = house();
  const found = plant(built);
  const sentence = CANNOT_FOLLOW.has(code)
    ? 'cannot follow'
    : `rules: the rules refuse it (${code})`;
  expect(found).toContainEqual(expect.stringContaining(sentence));
  expect(built.bank.books.books().verdict).toBe('violated');
});

/** Of each type an event that the rules decide otherwise. */
const BY_TYPE: Readonly<Record<AccountEvent['type'] | PersonEvent['type'], Plant>> = {
  'account-opened': ({ bank, event }) => {
    const terms = { ownerId: 'jana', currency: 'CZK', overdraftLimit: minor(-1n) };
    return bank.plant({ id: bank.account(9), event: event('account-opened', terms) });
  },
  'account-frozen': ({ bank, a, event, onA }) => {
    bank.give(a, { type: 'freeze' });
    return onA(event('account-frozen'));
  },
  'account-unfrozen': BY_REFUSAL['account-not-frozen'],
  'account-closed': ({ bank, a, event, onA }) => {
    bank.hold(a, 100n);
    return onA(event('account-closed'));
  },
  'account-blocked': ({ bank, a, event, onA }) => {
    bank.give(a, { type: 'block', direction: 'credit' });
    return onA(event('account-blocked', { blocked: 'credit' }));
  },
  'account-unblocked': BY_REFUSAL['account-not-blocked'],
  'overdraft-limit-set': ({ bank, a, event, onA }) => {
    bank.give(a, { type: 'set-overdraft-limit', amount: minor(5_000n) });
    bank.give(a, { type: 'withdraw', amount: minor(104_000n) });
    return onA(event('overdraft-limit-set', { overdraftLimit: ZERO }));
  },
  'limits-set': ({ event, onA }) => onA(event('limits-set', { perDay: minor(-1n) })),
  'details-set': ({ event, onA }) => onA(event('details-set', { nickname: 'J' })),
  'refusal-recording-set': ({ event, onA }) =>
    onA(event('refusal-recording-set', { recordRefusals: true, amount: minor(1n) })),
  'money-deposited': ({ money, onA }) => onA(money('money-deposited', 0n)),
  'money-withdrawn': ({ money, onA }) => onA(money('money-withdrawn', -50_000n)),
  'movement-reversed': (house) => {
    house.bank.give(house.a, { type: 'withdraw', amount: minor(500n) });
    return reversal(house, 3, 90_000n);
  },
  'hold-placed': ({ bank, a, onA, money }) => {
    bank.give(a, { type: 'withdraw', amount: minor(99_000n) });
    return onA(money('hold-placed', 1_001n, { holdId: SOME_HOLD }));
  },
  'hold-captured': ({ bank, a, money, onA }) => {
    const id = bank.hold(a, 1_000n);
    return onA(money('hold-captured', 400n, { holdId: id, released: minor(500n) }));
  },
  'hold-voided': ({ bank, a, money, onA }) => {
    const id = bank.hold(a, 1_000n);
    return onA(money('hold-voided', 900n, { holdId: id }));
  },
  'hold-expired': ({ bank, a, money, onA }) => {
    const id = bank.hold(a, 1_000n, { expiresAt: '2026-03-01T12:02:00Z' });
    bank.pass(5);
    const expired = { holdId: id, at: bank.at() };
    return onA(money('hold-expired', 999n, expired), { by: `expire ${id}` });
  },
  'transfer-sent': ({ a, b, legs }) => legs(a, b, 100_001n),
  'transfer-received': ({ a, b, legs }) =>
    legs(a, b, 100n, { description: 'rent', received: { description: 'gift' } }),
  'transfer-reserved': ({ bank, a, b, money, onA }) => {
    bank.give(b, { type: 'freeze' });
    bank.pass(5);
    const by = bank.key();
    const terms = { transferId: transferIdFor(a, testName(by)), otherAccountId: b, at: bank.at() };
    return onA(money('transfer-reserved', 100n, terms), { by });
  },
  'transfer-captured': ({ bank, a, b, legs }) => {
    const transferId = bank.begin('reserve-transfer', [a, b], 1_000n);
    return legs(a, b, 400n, { type: 'transfer-captured', transferId, released: minor(500n) });
  },
  'transfer-released': ({ bank, a, b, c, money, onA }) => {
    const transferId = bank.begin('reserve-transfer', [a, b], 1_000n);
    const terms = { transferId, otherAccountId: c, reason: 'voided' };
    return onA(money('transfer-released', 1_000n, terms));
  },
  'person-registered': BY_REFUSAL['person-already-exists'],
  'person-address-changed': BY_REFUSAL['person-erased'],
  'person-erased': BY_REFUSAL['person-not-found'],
};

test.each(Object.entries(BY_TYPE))('an event of each type that is wrong: %s', (_type, plant) => {
  const built = house();
  expect(plant(built)[0]).toMatch(
    /^(?:imbalance: .*(?:rules|cannot follow)|tampered: .*no event of)/,
  );
  expect(built.bank.books.books().verdict).toBe('violated');
});

const changed =
  (change: object) =>
  (event: BankEvent): object => ({ ...event, data: { ...event.data, ...change } });

/** What holds of any log, whatever its events say. */
const BY_INVARIANT: Readonly<Record<InvariantName, Plant>> = {
  'version-order': ({ money, onA }) =>
    onA(money('money-deposited', 1n), { change: (event) => moved(event, 9) }),
  'time-order': ({ event, onA }) =>
    onA(event('account-frozen', { at: '2025-01-01T00:00:00.000Z' })),
  'command-once': ({ event, onA }) => onA(event('account-frozen'), { by: 'c-1' }),
  conservation: ({ bank, a, b, money }) => {
    const by = bank.key();
    const terms = { transferId: transferIdFor(a, testName(by)), otherAccountId: b };
    return bank.plant({ id: a, event: money('transfer-sent', 100n, terms), by });
  },
  'overdraft-floor': ({ money, onA }) => onA(money('money-withdrawn', 100_001n)),
  'settled-once': ({ bank, a, b, money, onA, legs }) => {
    const transferId = bank.begin('send-transfer', [a, b], 100n);
    expect(legs(b, a, 100n, { reversesTransferId: transferId })).toEqual([]);
    const found = legs(b, a, 100n, { reversesTransferId: transferId });
    return found.length === 0 ? onA(money('money-deposited', 1n)) : found;
  },
  rules: BY_REFUSAL['balance-not-zero'],
  fold: ({ money, onA }) =>
    onA(money('money-deposited', 1n), {
      change: changed({ balance: { ledger: '9.00', held: '0.00', available: '9.00' } }),
    }),
  'transfer-legs': ({ a, b, legs }) => legs(a, b, 100n, { received: { amount: minor(200n) } }),
};
const moved = (event: BankEvent, to: number): object => ({
  ...event,
  version: to,
  id: `${event.stream}/${to}`,
});

test.each(Object.entries(BY_INVARIANT))('a log that breaks %s', (name, plant) => {
  const sentence = name === 'version-order' ? 'missing between them' : `${name}: `;
  expect(plant(house())).toContainEqual(expect.stringContaining(sentence));
});

/** What has to do with how the bank writes. */
const OTHERS: readonly (readonly [string, Plant, RegExp])[] = [
  [
    'of another currency than its account',
    ({ money, onA }) =>
      onA(money('money-deposited', 500n), { change: changed({ currency: 'EUR' }) }),
    /fold: is in EUR, but its account in CZK/,
  ],
  [
    'of a currency with other digits',
    ({ money, onA }) =>
      onA(money('money-deposited', 500n), {
        change: changed({
          currency: 'JPY',
          amount: '500',
          balance: { ledger: '500', held: '0', available: '500' },
        }),
      }),
    /fold: is in JPY/,
  ],
  [
    'with digits that its currency does not have',
    ({ money, onA }) =>
      onA(money('money-deposited', 500n), { change: changed({ amount: '5.000' }) }),
    /cannot follow .*not an amount in CZK/,
  ],
  [
    'with zeros in front',
    ({ money, onA }) =>
      onA(money('money-deposited', 500n), { change: changed({ amount: '05.00' }) }),
    /no event of it/,
  ],
  [
    'with a time that there is not',
    ({ event, onA }) => onA(event('account-frozen', { at: '2026-03-32T00:00:00.000Z' })),
    /time-order: .* is no time/,
  ],
  [
    'with a time as the bank does not write it',
    ({ event, onA }) => onA(event('account-frozen', { at: '2026-03-31T00:00:00Z' })),
    /time-order: .* is no time/,
  ],
  [
    'a transfer that goes back in time at its target',
    ({ bank, a, b, legs }) => {
      const before = bank.at();
      bank.pass(5);
      bank.give(b, { type: 'set-details', name: 'later' });
      return legs(a, b, 100n, { at: before });
    },
    /time-order/,
  ],
  [
    'a withdrawal beyond the day',
    ({ bank, a, money, onA }) => {
      bank.give(a, { type: 'set-limits', perDay: minor(2_000n) });
      bank.give(a, { type: 'withdraw', amount: minor(1_500n) });
      return onA(money('money-withdrawn', 501n));
    },
    /limit-exceeded/,
  ],
  [
    'more pending transfers than may be',
    ({ bank, a, b, money, onA }) => {
      for (let open = 0; open < TRANSFERS_PENDING_MAX; open += 1) {
        bank.begin('reserve-transfer', [a, b], 1n);
      }
      const by = bank.key();
      const terms = { transferId: transferIdFor(a, testName(by)), otherAccountId: b };
      return onA(money('transfer-reserved', 1n, terms), { by });
    },
    /too-many-open/,
  ],
  [
    'a reversal in the wrong direction',
    (house) => {
      house.bank.give(house.a, { type: 'deposit', amount: minor(500n) });
      return reversal(house, 3, 500n);
    },
    /not-reversible/,
  ],
  [
    'a transfer sent back with another amount',
    ({ bank, a, b, legs }) => {
      const transferId = bank.begin('send-transfer', [a, b], 100n);
      return legs(b, a, 200n, { reversesTransferId: transferId });
    },
    /not-reversible/,
  ],
  [
    'a transfer sent back by its source',
    ({ bank, a, b, legs }) => {
      const transferId = bank.begin('send-transfer', [a, b], 100n);
      return legs(a, b, 100n, { reversesTransferId: transferId });
    },
    /not-reversible/,
  ],
  [
    'a transfer to an account that is frozen',
    ({ bank, a, b, legs }) => {
      bank.give(b, { type: 'freeze' });
      return legs(a, b, 100n);
    },
    /account-frozen/,
  ],
  [
    'an opening whose deposit is another event',
    ({ bank, event, money }) => {
      const [id, by] = [bank.account(9), bank.key()];
      const terms = { ownerId: 'jana', currency: 'CZK', overdraftLimit: ZERO };
      return bank.plant(
        { id, event: event('account-opened', terms), by },
        { id, event: money('money-deposited', 1n, { description: 'free text' }), by },
      );
    },
    /rules decide another description/,
  ],
  [
    'an opening with an event of another command',
    ({ bank, event, money }) => {
      const id = bank.account(9);
      const terms = { ownerId: 'jana', currency: 'CZK', overdraftLimit: ZERO };
      return bank.plant(
        { id, event: event('account-opened', terms), by: bank.key() },
        { id, event: money('money-deposited', 1n), by: bank.key() },
      );
    },
    /rules: it says that its command made 2 events, not 1/,
  ],
  [
    'two commands as one',
    ({ bank, a, b, money }) =>
      bank.plant(
        { id: a, event: money('money-deposited', 1n) },
        { id: b, event: money('money-deposited', 1n) },
      ),
    /made 2 events, not 1/,
  ],
  [
    'a hold whose id another command makes',
    ({ money, onA }) => onA(money('hold-placed', 1n, { holdId: SOME_HOLD })),
    /does not follow from its command/,
  ],
  [
    'a command with an id of the bank',
    ({ event, onA }) => onA(event('account-frozen'), { by: `expire ${SOME_HOLD}` }),
    /an id of the bank/,
  ],
  [
    'of a client that says of nobody that they did it',
    ({ money, onA }) => onA(money('money-deposited', 1n), { change: withBy(undefined) }),
    /it does not say who did it/,
  ],
  [
    'of a person that says of nobody that they did it',
    ({ bank }) => bank.person(personId(SOME_HOLD), 'person-registered', { by: undefined }),
    /it does not say who did it/,
  ],
  [
    'that the bank did by itself, as if somebody had',
    ({ bank, a, event, onA }) => {
      const expires = bank.hold(a, 100n, { expiresAt: inSameMinute(bank) });
      bank.pass(1);
      const expired = event('hold-expired', { holdId: expires, amount: minor(100n) });
      return onA(expired, { by: `expire ${expires}`, change: withBy(TESTER.by) });
    },
    /the bank did it by itself, but it names somebody/,
  ],
  [
    'whose other leg somebody else made',
    ({ bank, a, b, event }) => {
      const by = bank.key();
      const transferId = transferIdFor(a, testName(by));
      const leg = { transferId, amount: minor(1n) };
      const received = event('transfer-received', { ...leg, otherAccountId: a });
      return bank.plant(
        { id: a, event: event('transfer-sent', { ...leg, otherAccountId: b }), by },
        { id: b, event: received, by: transferName(transferId), change: withBy(OTHER) },
      );
    },
    /not of one command and one sender/,
  ],
  [
    'a hold whose id the same key of another client makes',
    ({ bank, a, money, onA }) => {
      const by = bank.key();
      const holdId = holdIdFor(a, testName(by));
      return onA(money('hold-placed', 1n, { holdId }), { by, change: withBy(OTHER) });
    },
    /does not follow from its command/,
  ],
];
test('what two clients do under one key is sound, and what one does twice is not', () => {
  const { bank, a, money } = house();
  const by = bank.key();
  const one = { id: a, event: money('money-deposited', 1n), by };
  expect(bank.plant(one)).toEqual([]);
  expect(bank.plant({ ...one, change: withBy(OTHER) })).toEqual([]);
  expect(bank.plant(one).join()).toMatch(/command-once/);
});
test.each(OTHERS)('an event: %s', (_what, plant, sentence) => {
  expect(plant(house()).join('\n')).toMatch(sentence);
});

test('a reservation for an account that never comes is reported once it is late', () => {
  const { bank, a, money, onA } = house();
  const by = bank.key();
  const nobody = bank.account(99);
  const terms = { transferId: transferIdFor(a, testName(by)), otherAccountId: nobody };
  expect(onA(money('transfer-reserved', 100n, terms), { by })).toEqual([]);
  expect(bank.books.overdue(inSameMinute(bank))).toEqual([]);
  bank.pass(11);
  expect(bank.books.overdue(bank.at()).map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/reserved for .* which is not \(account-not-found\)/),
  ]);
  expect(bank.books.overdue(bank.at())).toEqual([]);
  expect(bank.books.books().verdict).toBe('violated');
});

test('a reservation may come before the opening of its target, in its currency only', () => {
  for (const [currency, found] of [['CZK', 0] as const, ['EUR', 1] as const]) {
    const { bank, a, event, money, onA } = house();
    const by = bank.key();
    const late = bank.account(99);
    const terms = { transferId: transferIdFor(a, testName(by)), otherAccountId: late };
    expect(onA(money('transfer-reserved', 100n, terms), { by })).toEqual([]);
    const opening = { ownerId: 'jana', currency, overdraftLimit: ZERO };
    const told = bank.plant({ id: late, event: event('account-opened', opening) });
    expect(told).toHaveLength(found);
    if (found > 0) expect(told[0]).toMatch(/currency-mismatch/);
  }
});

test('what the bank does with each of these is sound', () => {
  const { bank, a, b } = house();
  const captured = bank.hold(a, 1_000n);
  bank.give(a, { type: 'capture-hold', holdId: captured, amount: minor(400n) });
  const transferId = bank.begin('reserve-transfer', [a, b], 1_000n, { metadata: { k: 'v' } });
  bank.transfer(a, { type: 'capture-transfer', transferId, amount: minor(300n) });
  bank.give(a, { type: 'freeze', reason: 'lost' });
  bank.give(a, { type: 'unfreeze' });
  bank.give(a, { type: 'set-details', name: 'J', metadata: { k: 'ž' } });
  const { events } = bank.books.books();
  expect([bank.books.books().verdict, events > 10]).toEqual(['balanced', true]);
});

/** What the sources of the domain name, by a pattern. */
const namedIn = (file: string, pattern: RegExp): string[] => {
  const text = readFileSync(new URL(`../../domain/${file}`, pathToFileURL(__filename)), 'utf8');
  return [...new Set([...text.matchAll(pattern)].map(([, name]) => name!))].sort();
};

describe('every rule has a planted event', () => {
  test('of each refusal', () => {
    const codes = ['account-commands.ts', 'person.ts'].flatMap((file) =>
      namedIn(file, /readonly code: '([a-z-]+)'/g),
    );
    expect(codes.length).toBeGreaterThan(25);
    expect(Object.keys(BY_REFUSAL).sort()).toEqual(codes.sort());
  });
  test('of each type of event', () => {
    const accounts = namedIn('account-events.ts', /Happened<'([a-z-]+)'>/g);
    const persons = namedIn('person.ts', /readonly type: '(person-[a-z-]+)'; readonly at/g);
    expect([accounts.length, persons.length]).toEqual([22, 3]);
    expect(Object.keys(BY_TYPE).sort()).toEqual([...accounts, ...persons].sort());
  });
});
