import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import type { StoredStream } from '../journal/journal.ts';
import { loggedStreams } from './logged-streams.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** What the engine itself keeps of a run, or lets go of what other tests left. */
const SLACK_BYTES = 8 * 1024 * 1024;
/** Once what other tests of this process left behind is gone as well. */
const heap = async (): Promise<number> => {
  for (let before = Infinity; ;) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { heapUsed } = process.memoryUsage();
    if (before - heapUsed < SLACK_BYTES / 8) return heapUsed;
    before = heapUsed;
  }
};

/** An opening as it comes out of a page, with texts of its own. */
function opened(n: number, text: string): BankEvent {
  const stream = `acct/${accountIdOfSerial(BigInt(n + 1))}`;
  const metadata = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`key${at}`, text]));
  const balance = { ledger: '0.00', held: '0.00', available: '0.00' };
  const terms = { ownerId: accountIdOfSerial(9n), currency: 'CZK', overdraftLimit: '0.00' };
  return JSON.parse(
    canonicalJson({
      id: `${stream}/1`,
      stream,
      version: 1,
      type: 'account-opened',
      schema: 1,
      commandId: 'o',
      commandHash: 'h'.repeat(43),
      at: '2026-01-01T00:00:00.000Z',
      data: { ...terms, metadata, balance },
    }),
  ) as BankEvent;
}
const rowOf = (event: BankEvent): StoredStream =>
  JSON.parse(
    JSON.stringify({
      stream: event.stream,
      version: 1,
      digest: eventDigest(canonicalJson(event)),
      state: JSON.stringify(event.data),
      logged: 1,
      unlogged: [],
    }),
  ) as StoredStream;

describe.each([
  ['short texts', 'x', 6_000],
  ['long texts', 'x'.repeat(500), 3_000],
  ['long texts of two bytes a character', '字'.repeat(500), 1_800],
])('given accounts with %s', (_what, text, count) => {
  test.each(['new', 'there already'])(
    'memory is what is counted, when they are %s',
    async (which) => {
      const before = await heap();
      const logged = loggedStreams();
      for (let n = 0; n < count; n += 1) {
        const event = opened(n, text);
        logged.take(event, which === 'new' ? undefined : rowOf(event));
      }
      const held = (await heap()) - before;
      expect(held).toBeLessThan(logged.bytes() * 1.2 + count * 500 + SLACK_BYTES);
      expect(logged.bytes()).toBeLessThan((held + SLACK_BYTES) * 6);
      const written = [...logged.release()].length;
      expect(written).toBe(which === 'new' ? count : 0);
      expect(logged.bytes()).toBe(0);
      expect((await heap()) - before).toBeLessThan(count * 700 + SLACK_BYTES);
      expect([...logged.all.values()].filter(({ wrong }) => wrong !== undefined)).toEqual([]);
    },
  );
});
