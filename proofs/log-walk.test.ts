import { versionsFault, type PlacedVersion } from './log-walk.ts';

const placed = (position: number, hash = position): PlacedVersion => ({
  position,
  hValue: Buffer.alloc(32, hash),
});
const of = (...versions: PlacedVersion[]) => new Map(versions.map((one, at) => [at + 1, one]));
const claim = { latest: 2, stream: 's' };
const walked = of(placed(5), placed(6));

test('given what the walk met, then the versions that were shown are the same', () => {
  expect(versionsFault(walked, of(placed(5), placed(6)), claim)).toBeUndefined();
  expect(versionsFault(walked, of(placed(5)), claim)).toBeUndefined();
  expect(versionsFault(walked, of(), claim)).toBeUndefined();
});

test.each<[string, ReadonlyMap<number, PlacedVersion>, number, object]>([
  [
    'another value at the same place',
    of(placed(5), placed(6, 7)),
    2,
    { fault: 'two-histories', detail: 'The walked log has another version 2 of s than was shown.' },
  ],
  [
    'the same value at another place',
    of(placed(5), placed(7, 6)),
    2,
    { fault: 'entry-differs', detail: 'The walked log has version 2 of s at another place.' },
  ],
  ['more', of(), 3, { fault: 'missing', detail: 'The walked log has no version 3 of s.' }],
  [
    'less',
    of(),
    1,
    { fault: 'missing', detail: 'The log has 2 versions of s, the export tells of 1.' },
  ],
])('given an export that shows %s, then it is not proven', (_what, shown, latest, fault) => {
  expect(versionsFault(walked, shown, { ...claim, latest })).toEqual(fault);
});
