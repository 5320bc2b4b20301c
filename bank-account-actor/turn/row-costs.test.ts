import { testName } from '../../contracts/access/sender-for-tests.ts';
import fc from 'fast-check';
import type { CommandMessage } from '../../contracts/account/commands.ts';
import { transferIdFor } from '../../contracts/derived-ids.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { ACCOUNT, counting, deposit, message, open, said } from '../host/bank-host-for-tests.ts';
import { STREAM, testHost, testLog, virtualClock } from '../host/bank-host-for-tests.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { runsOf } from '../../domain/runs-for-tests.ts';

const OTHER = accountIdOfSerial(7n);
/** Longer than the log takes to confirm and a resting row to be settled. */
const REST_MS = 5_000;
const transfer = (id: string): CommandMessage => {
  const transferId = transferIdFor(ACCOUNT, testName(id));
  return message(id, { type: 'send-transfer', transferId, toAccountId: OTHER, amount: '0.01' });
};

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
// Finding W: an account that was not used twice within a minute kept and read a row a command.
test(`an account costs the same however old it is, at any pace (SEED=${seed})`, async () => {
  let most = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 600 }),
      fc.array(fc.integer({ min: 1, max: 86_400 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom('deposits', 'transfers', 'both' as const),
      // After how many commands the host is another one; it never is after 0.
      fc.constantFrom(0, 20, 50),
      async (commands, gaps, kind, life) => {
        const time = virtualClock();
        const { journal, counts } = counting(memoryJournal(time.clock.wall));
        const log = testLog();
        const next = async () => {
          const made = await testHost(journal, log, { clock: time.clock });
          made.start();
          return made;
        };
        let host = await next();
        const opened = open('o', { initialDeposit: '50.00' });
        await host.execute([opened, { ...opened, accountId: OTHER }]);
        for (let n = 0; n < commands; n += 1) {
          for (const ms of [100, 100, 1_500]) await time.skip(ms);
          await time.skip(1_000 * gaps[n % gaps.length]!);
          if (life > 0 && n % life === life - 1) {
            host.stop();
            host = await next();
          }
          const before = { ...counts };
          const isTransfer = kind === 'transfers' || (kind === 'both' && n % 2 === 1);
          const [result] = await host.execute([isTransfer ? transfer(`t${n}`) : deposit(`d${n}`)]);
          expect(said(result)).toMatch(new RegExp(`^${n + 3}(?:[+]|$)`));
          const rows = isTransfer ? 2 : 1;
          // The second question is for the other account.
          expect(counts.loads - before.loads).toBeLessThanOrEqual(rows);
          expect(counts.rowsRead - before.rowsRead).toBeLessThanOrEqual(rows);
          expect(counts.commits - before.commits).toBe(1);
          expect(counts.sizeWritten - before.sizeWritten).toBeLessThan(3_500 * rows);
        }
        most = Math.max(most, commands);
        const kept = async () => {
          const { streams } = await journal.load([STREAM, streamOf(OTHER)]);
          return streams.map(({ unlogged }) => unlogged.length);
        };
        expect(Math.max(...(await kept()))).toBeLessThanOrEqual(2);
        await time.pass(REST_MS);
        expect(await kept()).toEqual([0, 0]);
        expect(await journal.claimUnsettled(0, 10)).toEqual([]);
        expect(host.counts().unconfirmedEvents).toBe(0);
        host.stop();
      },
    ),
    {
      seed,
      numRuns: runsOf(4),
      examples: [
        [2_000, [61, 3_600], 'deposits', 0],
        [200, [61], 'transfers', 1],
      ],
    },
  );
  expect(most).toBe(2_000);
}, 120_000);
