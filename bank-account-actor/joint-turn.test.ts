import { accountId, commandId, type CommandId } from '../domain/ids.ts';
import { streamOf } from '../contracts/events.ts';
import {
  ACCOUNT,
  STREAM,
  deposit,
  open,
  said,
  testHost,
  testLog,
  withdraw,
} from './actor-fixtures.ts';
import { memoryJournal } from './memory-journal.ts';

const house = () => {
  const journal = memoryJournal();
  const log = testLog();
  const { accounts, lookup } = testHost(journal, log);
  const execute = async (
    commands: Parameters<typeof accounts.execute>[1],
    joint?: Parameters<typeof accounts.execute>[2],
  ) => (await accounts.execute(STREAM, commands, joint)).map(said);
  const commits = async () => (await journal.load(STREAM)).rows.length;
  return { journal, log, lookup, execute, commits };
};
const ids = (...texts: string[]): CommandId[] => texts.map(commandId);

describe('commands that are all or none', () => {
  test('given none refused, they are executed in one commit', async () => {
    const { execute, commits } = house();
    const commands = [open('o'), deposit('d', '2.00'), withdraw('w', '2.00')];
    expect(await execute(commands, { atomic: true })).toEqual(['1', '2', '3']);
    expect(await commits()).toBe(1);
  });
  test('given the last refused, nothing is written and the others say why', async () => {
    const { execute, commits, log } = house();
    await execute([open('o')]);
    const commands = [deposit('d', '2.00'), deposit('e'), withdraw('w', '9.00')];
    const aborted = ['batch-aborted', 'batch-aborted', 'insufficient-funds'];
    expect(await execute(commands, { atomic: true })).toEqual(aborted);
    expect(await commits()).toBe(1);
    expect(log.eventsOf(ACCOUNT)).toHaveLength(1);
  });
  test('given an abort, the same ids can be executed afterwards', async () => {
    const { execute } = house();
    await execute([open('o')]);
    await execute([deposit('d'), withdraw('w', '2.00')], { atomic: true });
    const again = [deposit('d'), deposit('e'), withdraw('w', '2.00')];
    expect(await execute(again, { atomic: true })).toEqual(['2', '3', '4']);
    expect(await execute(again, { atomic: true })).toEqual(['2 again', '3 again', '4 again']);
  });
  test('given a replay among them, it keeps its answer when the rest is aborted', async () => {
    const { execute } = house();
    await execute([open('o'), deposit('d')]);
    const commands = [deposit('d'), deposit('e'), deposit('e'), withdraw('w', '9.00')];
    const results = ['2 again', 'batch-aborted', 'batch-aborted', 'insufficient-funds'];
    expect(await execute(commands, { atomic: true })).toEqual(results);
  });
  test('given a dry run, each is decided on those before it, nothing is written', async () => {
    const { execute, commits } = house();
    const commands = [open('o'), deposit('d', '2.00'), withdraw('w', '2.00'), withdraw('x')];
    const results = ['1', '2', '3', 'insufficient-funds'];
    expect(await execute(commands, { dryRun: true })).toEqual(results);
    expect(await commits()).toBe(0);
    expect(await execute(commands)).toEqual(results);
  });
});

describe('asking what was executed', () => {
  test('given an account that was never opened, nothing was, and nothing is written', async () => {
    const { lookup, commits } = house();
    expect(await lookup(STREAM, ids('d'))).toEqual([undefined]);
    expect(await commits()).toBe(0);
  });
  test('given executed, refused and unknown commands, the executed ones are found', async () => {
    const { lookup, execute } = house();
    await execute([open('o'), deposit('d'), withdraw('w', '9.00')]);
    const found = await lookup(STREAM, ids('d', 'w', 'x', 'o'));
    expect(found.map((events) => events?.[0]?.version)).toEqual([2, undefined, undefined, 1]);
  });
  test('given a restart, the log still knows', async () => {
    const { journal, log, execute } = house();
    await execute([open('o', { initialDeposit: '5.00' }), deposit('d')]);
    for (let call = 0; call < 40; call += 1) await execute([deposit(`x${call}`)]);
    const found = await testHost(journal, log).lookup(STREAM, ids('o', 'd'));
    expect(found.map((events) => events?.map(({ version }) => version))).toEqual([[1, 2], [3]]);
  });
  test('given another host that committed meanwhile, its commands are found', async () => {
    const { journal, log, lookup, execute } = house();
    await execute([open('o')]);
    const other = testHost(journal, log, { confirms: false });
    await other.execute(deposit('d'));
    const found = await lookup(STREAM, ids('d'));
    expect(found[0]?.[0]?.version).toBe(2);
  });
  test('given another account, its commands are not found', async () => {
    const { lookup, execute } = house();
    await execute([open('o')]);
    const other = streamOf(accountId('00000000-0000-8000-8000-000000000002'));
    expect(await lookup(other, ids('o'))).toEqual([undefined]);
  });
});
