import { testName } from '../../contracts/access/sender-for-tests.ts';
import type { BatchContent } from '../../contracts/batch/content.ts';
import { batchHash } from '../../contracts/batch/content.ts';
import type { CommandMessage } from '../../contracts/account/commands.ts';
import { transferIdFor } from '../../contracts/derived-ids.ts';
import { streamOf, type LoggedEvent } from '../../contracts/account/events.ts';
import { causeName } from '../../domain/account-events.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { commandId, type AccountId } from '../../domain/ids.ts';
import type { Journal, Turn } from '../journal/journal.ts';
import { deposit, losing, message, open, said } from '../host/bank-host-for-tests.ts';
import { testHost, testLog } from '../host/bank-host-for-tests.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { restore } from '../restore/restoration-for-tests.ts';

const [A, B, C] = [1n, 2n, 3n].map(accountIdOfSerial) as [AccountId, AccountId, AccountId];
const KEY = commandId('K');
const content = (...items: string[]): BatchContent => ({ key: KEY, hash: batchHash(items) });
const [FIRST, OTHER] = [content('first'), content('other')];
const pay = (id: string, accountId: AccountId, amount = '1.00'): CommandMessage =>
  deposit(id, amount, { accountId, causationId: KEY });
const REUSED = 'batch-key-reused';

type Host = Awaited<ReturnType<typeof testHost>>;
const told = async (host: Host, batch: BatchContent, commands: readonly CommandMessage[]) =>
  (await host.execute(commands, { batch })).map(said);
async function house(journal: Journal = memoryJournal(), log = testLog()) {
  const host = await testHost(journal, log);
  for (const accountId of [A, B, C]) await host.execute([{ ...open('o'), accountId }]);
  return { journal, log, host };
}
const versions = async (journal: Journal): Promise<number[]> => {
  const { streams } = await journal.load([A, B, C].map(streamOf));
  return streams.map(({ version }) => version).sort((a, b) => a - b);
};

/** Until the log has so many events of the accounts. */
async function logged(log: ReturnType<typeof testLog>, events: number): Promise<void> {
  const count = () => [A, B, C].flatMap((id) => log.eventsOf(id)).length;
  while (count() < events) await new Promise((done) => void setTimeout(done, 5));
}

test('given another content under its key, no item is executed, wherever it is for', async () => {
  const { journal, log, host } = await house();
  expect(await told(host, FIRST, [pay('1', A), pay('2', A)])).toEqual(['2', '3']);
  const others = [[pay('1', A)], [pay('3', B)], [pay('1', A), pay('4', A)], [pay('5', C, '0.001')]];
  for (const commands of others) {
    expect(await told(host, OTHER, commands)).toEqual(commands.map(() => REUSED));
  }
  // A command that comes later, on a host that never heard of the batch.
  const later = await testHost(journal, log, { host: 'host2' });
  for (const commands of others) {
    expect(await told(later, OTHER, commands)).toEqual(commands.map(() => REUSED));
  }
  expect(await versions(journal)).toEqual([1, 1, 3]);
  expect(await told(later, FIRST, [pay('1', A), pay('6', B)])).toEqual(['2 again', '2']);
});

test('given nothing of it was executed, its key is still free', async () => {
  const { host } = await house();
  const poor = message('1', { type: 'withdraw', amount: '9.00' }, { accountId: A });
  expect(await told(host, FIRST, [poor])).toEqual(['insufficient-funds']);
  expect((await host.execute([pay('2', A)], { batch: FIRST, dryRun: true })).map(said)).toEqual([
    '2',
  ]);
  const atomic = await host.execute([pay('3', A), poor], { batch: FIRST, atomic: true });
  expect(atomic.map(said)).toEqual(['batch-aborted', 'insufficient-funds']);
  expect(await told(host, OTHER, [pay('4', B)])).toEqual(['2']);
  expect(await told(host, FIRST, [pay('5', A)])).toEqual([REUSED]);
  expect(await told(host, FIRST, [poor])).toEqual([REUSED]);
  const dry = await host.execute([pay('6', A)], { batch: FIRST, dryRun: true });
  expect(dry.map(said)).toEqual([REUSED]);
});

test('given two contents at once on two hosts, one of them is executed, in whole', async () => {
  for (let round = 0; round < 30; round += 1) {
    const { journal, log, host } = await house();
    const other = await testHost(journal, log, { host: 'host2' });
    const [one, two] = await Promise.all([
      Promise.all([A, B, C].map((id) => told(host, FIRST, [pay(`1${id}`, id)]))),
      Promise.all([C, B, A].map((id) => told(other, OTHER, [pay(`2${id}`, id)]))),
    ]);
    const outcomes = [one.flat(), two.flat()].map((results) => [...new Set(results)].join());
    expect(outcomes.sort()).toEqual(['2', REUSED]);
    expect(await versions(journal)).toEqual([2, 2, 2]);
  }
});

test.each([true, false])('given the first answer is lost (applied: %s), one counts', async (is) => {
  const { journal, log } = await house();
  let lost = 0;
  const broken = await testHost(
    losing(journal, is, () => (lost += 1) === 1),
    log,
    { host: 'h2' },
  );
  expect(await told(broken, FIRST, [pay('1', A)])).toEqual(['service-unavailable']);
  const host = await testHost(journal, log, { host: 'h3' });
  expect(await told(host, OTHER, [pay('2', B)])).toEqual([is ? REUSED : '2']);
  expect(await told(host, FIRST, [pay('1', A)])).toEqual([is ? '2 again' : REUSED]);
});

test('given the journal was lost, the log tells what the key is for', async () => {
  const { log, host } = await house();
  await told(host, FIRST, [pay('1', A), pay('2', A)]);
  await logged(log, 5);
  const journal = memoryJournal();
  await restore(log, journal);
  const later = await testHost(journal, log, { host: 'host2' });
  expect(await told(later, OTHER, [pay('3', B)])).toEqual([REUSED]);
  expect(await told(later, FIRST, [pay('1', A)])).toEqual(['2 again']);
});

test('costs one name, and stands in the first event alone', async () => {
  const turns: Turn[] = [];
  const memory = memoryJournal();
  const commit: Journal['commit'] = (turn) => {
    turns.push(turn);
    return memory.commit(turn);
  };
  const { log, host } = await house({ ...memory, commit });
  turns.length = 0;
  const results = await Promise.all(
    [A, B].map((id) => told(host, FIRST, [pay(`a${id}`, id), pay(`b${id}`, id)])),
  );
  expect(results.flat()).toEqual(['2', '3', '2', '3']);
  expect(turns.map(({ agreed, names }) => [agreed.length, names.length])).toEqual([[1, 4]]);
  await logged(log, 7);
  const events = [A, B].flatMap((id) => log.eventsOf(id).slice(1) as LoggedEvent[]);
  expect(events.filter(({ batch }) => batch !== undefined)).toEqual([
    expect.objectContaining({ version: 2, batch: FIRST, causationId: KEY }),
  ]);
  expect(new Set(events.map(({ causationId }) => causationId))).toEqual(new Set([KEY]));
});

test("given a transfer, its target's event is found by the client's key too", async () => {
  const { host, log, journal } = await house();
  const send = (from: AccountId, key: string) => {
    const transferId = transferIdFor(from, testName(key));
    const body = { type: 'send-transfer', transferId, toAccountId: C, amount: '1.00' };
    return host.execute([message(key, body, { accountId: from })]);
  };
  await host.execute([pay('m', A, '5.00')]);
  await host.execute([pay('m', B, '5.00')]);
  expect((await send(A, 'k')).map(said)).toEqual(['3+2']);
  // Keys are an account's own: another source may use the same one.
  expect((await send(B, 'k')).map(said)).toEqual(['3+3']);
  expect((await send(B, 'k')).map(said)).toEqual(['3+3 again']);
  expect((await host.execute([pay('k', C)])).map(said)).toEqual(['4']);
  const { found } = await host.lookup(C, [testName('k'), causeName(testName('k'))]);
  expect(found.map((events) => events?.[0]?.version)).toEqual([4, 2]);
  const [received] = found[1] ?? [];
  expect(received).toMatchObject({ type: 'transfer-received', causationId: 'k' });
  await logged(log, 10);
  const restored = memoryJournal();
  await restore(log, restored);
  const names = [{ stream: streamOf(C), name: causeName(testName('k')) }];
  expect(await restored.load([], names)).toEqual(await journal.load([], names));
});
