import { rmSync } from 'node:fs';
import fc from 'fast-check';
import * as bank from './forging-bank-for-tests.ts';
import { bankThat, ndjson, ofEvents, ofExport, ofReceipt } from './forging-bank-for-tests.ts';

/** The book of forgeries, last part: bytes of sound files changed, cut or doubled by chance. */
afterAll(() => rmSync(bank.FOLDER, { recursive: true, force: true }));
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const RUNS = 400;

const { all, header, items, walked, receiptAt } = bankThat();
const [exported, log, plain] = [[header, ...items], walked, all].map((one) => ndjson(one));
const last = receiptAt(bank.LAST_VERSION);
const files: readonly [Buffer, (bytes: Buffer) => Promise<string>][] = [
  [Buffer.from(exported!), (bytes) => ofExport(bytes, walked)],
  [Buffer.from(log!), (bytes) => ofExport(exported!, bytes)],
  [Buffer.from(plain!), (bytes) => ofEvents(bytes, last)],
  [Buffer.from(JSON.stringify(last)), (bytes) => ofReceipt(bytes.toString('latin1'))],
];

const changes = fc.record({
  file: fc.nat({ max: files.length - 1 }),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  kind: fc.constantFrom<'bit' | 'cut' | 'double'>('bit', 'bit', 'cut', 'double'),
  size: fc.integer({ min: 1, max: 300 }),
});

test(`given any change, nothing else is proven than before (SEED=${seed})`, async () => {
  const sound = await Promise.all(files.map(([bytes, verified]) => verified(bytes)));
  for (const words of sound) expect(words).toMatch(/^PROVEN/);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(changes, async ({ file, at, kind, size }) => {
      const [bytes, verified] = files[file]!;
      const place = Math.floor(at * bytes.length);
      const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
      const flipped = Buffer.of(after[0]! ^ (1 << (size % 7)));
      const changed = {
        bit: [before, flipped, after.subarray(1)],
        cut: [before, after.subarray(size)],
        double: [before, after.subarray(0, size), after],
      }[kind];
      const words = await verified(Buffer.concat(changed));
      if (words.startsWith('NOT PROVEN')) refused += 1;
      else expect(words).toBe(sound[file]);
    }),
    { seed, numRuns: RUNS },
  );
  // What bits of base64, blanks at ends and events' positions mean nothing are few.
  expect(refused).toBeGreaterThan(RUNS / 2);
});
