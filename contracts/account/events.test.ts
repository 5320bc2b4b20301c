import { nameBy } from '../access/principal.ts';
import { TESTER } from '../access/sender-for-tests.ts';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { evolve, NO_ACCOUNT, type Account } from '../../domain/account.ts';
import { bankForTests, type BankForTests, type Entry } from '../../domain/bank-for-tests.ts';
import { STEPS, type Step } from '../../domain/commands-for-tests.ts';
import { onceNamesOf } from '../../domain/account-events.ts';
import { ownCommandId } from '../../domain/ids.ts';
import { movementOf } from '../../domain/movement.ts';
import { accountState, decodeAccount, encodeAccount } from './state.ts';
import { balanceOf } from './money.ts';
import { eventDigest } from '../digest.ts';
import {
  decodeEvent,
  encodeEvent,
  loggedEventSchema,
  movementOfLogged,
  namesOf,
} from './events.ts';
import { isEveryRun, runsOf } from '../../domain/runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const runs = { seed, numRuns: runsOf(2_000) };
const step: fc.Arbitrary<Step> = fc.record({
  account: fc.nat(3),
  kind: fc.nat(STEPS.length - 1),
  amount: fc.oneof(fc.bigInt(1n, 500n), fc.bigInt(1n, 10n ** 14n)),
  pick: fc.nat(4_000),
  minutes: fc.nat(1_500),
});

const now = (pick: number) => ({ pick, minutes: 0 });

/** Lives long and rich enough that every type of event comes about some dozen times. */
function lived(steps: readonly Step[]): BankForTests {
  const bank = bankForTests({ currencies: ['CZK', 'KWD', 'CZK', 'JPY'] });
  for (let account = 0; account < 4; account += 1) {
    bank.step({ account, kind: STEPS.indexOf('open-account'), amount: 400n, ...now(account) });
    bank.step({ account, kind: STEPS.indexOf('deposit'), amount: 10n ** 12n, ...now(account) });
  }
  for (const next of steps) bank.step(next);
  return bank;
}
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const bigintText = (_name: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : value;
/** Equal texts are equal values here, and cheaper to compare than the values. */
const textOf = (value: object): string => {
  const sorted = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted), bigintText);
};
const encoded = ({ accountId, commandId: id, event, after }: Entry) =>
  encodeEvent(accountId, event, after, {
    commandId: ownCommandId(id),
    by: TESTER.by,
    commandHash: 'hash',
  });

describe(`what was written is read back (SEED=${seed})`, () => {
  test('every event, through JSON and its schema', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        for (const entry of lived(steps).entries) {
          const logged = encoded(entry);
          const read = loggedEventSchema.parse(throughJson(logged));
          if (textOf(decodeEvent(read)) !== textOf(entry.event)) {
            expect(decodeEvent(read)).toEqual(entry.event);
          }
          // The target of a transfer bears its name as the id of the command too.
          const names = new Set([nameBy(TESTER.by, entry.commandId), ...onceNamesOf(entry.event)]);
          expect(namesOf(read).join()).toBe([...names].join());
          expect(movementOfLogged(read)).toEqual(movementOf(entry.event));
          seen.add(read.type);
        }
      }),
      runs,
    );
    const types = loggedEventSchema.options.map(({ shape }) => shape.type.value);
    if (isEveryRun) expect([...seen].sort()).toEqual(types.sort());
  });

  test('every state of an account, through JSON and its schema', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        for (const after of lived(steps).accounts.values()) {
          if (after.status === 'none') continue;
          const read = decodeAccount(accountState.parse(throughJson(encodeAccount(after))));
          if (textOf(read) !== textOf(after)) expect(read).toEqual(after);
        }
      }),
      runs,
    );
  });
});

test('its place is in the envelope: what is before it, and what belongs together', () => {
  const [entry] = lived([]).entries;
  const cause = { commandId: ownCommandId('c'), by: TESTER.by, commandHash: 'hash' };
  const { accountId, event, after } = entry!;
  const prev = eventDigest('{}');
  const joint = { id: `acct/${accountId}/1`, events: 2 };
  const placed = encodeEvent(accountId, event, after, { ...cause, prev, joint });
  expect(loggedEventSchema.parse(throughJson(placed))).toMatchObject({ prev, joint });
  expect(encodeEvent(accountId, event, after, cause)).not.toHaveProperty('prev');
  for (const wrong of [{ prev: 'x' }, { prev: null }, { joint: { ...joint, events: 1 } }]) {
    expect(loggedEventSchema.safeParse({ ...placed, ...wrong }).success).toBe(false);
  }
});

describe('what the first version of the bank wrote', () => {
  const file = path.resolve('contracts/first-events.json');
  const first = JSON.parse(readFileSync(file, 'utf8')) as unknown[];
  const events = first.map((event) => loggedEventSchema.parse(event));

  test('its events are read as they are, and make the balances that they tell', () => {
    const accounts = new Map<string, Account>();
    for (const logged of events) {
      const account = evolve(accounts.get(logged.stream) ?? NO_ACCOUNT, decodeEvent(logged));
      accounts.set(logged.stream, account);
      expect(balanceOf(account)).toEqual(logged.data.balance);
      expect(account.version).toBe(logged.version);
    }
    expect(events).toEqual(first);
    expect(accounts.size).toBe(3);
    expect([...accounts.values()].map((account) => 'ledger' in account && account.ledger)).toEqual([
      -47_451n,
      1_000n,
      34n,
    ]);
  });

  test('its state of an account, which knew no limits, is read', () => {
    const state = {
      status: 'open',
      version: 2,
      ownerId: 'ada',
      currency: 'KWD',
      ledger: '1.234',
      held: '0.000',
      overdraftLimit: '0.000',
      openedAt: '2026-11-20T08:00:00.000Z',
      changedAt: '2026-11-20T08:01:00.000Z',
    };
    expect(decodeAccount(accountState.parse(state))).toMatchObject({
      ledger: 1_234n,
      limits: {},
      holds: [],
      transfers: [],
      spent: { day: '2026-11-20', amount: 0n },
    });
  });
});
