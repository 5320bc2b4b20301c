import { testName } from '../../contracts/access/sender-for-tests.ts';
import { transferIdFor } from '../../contracts/derived-ids.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { ACCOUNT, deposit, message, open, said, STREAM } from '../host/bank-host-for-tests.ts';
import { testHost, testLog } from '../host/bank-host-for-tests.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import type { StoredStream } from '../journal/journal.ts';
import { heldOf, createHeldStreams } from './held-streams.ts';

const OTHER = accountIdOfSerial(7n);
const MIB = 1024 * 1024;
const metadata = Object.fromEntries(
  Array.from({ length: 20 }, (_, n) => [`k${n}`, 'm'.repeat(500)]),
);

async function rowWith(deposits: number): Promise<StoredStream> {
  const host = await testHost(memoryJournal(), testLog(), { delivers: false });
  await host.execute([open('o'), ...Array.from({ length: deposits }, (_, n) => deposit(`d${n}`))]);
  return (await host.journal.load([STREAM])).streams[0]!;
}

describe('the cache of a host', () => {
  test('is bounded by characters: the one that was used longest ago goes', async () => {
    const row = heldOf(await rowWith(20));
    const held = createHeldStreams(10 * row.size);
    const streams = Array.from({ length: 30 }, (_, n) => `${STREAM}${n}` as typeof STREAM);
    for (const stream of streams) held.take({ ...row, stream });
    expect(held.count()).toBe(10);
    expect(held.size()).toBeLessThanOrEqual(10 * row.size);
    expect(held.get(streams[0]!)).toBeUndefined();
    expect(held.get(streams[29]!)).toBeDefined();
    for (const stream of streams) held.forget(stream);
    expect([held.count(), held.size()]).toEqual([0, 0]);
  });
  test('given an older row, keeps the later one, and what the log confirmed stays so', async () => {
    const [older, later] = [heldOf(await rowWith(1)), heldOf(await rowWith(3))];
    const held = createHeldStreams();
    held.take(later);
    held.take(older);
    expect(held.get(STREAM)?.version).toBe(4);
    held.confirmed(STREAM, 3);
    held.take(later);
    expect(held.get(STREAM)).toMatchObject({ logged: 3, unlogged: [{ version: 4 }] });
    const size = held.size();
    held.confirmed(STREAM, 99);
    expect([held.get(STREAM)?.logged, held.size()]).toEqual([3, size]);
    held.confirmed(STREAM, 4);
    held.forget(STREAM);
    expect(held.size()).toBe(0);
  });
});

// Finding S3: a row repeated the metadata of all pending transfers, in megabytes.
test("given large reservations while the log is away, an account's row stays small", async () => {
  const host = await testHost(memoryJournal(), testLog(), { delivers: false });
  await host.execute([open('o', { initialDeposit: '500.00' }), { ...open('p'), accountId: OTHER }]);
  const told = new Set<string>();
  for (let n = 0; n < 200; n += 1) {
    const transferId = transferIdFor(ACCOUNT, testName(`t${n}`));
    const terms = { transferId, toAccountId: OTHER, amount: '1.00', metadata };
    const [result] = await host.execute([message(`t${n}`, { type: 'reserve-transfer', ...terms })]);
    if (result?.ok === false) told.add(said(result));
  }
  expect([...told]).toEqual(['service-unavailable']);
  const [row] = (await host.journal.load([STREAM])).streams;
  expect(row!.state.length).toBeLessThan(100_000);
  expect(JSON.stringify(row).length).toBeLessThan(MIB);
  // An account that has nothing to do with it goes on.
  const other = { ...deposit('d'), accountId: OTHER };
  expect((await host.execute([other])).map(said)).toEqual(['2']);
});

// Finding S2; text of three bytes a character counts three times in the journal's bounds.
test.each([
  ['m', 95],
  ['字', 33],
])('given large batches of %s alongside a deposit, nobody fails', async (letter, commands) => {
  const large = Object.fromEntries(
    Array.from({ length: 20 }, (_, n) => [`k${n}`, letter.repeat(500)]),
  );
  const memory = memoryJournal();
  const refused: number[] = [];
  const commit: typeof memory.commit = (turn) => {
    const size = JSON.stringify(turn).length;
    if (size <= 8 * MIB) return memory.commit(turn);
    refused.push(size);
    return Promise.reject(new Error('too large'));
  };
  const host = await testHost({ ...memory, commit });
  const ids = Array.from({ length: 12 }, (_, n) => accountIdOfSerial(BigInt(n + 100)));
  for (const accountId of [ACCOUNT, ...ids]) await host.execute([{ ...open('o'), accountId }]);
  const batches = ids.map((accountId) => {
    const terms = { type: 'deposit', amount: '1.00', metadata: large };
    const bodyOf = (n: number) => message(`m${n}`, terms);
    return Array.from({ length: commands }, (_, n) => ({ ...bodyOf(n), accountId }));
  });
  const [deposited, ...results] = await Promise.all([
    host.execute([deposit('d')]),
    ...batches.map((commands) => host.execute(commands, { atomic: true })),
  ]);
  expect(deposited.map(said)).toEqual(['2']);
  expect(new Set(results.flat().map(({ ok }) => ok))).toEqual(new Set([true]));
  expect(refused).toEqual([]);
});
