import fc from 'fast-check';
import { counting, deposit, open, said, STREAM } from '../host/bank-host-for-tests.ts';
import { testHost, testLog, virtualClock } from '../host/bank-host-for-tests.ts';
import { memoryJournal } from '../journal/memory-journal.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
test(`an account costs the same however old it is, at any pace (SEED=${seed})`, async () => {
  let most = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 2_000 }),
      fc.array(fc.integer({ min: 1, max: 86_400 }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      async (commands, gaps, isRestarted) => {
        const time = virtualClock();
        const { journal, counts } = counting(memoryJournal());
        const log = testLog();
        let host = await testHost(journal, log, { clock: time.clock });
        host.start();
        await host.execute([open('o')]);
        for (let n = 0; n < commands; n += 1) {
          for (const ms of [100, 100, 1_500]) await time.skip(ms);
          await time.skip(1_000 * gaps[n % gaps.length]!);
          if (isRestarted && n % 50 === 49) {
            host.stop();
            host = await testHost(journal, log, { clock: time.clock });
            host.start();
          }
          const before = { ...counts };
          expect((await host.execute([deposit(`d${n}`)])).map(said)).toEqual([`${n + 2}`]);
          expect(counts.loads - before.loads).toBeLessThanOrEqual(1);
          expect(counts.rowsRead - before.rowsRead).toBeLessThanOrEqual(1);
          expect(counts.commits - before.commits).toBe(1);
          expect(counts.sizeWritten - before.sizeWritten).toBeLessThan(3_000);
        }
        host.stop();
        most = Math.max(most, commands);
        const { streams } = await journal.load([STREAM]);
        expect(streams).toHaveLength(1);
        expect(streams[0]!.unlogged.length).toBeLessThanOrEqual(2);
      },
    ),
    { seed, numRuns: 6, examples: [[2_000, [61, 3_600], false]] },
  );
  expect(most).toBe(2_000);
}, 60_000);
