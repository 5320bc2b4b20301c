import { balanceOf } from '../contracts/events.ts';
import type { AccountModel } from '../contracts/read-models.ts';
import type { PositionedAccountEvent } from '../contracts/topics.ts';
import type { Account } from '../domain/account.ts';
import { foldAccount } from './balances.ts';
import { logForTests, randomLog, randomOf, seedOfRun } from './events-for-tests.ts';
import { historyLine } from './history.ts';
import { LogFault } from './projection.ts';

const foldAll = (entries: readonly PositionedAccountEvent[]): AccountModel | undefined =>
  entries.reduce<AccountModel | undefined>(
    (before, entry) => foldAccount(before, entry, 4),
    undefined,
  );

type Broken = (all: PositionedAccountEvent[]) => PositionedAccountEvent[];
/** The first two entries, the second with its balance changed. */
const secondSaying =
  (balance: object): Broken =>
  (all) => [all[0]!, saying(all[1]!, balance)];
/** The entry with its balance changed. */
const saying = (entry: PositionedAccountEvent, balance: object): PositionedAccountEvent => {
  const copy = structuredClone(entry);
  Object.assign(copy.event.data.balance, balance);
  return copy;
};

const small = () => {
  const log = logForTests();
  const id = log.id(1);
  log.open(id);
  log.deposit(id, 12_550n);
  log.withdraw(id, 50n);
  return { log, id };
};

test('given movements, the model holds the last balance, version and position', () => {
  const { log, id } = small();
  expect(foldAll(log.entries)).toMatchObject({
    accountId: id,
    ownerId: 'jana-novakova',
    ownerIndex: 4,
    version: 3,
    status: 'open',
    balance: { ledger: '125.00', held: '0.00', available: '175.00' },
    position: log.entries[2]?.position,
    at: log.entries[2]?.event.at,
    openedAt: log.entries[0]?.event.at,
  });
});

test('the fold of random histories is what the domain says', () => {
  const seed = seedOfRun();
  const log = randomLog(randomOf(seed), 2_000, 20);
  for (const [id, account] of log.accounts as Map<string, Account>) {
    const own = log.entries.filter(({ event }) => event.stream === `acct/${id}`);
    const model = foldAll(own);
    if (account.status === 'none') throw new Error('never opened');
    expect({ seed, ...model?.balance }).toEqual({ seed, ...balanceOf(account) });
    expect(model?.version).toBe(account.version);
  }
});

test.each<[string, Broken]>([
  ['a gap in the versions', (all) => [all[0]!, all[2]!]],
  ['an event twice', (all) => [all[0]!, all[1]!, all[1]!]],
  ['a movement before the opening', (all) => all.slice(1)],
  ['a false ledger balance', secondSaying({ ledger: '125.51' })],
  ['a false held balance', secondSaying({ held: '1.00' })],
  ['a false available', secondSaying({ available: '0.00' })],
  ['an opening with money', (all) => [saying(all[0]!, { ledger: '1.00' })]],
])('%s stops the fold', (_what, broken) => {
  const { log } = small();
  expect(() => foldAll(broken(log.entries))).toThrow(LogFault);
});

test('a line of history says what the event did', () => {
  const { log, id } = small();
  const lines = log.entries.map(historyLine);
  expect(lines.map(({ entry }) => [entry.type, entry.direction, entry.amount])).toEqual([
    ['account-opened', 'none', '0.00'],
    ['money-deposited', 'credit', '125.50'],
    ['money-withdrawn', 'debit', '0.50'],
  ]);
  expect(lines[1]).toMatchObject({
    accountId: id,
    entry: { version: 2, eventId: `acct/${id}/2`, balanceAfter: { ledger: '125.50' } },
  });
});
