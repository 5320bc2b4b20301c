import { latenciesOf, quantile } from './latencies.ts';

test('quantiles are values that were measured, by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
  expect(latenciesOf(hundred)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99, max: 100 });
  expect(latenciesOf([7])).toEqual({ count: 1, p50: 7, p95: 7, p99: 7, max: 7 });
});

test('nothing measured has no quantile', () => {
  expect(quantile([], 0.5)).toBeNaN();
  expect(latenciesOf([]).max).toBeNaN();
});

test('the measured order is left as it was', () => {
  const given = [3, 1, 2];
  latenciesOf(given);
  expect(given).toEqual([3, 1, 2]);
});
