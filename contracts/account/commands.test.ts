import { testName } from '../access/sender-for-tests.ts';
import fc from 'fast-check';
import { currencyOf, minorDigits, type Currency } from '../../domain/currency.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { sourceOf } from '../../domain/transfer-id.ts';
import { formatAmount, minor } from '../../domain/money.ts';
import { commandBody, type CommandBody, commandHash, decodeCommand } from './commands.ts';
import { holdIdFor, transferIdFor } from '../derived-ids.ts';
import { clientCommand } from './command-operations.ts';
import { isMoney } from './money.ts';
import { accountIdText } from '../http/scalars.ts';
import { runsOf } from '../../domain/runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const runs = { seed, numRuns: runsOf(4_000) };
const currency = fc.constantFrom('CZK', 'JPY', 'KWD', 'CLF').map((code) => code as Currency);
const UUID = '00000000-0000-8000-8000-000000000001';

/** A right value for every member that a command can have; a new member needs one here. */
const MEMBERS: Readonly<Record<string, unknown>> = {
  ownerId: 'jana',
  currency: 'KWD',
  name: 'Everyday',
  description: 'rent',
  reason: 'asked by the owner',
  reference: 'inv-1',
  metadata: { a: 'b' },
  recordRefusals: true,
  externalId: 'crm-17',
  valueDate: '2026-01-31',
  direction: 'debit',
  expiresAt: '2026-01-31T12:00:00Z',
  version: 2,
  holdId: UUID,
  transferId: UUID,
  toAccountId: UUID,
  reversesTransferId: UUID,
};
/** All members of a command, with amounts of so many digits. */
function bodyOf(
  option: (typeof commandBody.options)[number],
  digits: number,
  currency = 'KWD',
): CommandBody {
  const type = option.shape.type.value;
  const entries = Object.keys(option.shape).map((name) => {
    if (name === 'type') return [name, type];
    if (isMoney(name)) return [name, digits === 0 ? '7' : `7.${'5'.repeat(digits)}`];
    return [name, name === 'currency' ? currency : MEMBERS[name]];
  });
  return commandBody.parse(Object.fromEntries(entries));
}

describe(`commands on the wire (SEED=${seed})`, () => {
  test.each(commandBody.options.map((option) => [option.shape.type.value, option] as const))(
    '%s with all its members becomes the command of the domain',
    (type, option) => {
      const command = decodeCommand(bodyOf(option, 3), 'KWD' as Currency);
      expect(command).toMatchObject({ type });
      for (const [name, member] of Object.entries(command)) {
        if (isMoney(name)) expect(member).toBe(7_555n);
        else if (name !== 'type') expect(member).toEqual(MEMBERS[name]);
      }
    },
  );

  const withMoney = commandBody.options.filter(({ shape }) => Object.keys(shape).some(isMoney));
  test.each(withMoney.map((option) => [option.shape.type.value, option] as const))(
    '%s with a digit that the currency lacks is refused by the name of the member',
    (_type, option) => {
      for (const code of ['CZK', 'JPY', 'KWD']) {
        const digits = minorDigits(code as Currency);
        const body = bodyOf(option, digits + 1, code);
        const decoded = decodeCommand(body, code as Currency);
        const [member] = Object.keys(option.shape).filter(isMoney);
        expect(decoded).toMatchObject({ at: `/${member}` });
        expect((decoded as { message: string }).message).toContain(code);
      }
    },
  );

  test('an amount is read in the currency that the client says, which a rule refuses then', () => {
    const body = { type: 'deposit', amount: '1.50', currency: 'CZK' } as CommandBody;
    expect(decodeCommand(body, 'JPY' as Currency)).toMatchObject({ amount: 150n, currency: 'CZK' });
  });

  test('an amount that a currency can write is read as what it is', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 15n - 1n), currency, (units, code) => {
        const amount = formatAmount(minor(units), code);
        expect(decodeCommand({ type: 'deposit', amount }, code)).toEqual({
          type: 'deposit',
          amount: units,
        });
      }),
      runs,
    );
  });

  test('whatever a client sends is a command or a list of faults, never an exception', () => {
    const member = fc.oneof(
      fc.constantFrom(...Object.keys(MEMBERS), 'amount', 'perDay', 'x', '__proto__', 'constructor'),
      fc.string(),
    );
    const type = fc.constantFrom(...clientCommand.options.map(({ shape }) => shape.type.value));
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(MEMBERS), '1', '0.5'));
    fc.assert(
      fc.property(type, fc.dictionary(member, value), currency, (named, members, code) => {
        const parsed = clientCommand.safeParse({ ...members, type: named });
        if (parsed.success) {
          expect(commandHash(parsed.data)).toHaveLength(43);
          expect(decodeCommand(parsed.data, code)).toBeDefined();
        } else expect(parsed.error.issues.length).toBeGreaterThan(0);
      }),
      runs,
    );
  });

  test('the hash of a command does not hang on the order of its members', () => {
    const members = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(members, (metadata) => {
        const there = { type: 'deposit', amount: '1', metadata } as const;
        const back = Object.fromEntries(Object.entries(metadata).reverse());
        expect(commandHash({ metadata: back, amount: '1', type: 'deposit' })).toBe(
          commandHash(there),
        );
      }),
      runs,
    );
  });

  test('ids that follow from a command are UUIDs, and a transfer names its source', () => {
    const id = fc.stringMatching(/^[\x21-\x7e]{1,128}$/);
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 18n - 1n), id, (serial, key) => {
        const source = accountIdOfSerial(serial);
        const transfer = transferIdFor(source, testName(key));
        expect(sourceOf(transfer)).toBe(source);
        expect(transferIdFor(source, testName(key))).toBe(transfer);
        for (const made of [transfer, holdIdFor(source, testName(key))]) {
          expect(accountIdText.safeParse(made).success).toBe(true);
        }
      }),
      runs,
    );
  });
});

test('KWD has three digits and JPY none', () => {
  expect(['KWD', 'JPY'].map((code) => minorDigits(currencyOf(code) as Currency))).toEqual([3, 0]);
});
