import type { CommandMessage } from '../contracts/commands.ts';
import {
  ACCOUNT,
  STREAM,
  deposit,
  losing,
  open,
  said,
  testHost,
  testLog,
  withdraw,
} from './actor-fixtures.ts';
import type { Commit } from './journal.ts';
import { memoryJournal } from './memory-journal.ts';

const house = () => {
  const journal = memoryJournal();
  const log = testLog();
  return { journal, log, ...testHost(journal, log) };
};
const saidOf = async (results: Promise<Parameters<typeof said>[0][]>): Promise<string[]> =>
  (await results).map(said);

describe('one turn', () => {
  test('given several commands in a call, they are decided in order, committed once', async () => {
    const { execute, journal } = house();
    const results = execute(open('o'), deposit('d', '2.00'), withdraw('w', '3.00'), withdraw('v'));
    expect(await saidOf(results)).toEqual(['1', '2', 'insufficient-funds', '3']);
    expect((await journal.load(STREAM)).rows).toHaveLength(1);
  });
  test('given only refusals, nothing is written', async () => {
    const { execute, journal } = house();
    expect(await saidOf(execute(deposit('d')))).toEqual(['account-not-found']);
    expect((await journal.load(STREAM)).rows).toHaveLength(0);
  });
  test('given a dry run, the answer is the same and nothing is written', async () => {
    const { execute, log } = house();
    await execute(open('o'));
    const [dry, wet] = await execute(deposit('d', '2.00', { dryRun: true }), deposit('d', '2.00'));
    expect([said(dry), said(wet)]).toEqual(['2', '2']);
    expect(log.eventsOf(ACCOUNT)).toHaveLength(2);
  });
  test('given If-Match of another version, it is refused with the present one', async () => {
    const { execute } = house();
    const results = await execute(open('o'), deposit('d', '1.00', { ifMatch: 7 }));
    expect(results[1]).toEqual({ ok: false, refusal: { code: 'version-mismatch', version: 1 } });
    expect(await saidOf(execute(deposit('e', '1.00', { ifMatch: 1 })))).toEqual(['2']);
  });
  test('given more digits than the currency has, the amount is refused', async () => {
    const { execute } = house();
    const [, result] = await execute(open('o'), deposit('d', '0.001'));
    expect(result).toMatchObject({
      ok: false,
      refusal: { code: 'invalid-request', at: '/amount' },
    });
  });
});

describe('a command id is executed once, for ever', () => {
  test('given the same id in one call, the second is a replay', async () => {
    const { execute } = house();
    expect(await saidOf(execute(open('o'), deposit('d'), deposit('d')))).toEqual([
      '1',
      '2',
      '2 again',
    ]);
  });
  test('given the same id two times at once, one executes and both answer the same', async () => {
    const { execute } = house();
    await execute(open('o'));
    const [first, second] = await Promise.all([execute(deposit('d')), execute(deposit('d'))]);
    expect([said(first[0]), said(second[0])]).toEqual(['2', '2 again']);
    expect({ ...second[0], replayed: false }).toEqual(first[0]);
  });
  test('given the same id with another body, it is refused', async () => {
    const { execute } = house();
    await execute(open('o'), deposit('d', '1.00'));
    expect(await saidOf(execute(deposit('d', '1.01')))).toEqual(['idempotency-key-reused']);
  });
  test('given 10,000 other commands and a restart, the id still answers what it did', async () => {
    const { execute, journal, log } = house();
    const first = await execute(open('o', { initialDeposit: '5.00' }), deposit('d', '2.00'));
    for (let call = 0; call < 100; call += 1) {
      await execute(...Array.from({ length: 100 }, (_unused, at) => deposit(`x${call}-${at}`)));
    }
    const again = await testHost(journal, log).execute(
      open('o', { initialDeposit: '5.00' }),
      deposit('d', '2.00'),
    );
    expect(again.map(said)).toEqual(['1+2 again', '3 again']);
    expect(again.map((result) => ({ ...result, replayed: false }))).toEqual(first);
    expect(log.eventsOf(ACCOUNT)).toHaveLength(10_003);
  }, 60_000);
  test('given a refused command, its retry is decided afresh', async () => {
    const { execute } = house();
    expect(await saidOf(execute(open('o'), withdraw('w')))).toEqual(['1', 'insufficient-funds']);
    expect(await saidOf(execute(deposit('d'), withdraw('w')))).toEqual(['2', '3']);
  });
  test('given the log is away, an id that only the log could know is not executed', async () => {
    const journal = memoryJournal();
    const log = testLog();
    const { execute } = testHost(journal, {
      ...log,
      client: { ...log.client, once: () => Promise.reject(new Error('away')) },
    });
    await execute(open('o'));
    expect(await saidOf(execute(deposit('d')))).toEqual(['service-unavailable']);
    expect(await saidOf(execute(deposit('e', '1.00', { fresh: true })))).toEqual(['2']);
  });
});

describe('two hosts hold the same account', () => {
  test('of two that commit at once one wins, the other decides again after it', async () => {
    const { execute, journal, log } = house();
    const rival = testHost(journal, log);
    await execute(open('o', { initialDeposit: '1.00' }));
    await rival.execute(deposit('d'));
    const [mine, theirs] = await Promise.all([
      execute(withdraw('w', '2.00')),
      rival.execute(withdraw('v', '2.00')),
    ]);
    const outcomes = [said(mine[0]), said(theirs[0])].sort();
    expect(outcomes).toEqual(['4', 'insufficient-funds']);
    expect(log.forks).toEqual([]);
  });
  test('200 commands over both hosts: each executed once, no version twice', async () => {
    const { execute, journal, log } = house();
    const rival = testHost(journal, log);
    await execute(open('o'));
    const commands = Array.from({ length: 200 }, (_unused, at) => deposit(`d${at}`));
    const send = (command: CommandMessage, at: number) =>
      at % 2 === 0 ? execute(command) : rival.execute(command);
    // A loser that was overtaken several times gives up; as a client would, it tries again.
    const results = await Promise.all(
      commands.map(async (command, at) => {
        for (;;) {
          const [result] = await send(command, at);
          if (result?.ok) return result;
        }
      }),
    );
    const versions = results
      .map(({ events }) => events[0]?.version)
      .sort((a, b) => Number(a) - Number(b));
    expect(versions).toEqual(Array.from({ length: 200 }, (_unused, at) => at + 2));
    expect(log.forks).toEqual([]);
  });
});

describe('an answer of the journal is lost', () => {
  const lost = ({ row }: Commit): boolean =>
    row.events.some(({ commandId }) => commandId === 'lost');

  test.each([true, false])(
    'given the write was applied (%s), a retry tells the truth',
    async (applies) => {
      const journal = memoryJournal();
      const log = testLog();
      const broken = testHost(losing(journal, applies, lost), log);
      await broken.execute(open('o'));
      expect(await saidOf(broken.execute(deposit('lost')))).toEqual(['service-unavailable']);
      const whole = testHost(journal, log);
      expect(await saidOf(whole.execute(deposit('lost')))).toEqual([applies ? '2 again' : '2']);
    },
  );

  test('given a write whose answer was lost, its events still reach the log', async () => {
    const journal = memoryJournal();
    const log = testLog();
    const { actors, outbox, execute } = testHost(losing(journal, true, lost), log);
    await actors.start();
    outbox.start();
    await execute(open('o'));
    await execute(deposit('lost'));
    for (let tries = 0; tries < 80 && log.eventsOf(ACCOUNT).length < 2; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    actors.stop();
    outbox.stop();
    expect(log.eventsOf(ACCOUNT).map(({ version }) => version)).toEqual([1, 2]);
  }, 15_000);
});

test('after a crash of the host, a new one brings what was not published to the log', async () => {
  const journal = memoryJournal();
  const deaf = { ...testLog(), take: () => undefined };
  await testHost(journal, deaf, { confirms: false }).execute(open('o'), deposit('d'));
  const log = testLog();
  const { actors, outbox } = testHost(journal, log);
  await actors.start();
  outbox.start();
  for (let tries = 0; tries < 80 && log.eventsOf(ACCOUNT).length < 2; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  actors.stop();
  outbox.stop();
  expect(log.eventsOf(ACCOUNT)).toHaveLength(2);
}, 15_000);
