import fc from 'fast-check';
import { keyedHash, newKey, placeOf, seal, unseal } from './sealing.ts';
import { runsOf } from '../../domain/runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const stream = 'person/00000000-0000-8000-8000-000000000001';
const place = placeOf({ id: `${stream}/1`, type: 'person-registered' });
const data = { givenName: 'Jana', familyName: 'Malá' };

test('what was sealed is opened with the same key at the same place', () => {
  const key = newKey();
  const sealed = seal(key, place, data);
  expect(unseal(key, place, sealed)).toEqual(data);
  expect(Buffer.from(sealed, 'base64url').includes('Jana')).toBe(false);
});
test('what an earlier release sealed is opened', () => {
  const key = Buffer.alloc(32, 7).toString('base64url');
  const sealed =
    'qasD8_yvzSzFO3JmdUC5mZyc6G-fMuE9uzkqggV5fPYy06zWEtVS0Ahp8Qbh48TFTzk7Aqto1lS5t0iUM8LqHLZZO0Rg';
  expect(unseal(key, place, sealed)).toEqual(data);
});
test('the same data is sealed differently each time, so equal persons look different', () => {
  const key = newKey();
  expect(seal(key, place, data)).not.toBe(seal(key, place, data));
});
test.each([
  ['another key', newKey(), place],
  ['another version', undefined, placeOf({ id: `${stream}/2`, type: 'person-registered' })],
  ['another type', undefined, placeOf({ id: `${stream}/1`, type: 'person-address-changed' })],
  [
    'another person',
    undefined,
    placeOf({ id: `${stream.replace(/1$/, '2')}/1`, type: 'person-registered' }),
  ],
])('given %s, it cannot be opened', (_name, otherKey, otherPlace) => {
  const key = newKey();
  const sealed = seal(key, place, data);
  expect(() => unseal(otherKey ?? key, otherPlace, sealed)).toThrow();
});
test(`given any bit changed, it cannot be opened (SEED=${seed})`, () => {
  const key = newKey();
  const sealed = Buffer.from(seal(key, place, data), 'base64url');
  fc.assert(
    fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => unseal(key, place, changed.toString('base64url'))).toThrow();
    }),
    { seed, numRuns: runsOf(500) },
  );
});
test(`any text comes back as it was (SEED=${seed})`, () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'binary' })), (any) => {
      const key = newKey();
      const plain = JSON.parse(JSON.stringify(any)) as object;
      expect(unseal(key, place, seal(key, place, plain))).toEqual(plain);
    }),
    { seed, numRuns: runsOf(1_000) },
  );
});
test('the hash of a command needs the key: nobody can guess a name by trying', () => {
  const [key, other] = [newKey(), newKey()];
  expect(keyedHash(key, { b: 1, a: 2 })).toBe(keyedHash(key, { a: 2, b: 1 }));
  expect(keyedHash(key, data)).not.toBe(keyedHash(other, data));
  expect(keyedHash(key, data)).not.toBe(keyedHash(key, { ...data, givenName: 'Jan' }));
});
