import fc from 'fast-check';
import { byteLines, LINE_BYTES_MAX } from './byte-lines.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

async function linesOf(bytes: Buffer, size: number): Promise<(string | undefined)[]> {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) {
      yield await Promise.resolve(bytes.subarray(at, at + size));
    }
  }
  const lines: (string | undefined)[] = [];
  for await (const line of byteLines(chunks())) lines.push(line?.toString());
  return lines;
}

const TEXT = fc.string({
  unit: fc.constantFrom('a', 'ž', '\u2028', '\u2029', '\u0085', '\u{1f40e}'),
});

test(`given any lines, cut anywhere, then only "\\n" ends one (SEED=${seed})`, async () => {
  const texts = fc.array(TEXT, { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 9 }), async (lines, size) => {
      expect(await linesOf(Buffer.from(lines.join('\n')), size)).toEqual(lines);
      expect(await linesOf(Buffer.from(`\ufeff${lines.join('\r\n')}`), size)).toEqual(lines);
    }),
    { seed, numRuns: 300 },
  );
});

test('given nothing, or a mark behind the beginning, then it stays as it is', async () => {
  expect(await linesOf(Buffer.alloc(0), 1)).toEqual(['']);
  expect(await linesOf(Buffer.from('a\n\ufeffb\r\rc'), 2)).toEqual(['a', '\ufeffb\r\rc']);
});

test('given a line without end, then it is not kept', async () => {
  const half = LINE_BYTES_MAX / 2 + 1;
  expect(await linesOf(Buffer.concat([Buffer.from('a\n'), Buffer.alloc(2 * half)]), half)).toEqual([
    'a',
    undefined,
  ]);
});
