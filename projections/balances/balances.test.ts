import { balanceOf } from '../../contracts/account/money.ts';
import { loggedEventSchema } from '../../contracts/account/events.ts';
import type { AccountModel } from '../../contracts/account/read-models.ts';
import type { PositionedAccountEvent } from '../../contracts/log/topics.ts';
import type { Account } from '../../domain/account.ts';
import type { Command, TransferCommand } from '../../domain/account-commands.ts';
import { holdId, version } from '../../domain/ids.ts';
import { transferIdOf } from '../../domain/transfer-id.ts';
import { minor, readAmount } from '../../domain/money.ts';
import { accountAfter } from './balances.ts';
import { logForTests, randomLog, randomOf, seedOfRun } from '../events-for-tests.ts';
import { historyLine } from '../history/history-projection.ts';
import { StreamFault } from '../follower/projection.ts';

const replayAll = (entries: readonly PositionedAccountEvent[]): AccountModel | undefined =>
  entries.reduce<AccountModel | undefined>(
    (before, entry) => accountAfter(before, entry, { ownerIndex: 4, index: 9 }),
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
  expect(replayAll(log.entries)).toMatchObject({
    accountId: id,
    ownerId: 'jana-novakova',
    ownerIndex: 4,
    index: 9,
    version: 3,
    status: 'open',
    balance: { ledger: '125.00', held: '0.00', available: '175.00' },
    position: log.entries[2]?.position,
    at: log.entries[2]?.event.at,
    openedAt: log.entries[0]?.event.at,
  });
});

test('the replay of random histories is what the domain says', () => {
  const seed = seedOfRun();
  const log = randomLog(randomOf(seed), 2_000, 20);
  for (const [id, account] of log.accounts as Map<string, Account>) {
    const own = log.entries.filter(({ event }) => event.stream === `acct/${id}`);
    const model = replayAll(own);
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
])('%s stops the replay', (_what, broken) => {
  const { log } = small();
  expect(() => replayAll(broken(log.entries))).toThrow(StreamFault);
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

const HOLD = holdId('00000000-0000-8000-8000-000000000001');
const amount = minor(500n);

test('the lines of holds tell what is set aside, taken and released', () => {
  const log = logForTests();
  const id = log.id(1);
  log.open(id);
  const place = { type: 'place-hold', holdId: HOLD, description: 'hotel' } as const;
  log.run(id, { ...place, amount, expiresAt: '2030-01-31T12:00:00Z' });
  log.run(id, { type: 'capture-hold', holdId: HOLD, amount: minor(300n) });
  const [, placed, captured] = log.entries.map((entry) => historyLine(entry).entry);
  expect(placed).toMatchObject({
    type: 'hold-placed',
    direction: 'none',
    amount: '5.00',
    description: 'hotel',
    holdId: HOLD,
    expiresAt: '2030-01-31T12:00:00Z',
    balanceAfter: { ledger: '0.00', held: '5.00', available: '45.00' },
  });
  expect(captured).toMatchObject({
    type: 'hold-captured',
    direction: 'debit',
    amount: '3.00',
    holdId: HOLD,
    balanceAfter: { ledger: '-3.00', held: '0.00', available: '47.00' },
  });
});

test('the lines of a reversal name the version that they take back', () => {
  const { log, id } = small();
  log.run(id, { type: 'reverse', version: version(3), reason: 'twice' });
  expect(historyLine(log.entries[3]!).entry).toMatchObject({
    type: 'movement-reversed',
    direction: 'credit',
    amount: '0.50',
    reverses: 3,
    reason: 'twice',
  });
});

test("given an item of a batch, its line has the batch's key alongside the id", () => {
  const { log } = small();
  const { event, position } = log.entries[1]!;
  const { entry } = historyLine({ position, event: { ...event, causationId: 'payroll-11' } });
  expect(entry).toMatchObject({ commandId: event.commandId, causationId: 'payroll-11' });
  expect(historyLine(log.entries[1]!).entry).not.toHaveProperty('causationId');
});

describe('the lines of a transfer', () => {
  const remarks = { description: 'rent', reference: 'r-1', metadata: { a: 'b' } } as const;
  const begun = () => {
    const { log, id } = small();
    const to = log.id(2);
    log.open(to);
    const transferId = transferIdOf(id, 1n);
    const terms = { transferId, toAccountId: to, amount, ...remarks } as const;
    const linesOf = (...commands: TransferCommand[]) => {
      const added = commands.flatMap((command) => log.transfer(id, command));
      return added.map((entry) => historyLine(entry).entry);
    };
    return { log, id, to, transferId, terms, linesOf };
  };

  test('that is sent at once name the other account and the remarks on both sides', () => {
    const { id, to, transferId, terms, linesOf } = begun();
    const lines = linesOf({ ...terms, type: 'send-transfer' });
    expect(lines).toMatchObject([
      { type: 'transfer-sent', direction: 'debit', amount: '5.00', otherAccountId: to },
      { type: 'transfer-received', direction: 'credit', amount: '5.00', otherAccountId: id },
    ]);
    for (const line of lines) expect(line).toMatchObject({ transferId, ...remarks });
  });

  test('that is captured in part tell what was set aside, and then what moved', () => {
    const { id, to, transferId, terms, linesOf } = begun();
    const expiresAt = '2030-01-31T12:00:00Z';
    const lines = linesOf(
      { ...terms, type: 'reserve-transfer', expiresAt },
      { type: 'capture-transfer', transferId, amount: minor(300n) },
    );
    expect(lines).toMatchObject([
      {
        type: 'transfer-reserved',
        direction: 'none',
        amount: '5.00',
        otherAccountId: to,
        expiresAt,
        ...remarks,
        balanceAfter: { ledger: '125.00', held: '5.00' },
      },
      {
        type: 'transfer-captured',
        direction: 'debit',
        amount: '3.00',
        otherAccountId: to,
        description: 'rent',
        balanceAfter: { ledger: '122.00', held: '0.00' },
      },
      { type: 'transfer-received', direction: 'credit', amount: '3.00', otherAccountId: id },
    ]);
  });

  test('that is voided tell how much it was about, and why it ended', () => {
    const { transferId, terms, linesOf } = begun();
    const lines = linesOf(
      { ...terms, type: 'reserve-transfer' },
      { type: 'void-transfer', transferId },
    );
    expect(lines[1]).toMatchObject({
      type: 'transfer-released',
      direction: 'none',
      amount: '5.00',
      reason: 'voided',
      balanceAfter: { ledger: '125.00', held: '0.00' },
    });
  });

  test('that takes another one back name it', () => {
    const { log, id, to, transferId, terms, linesOf } = begun();
    linesOf({ ...terms, type: 'send-transfer' });
    const back = { toAccountId: id, amount, reversesTransferId: transferId };
    const own = transferIdOf(to, 2n);
    const added = log.transfer(to, { type: 'send-transfer', transferId: own, ...back });
    expect(added.map((entry) => historyLine(entry).entry)).toMatchObject([
      { type: 'transfer-sent', reversesTransferId: transferId },
      { type: 'transfer-received', reversesTransferId: transferId },
    ]);
  });
});

test('every type of event has a line, which says what its balance says', () => {
  const seed = seedOfRun();
  const log = randomLog(randomOf(seed), 6_000, 40);
  // At random hardly any account is closed: money is left on nearly all.
  const empty = log.id(40);
  log.open(empty);
  log.run(empty, { type: 'close' });
  const seen = new Set<string>();
  const ledgers = new Map<string, bigint>();
  for (const entry of log.entries) {
    const { currency, balance } = entry.event.data;
    const { accountId, entry: line } = historyLine(entry);
    const after = readAmount(balance.ledger, currency);
    const by = after - (ledgers.get(accountId) ?? 0n);
    ledgers.set(accountId, after);
    const sign = line.direction === 'debit' ? -1n : line.direction === 'credit' ? 1n : 0n;
    expect({ seed, by }).toEqual({ seed, by: sign * readAmount(line.amount, currency) });
    seen.add(line.type);
  }
  const types = loggedEventSchema.options.map(({ shape }) => shape.type.value);
  expect([...seen].sort()).toEqual(types.sort());
});

test('the model follows status, limits and details, and forgets what was removed', () => {
  const log = logForTests();
  const id = log.id(1);
  log.open(id);
  const after = (command: Command): AccountModel | undefined => {
    log.run(id, command);
    return replayAll(log.entries);
  };
  expect(after({ type: 'freeze' })).toMatchObject({ status: 'frozen' });
  expect(after({ type: 'unfreeze' })).toMatchObject({ status: 'open' });
  expect(after({ type: 'set-limits', perDay: amount })?.limits).toEqual({ perDay: '5.00' });
  expect(after({ type: 'set-limits' })?.limits ?? {}).toEqual({});
  expect(after({ type: 'set-details', name: 'K', metadata: { a: 'b' } })).toMatchObject({
    name: 'K',
    metadataVersion: expect.any(Number),
  });
  const recording = (recordRefusals: boolean) =>
    after({ type: 'set-refusal-recording', recordRefusals });
  expect(recording(true)).toMatchObject({ recordRefusals: true });
  expect(recording(false)).not.toHaveProperty('recordRefusals');
  const plain = after({ type: 'set-details' });
  expect(plain).not.toHaveProperty('name');
  expect(plain).not.toHaveProperty('metadataVersion');
  expect(after({ type: 'set-overdraft-limit', amount })).toMatchObject({
    overdraftLimit: '5.00',
    balance: { available: '5.00' },
  });
  expect(after({ type: 'close' })).toMatchObject({ status: 'closed', version: 11 });
});
