import { journalContract, newStream, turn, write } from './journal-contract.ts';
import { faultyJournal } from './faulty-journal-for-tests.ts';
import { memoryJournal } from './memory-journal.ts';

let now = 1_700_000_000_000;
const shared = memoryJournal(() => now);
journalContract('memory', () => ({
  host: () => shared,
  wait: (ms) => {
    now += ms;
    return Promise.resolve();
  },
}));

test('given a store whose clock was set back, then nobody waits for the old time', async () => {
  let time = now;
  const [journal, stream] = [memoryJournal(() => time), newStream()];
  await journal.commit(turn([write(stream, 0)]));
  time -= 3_600_000;
  const claimed = async () => (await journal.claimUnsettled(4_000, 9)).map((row) => row.stream);
  expect(await claimed()).toEqual([stream]);
  expect(await claimed()).toEqual([]);
});

test('given a faulty journal, a late write is applied when told, and once', async () => {
  const numbers = [0, 0, 0, 0.5, 0, 0.9];
  const { journal, late } = faultyJournal(
    shared,
    () => numbers.shift() ?? 0.99,
    () => 0.5,
  );
  const [lost, unheard, delayed] = [newStream(), newStream(), newStream()];
  for (const stream of [lost, unheard, delayed]) {
    await expect(journal.commit(turn([write(stream, 0)]))).rejects.toThrow('no answer');
  }
  const found = async () => (await journal.load([lost, unheard, delayed])).streams;
  expect((await found()).map(({ stream }) => stream)).toEqual([unheard]);
  for (const again of [...late, ...late]) await again.apply();
  expect((await found()).map(({ stream, version }) => [stream, version])).toEqual([
    [unheard, 1],
    [delayed, 1],
  ]);
});
