import fc from 'fast-check';
import { readExactJson } from './exact-json.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const read = (text: string) => readExactJson(Buffer.from(text), 'It');

test(`given any JSON that JavaScript wrote, then it is read as it is (SEED=${seed})`, () => {
  const texts = fc.constantFrom('a"b', '\\', '\\"', '{"a":1,"a":2}', '\u2028', ':', '1e999');
  const member = fc.oneof(texts, fc.string(), fc.maxSafeInteger(), fc.boolean());
  const values = fc.object({ key: fc.oneof(texts, fc.string()), values: [member], maxDepth: 4 });
  fc.assert(
    fc.property(values, fc.constantFrom(undefined, 1), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      // Such a member JavaScript writes, but loses in many ways.
      fc.pre(!text.includes('__proto__'));
      expect(read(text)).toEqual({ value: JSON.parse(text) as unknown });
    }),
    { seed, numRuns: 500 },
  );
});

test.each([
  ['{"a":1,"a":1}', 'has the member "a" twice'],
  ['{"a":1, "b":[{"c":1,\n"c" \t: 2}]}', 'has the member "c" twice'],
  ['{"":1,"":2}', 'has the member "" twice'],
  ['{"a\\"":1,"a\\u0022":2}', 'has the member "a"" twice'],
  ['[{"__proto__":1}]', 'has a member "__proto__"'],
  ['9007199254740992', 'has the number 9007199254740992,'],
  ['[-9007199254740993]', 'has the number -9007199254740993,'],
  ['{"a":0.1000000000000000000001}', 'has the number 0.1000000000000000000001,'],
  ['[1,1e3]', 'has the number 1e3,'],
  ['[-0]', 'has the number -0,'],
  ['1e999', 'has the number 1e999,'],
  [`${'['.repeat(70)}${']'.repeat(70)}`, 'is nested deeper than'],
  ['{"a":1} {', 'is not JSON'],
  ['', 'is not JSON'],
])('given %s, then it is not read', (text, why) => {
  const detail = expect.stringContaining(`It ${why}`) as string;
  expect(read(text)).toEqual({ fault: 'unreadable', detail });
});

test.each([
  '{"a":{"a":1},"b":["a","a"]}',
  '["a",":"]',
  '[0.1,-1.5,1,0]',
  '{"a":"\\\\","b":"\\":"}',
])('but %s is', (text) => expect(read(text)).toEqual({ value: JSON.parse(text) as unknown }));
