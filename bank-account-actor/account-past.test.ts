import type { CommandResult } from '../contracts/commands.ts';
import { ACCOUNT, deposit, message, open, said, testHost, testLog } from './actor-fixtures.ts';
import { memoryJournal } from './memory-journal.ts';

const FORGOTTEN_AFTER = 40;

function house() {
  const journal = memoryJournal();
  const log = testLog();
  let other = 0;
  const host = testHost(journal, log);
  const run = async (id: string, command: object): Promise<CommandResult | undefined> =>
    (await host.execute(message(id, command)))[0];
  /** Other commands push what was before out of the memory of the actor; the log has it. */
  const busy = async (): Promise<void> => {
    for (let at = 0; at < FORGOTTEN_AFTER; at += 1) {
      await host.execute(deposit(`busy-${(other += 1)}`, '1.00', { fresh: true }));
    }
  };
  const restart = () => testHost(journal, log);
  return { ...host, run, busy, restart, log };
}

const holdOf = (result: CommandResult | undefined): string => {
  const [event] = result?.ok === true ? result.events : [];
  if (event?.type !== 'hold-placed') throw new Error('no hold was placed');
  return event.data.holdId;
};

test('given a hold resolved long ago, it is resolved once, and the answer says where', async () => {
  const { execute, run, busy } = house();
  await execute(open('o', { initialDeposit: '50.00' }));
  const holdId = holdOf(await run('h', { type: 'place-hold', amount: '10.00' }));
  expect(said(await run('c', { type: 'capture-hold', holdId }))).toBe('4');
  await busy();
  expect(await run('v', { type: 'void-hold', holdId })).toEqual({
    ok: false,
    refusal: { code: 'hold-already-resolved', version: 4 },
  });
  expect(said(await run('c', { type: 'capture-hold', holdId }))).toBe('4 again');
});

test('given a hold that was never placed, it is not found', async () => {
  const { execute, run } = house();
  await execute(open('o'));
  const holdId = '00000000-0000-8000-8000-000000000009';
  expect(said(await run('v', { type: 'void-hold', holdId }))).toBe('hold-not-found');
});

test('given two who resolve one hold in one call, the first wins', async () => {
  const { execute, run } = house();
  await execute(open('o', { initialDeposit: '50.00' }));
  const holdId = holdOf(await run('h', { type: 'place-hold', amount: '10.00' }));
  const results = await execute(
    message('c', { type: 'capture-hold', holdId }),
    message('v', { type: 'void-hold', holdId }),
  );
  expect(results.map(said)).toEqual(['4', 'hold-already-resolved']);
});

test('given a movement of long ago, it is reversed once, on whatever host', async () => {
  const { execute, run, busy, restart } = house();
  await execute(open('o', { initialDeposit: '50.00' }));
  await busy();
  const reversal = { type: 'reverse', version: 2, reason: 'mistake' };
  expect(said(await run('r', reversal))).toBe(`${FORGOTTEN_AFTER + 3}`);
  await busy();
  const other = restart();
  const [again] = await other.execute(message('again', reversal));
  expect(again).toEqual({
    ok: false,
    refusal: { code: 'already-reversed', version: FORGOTTEN_AFTER + 3 },
  });
  expect((await other.execute(message('r', reversal))).map(said)).toEqual([
    `${FORGOTTEN_AFTER + 3} again`,
  ]);
});

test('given a version that is not there, or no movement, nothing is reversed', async () => {
  const { execute, run } = house();
  await execute(open('o'));
  expect(said(await run('a', { type: 'reverse', version: 7 }))).toBe('event-not-found');
  expect(said(await run('b', { type: 'reverse', version: 1 }))).toBe('not-reversible');
});

test('given one call that deposits and reverses it, both are decided in order', async () => {
  const { execute, log } = house();
  await execute(open('o'));
  const results = await execute(
    deposit('d', '5.00'),
    message('r', { type: 'reverse', version: 2 }),
    message('r2', { type: 'reverse', version: 2 }),
  );
  expect(results.map(said)).toEqual(['2', '3', 'already-reversed']);
  expect(log.eventsOf(ACCOUNT)).toHaveLength(3);
});
