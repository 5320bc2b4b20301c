import { secondsInOneRound } from './quiet-accounts.ts';
import { createPool, shuffled } from './spread.ts';

test('the order is a permutation, the same in every run and not that of the numbers', () => {
  const order = [...shuffled(10_000)];
  expect(order).toEqual([...shuffled(10_000)]);
  expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
  const near = order.filter((one, at) => Math.abs(one - (order[at - 1] ?? Infinity)) === 1);
  expect(near.length).toBeLessThan(20);
});

test('each account is given once before one is given again', () => {
  const pool = createPool(() => 0);
  pool.add([1, 2, 3, 4, 5].map((one) => ({ id: `a${one}`, at: 0 })));
  const next = pool.inTurn(4);
  const round = (): string[] => Array.from({ length: 4 }, () => next());
  const first = round();
  expect(first.toSorted()).toEqual(['a1', 'a2', 'a3', 'a4']);
  expect(round()).toEqual(first);
  expect(() => pool.inTurn(6)).toThrow('only 5 accounts of 6 are open');
});

test('the shortest rest is that since the opening or the command before', () => {
  let time = 1_000;
  const pool = createPool(() => time);
  pool.add([{ id: 'a', at: 100 }]);
  const next = pool.inTurn(1);
  next();
  expect(pool.shortestRest()).toBe(900);
  time += 50;
  next();
  expect(pool.shortestRest()).toBe(50);
});

test('a pool has rested when a minute has passed since the last use', async () => {
  const pool = createPool(() => 60_090);
  pool.add([{ id: 'a', at: 100 }]);
  const began = performance.now();
  await pool.rested();
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('a load ends before it uses an account for the second time', () => {
  expect(secondsInOneRound(10_000, 1_300, 8)).toBe(5);
  expect(secondsInOneRound(100_000, 1_300, 8)).toBe(8);
  expect(secondsInOneRound(1_000, 1_300, 8)).toBe(2);
});
