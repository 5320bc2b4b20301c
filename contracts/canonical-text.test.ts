import fc from 'fast-check';
import { canonicalJson, isCanonicalText } from './canonical-json.ts';
import { runsOf } from '../domain/runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const said = (text: string): boolean => {
  return isCanonicalText(Buffer.from(text), JSON.parse(text) as unknown);
};

test(`a text is canonical exactly when it is the one of its value, SEED=${seed}`, () => {
  const name = fc.string({
    unit: fc.constantFrom(...Array.from('abAB_.é"\\')),
    minLength: 1,
    maxLength: 4,
  });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(null, true, false, 0, 7, 10, -1, 1.5, 2 ** 53, 1e21),
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 4 }),
    ),
  }));
  const counts = { canonical: 0, other: 0 };
  fc.assert(
    fc.property(fc.dictionary(name, value, { minKeys: 1, maxKeys: 4 }), fc.nat(4), (any, how) => {
      const canonical = canonicalJson(any);
      const text = [
        canonical,
        JSON.stringify(any),
        JSON.stringify(any, null, 1),
        canonical.replace('{', '{"":1,'),
        canonical.replace(/"([ab])/, (_all, letter: string) => `"\\u00${letter === 'a' ? 61 : 62}`),
      ][how]!;
      const isIt = canonicalJson(JSON.parse(text)) === text;
      counts[isIt ? 'canonical' : 'other'] += 1;
      if (said(text) !== isIt) throw new Error(text);
    }),
    { seed, numRuns: runsOf(20_000) },
  );
  expect(Math.min(counts.canonical, counts.other)).toBeGreaterThan(runsOf(2_000));
});

test.each([
  '{"a":1,"a":1}',
  '{"b":1,"a":1}',
  '{"a":{"c":1,"b":1}}',
  '{"a":1, "b":1}',
  '{"a":1}\n',
  '{"a":"\\u0061"}',
  '{"a":"\\/"}',
  '{"a":1.0}',
  '{"a":1e2}',
  '{"a":-0}',
  '{"aa":1,"a":1}',
])('%s is not', (text) => expect(said(text)).toBe(false));
test.each(['{"a":1,"aa":1}', '{"a":"é","b":-1.5}', '{"a":[1,2],"b":{}}', '{"A":true,"a":null}'])(
  '%s is',
  (text) => expect(said(text)).toBe(true),
);
