import fc from 'fast-check';
import { canonicalJson } from './canonical-json.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** As it is defined, in the plainest way. */
function plainly(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plainly).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const names = Object.keys(value).sort((left, right) => (left < right ? -1 : 1));
  const members = value as Record<string, unknown>;
  const kept = names.filter((name) => members[name] !== undefined);
  return `{${kept.map((name) => `${JSON.stringify(name)}:${plainly(members[name])}`).join(',')}}`;
}

test(`given any JSON, in order or not, then its text is its value's, SEED=${seed}`, () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(text).toBe(plainly(value));
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
    { seed, numRuns: 500 },
  );
});

test('given names that are numbers, or missing members, then the order is of texts', () => {
  const value = { b: undefined, 10: 'ten', 9: ['x', undefined, { z: 1, a: undefined }] };
  expect(canonicalJson(value)).toBe('{"10":"ten","9":["x",null,{"z":1}]}');
  expect(canonicalJson(undefined)).toBe('null');
  expect(canonicalJson({ a: { b: 1, c: 2 }, d: 'ž' })).toBe('{"a":{"b":1,"c":2},"d":"ž"}');
});
