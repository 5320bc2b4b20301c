import { createBackOff } from './managed-program.ts';

describe('back-off', () => {
  test('given deaths in a row, the delay doubles up to its limit', () => {
    const backOff = createBackOff(200, 1_000, 30_000);
    expect([1, 2, 3, 4, 5].map(() => backOff.next(0))).toEqual([200, 400, 800, 1_000, 1_000]);
  });

  test('given a healthy run, the next death starts from the first delay', () => {
    const backOff = createBackOff(200, 1_000, 30_000);
    backOff.next(0);
    backOff.next(0);
    expect(backOff.next(29_999)).toBe(800);
    expect(backOff.next(30_000)).toBe(200);
    expect(backOff.next(0)).toBe(400);
  });
});
