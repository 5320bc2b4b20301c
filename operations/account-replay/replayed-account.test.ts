import { TESTER } from '../../contracts/access/sender-for-tests.ts';
import { encodeEvent, type LoggedEvent } from '../../contracts/account/events.ts';
import { encodeAccount } from '../../contracts/account/state.ts';
import { balanceOf } from '../../contracts/account/money.ts';
import { bankForTests, type Entry } from '../../domain/bank-for-tests.ts';
import { STEPS } from '../../domain/commands-for-tests.ts';
import { ownCommandId } from '../../domain/ids.ts';
import { CannotRun } from '../../runtime/progress.ts';
import { replayLine, REPLAY_HEADING } from './replay-lines.ts';
import { replayedAccount } from './replayed-account.ts';

const EVENTS_MIN = 100;

const logged = ({ accountId, commandId, event, after }: Entry): LoggedEvent =>
  encodeEvent(accountId, event, after, {
    commandId: ownCommandId(commandId),
    by: TESTER.by,
    commandHash: 'hash',
  });

/** Four accounts that took every kind of command several times. */
const bank = bankForTests();
const ACCOUNTS = [0, 1, 2, 3];
for (const account of ACCOUNTS) {
  for (const kind of ['open-account', 'deposit'] as const) {
    bank.step({ account, kind: STEPS.indexOf(kind), amount: 10n ** 9n, pick: account, minutes: 0 });
  }
}
for (let at = 0; at < 40 * STEPS.length; at += 1) {
  const [kind, account] = [at % STEPS.length, Math.floor(at / STEPS.length) % ACCOUNTS.length];
  bank.step({ account, kind, amount: BigInt(1 + (at % 97)), pick: at * 31, minutes: 3 });
}
const entries = bank.entries.filter(({ accountId }) => accountId === bank.id(0));
const events = entries.map(logged);

test('given the events of an account, every version has the balance and the state it had', () => {
  expect(events.length).toBeGreaterThan(EVENTS_MIN);
  const account = replayedAccount();
  expect(account.state()).toBeUndefined();
  entries.forEach(({ after }, at) => {
    const event = events[at]!;
    expect(account.apply(event)).toEqual({ event, balance: balanceOf(after), isAsStated: true });
    expect(account.state()).toEqual(encodeAccount(after));
  });
});

test('given an event that states another balance, both are shown and it is marked', () => {
  const account = replayedAccount();
  account.apply(events[0]!);
  const { data } = events[1]!;
  const balance = { ...data.balance, available: '0.99' };
  const replayed = account.apply({ ...events[1]!, data: { ...data, balance } } as LoggedEvent);
  expect(replayed).toMatchObject({ isAsStated: false, balance: { available: '20000000.00' } });
  const [first, second] = replayLine(replayed).split('\n');
  expect(first).toMatch(
    /^ +2  .*money-deposited +10000000\.00 +10000000\.00 +0\.00 +20000000\.00$/,
  );
  expect(second).toMatch(/DIFFERS, it states +10000000\.00 +0\.00 +0\.99$/);
  expect(first).toHaveLength(REPLAY_HEADING.length);
});

test('given a gap, the versions are named', () => {
  const account = replayedAccount();
  account.apply(events[0]!);
  expect(() => account.apply(events[2]!)).toThrow(CannotRun);
  expect(() => account.apply(events[2]!)).toThrow('does not follow version 1');
  expect(account.state()).toMatchObject({ version: 1 });
});

test('given an event that nothing led to, it is named with the reason', () => {
  const account = replayedAccount();
  account.apply(events[0]!);
  const voided = events.find(({ type }) => type === 'hold-voided');
  expect(() => account.apply({ ...voided!, version: 2 })).toThrow(
    'Event 2 (hold-voided) cannot be applied: hold-voided of a hold that is not open.',
  );
});
