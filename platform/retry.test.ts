import { doubling, retry } from './retry.ts';

const failing = (times: number, error = new Error('away')) => {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= times) throw error;
    return calls;
  };
};

test('a call that fails is made again after each pause', async () => {
  const slept: number[] = [];
  const sleep = async (ms: number) => void slept.push(ms);
  expect(await retry(failing(2), { pausesMs: [100, 300, 800], sleep })).toBe(3);
  expect(slept).toEqual([100, 300]);
  expect(await retry(failing(4), { pausesMs: doubling(50, 150), sleep })).toBe(5);
  expect(slept.slice(2)).toEqual([50, 100, 150, 150]);
});

test('when the pauses are used up, or a retry cannot help, the error is thrown', async () => {
  const slept: number[] = [];
  const sleep = async (ms: number) => void slept.push(ms);
  await expect(retry(failing(2), { pausesMs: [100], sleep })).rejects.toThrow('away');
  expect(slept).toEqual([100]);
  const mayRetry = (error: unknown) => !(error instanceof RangeError);
  const call = failing(1, new RangeError('a bug'));
  await expect(retry(call, { pausesMs: [100], mayRetry, sleep })).rejects.toThrow('a bug');
  expect(slept).toEqual([100]);
});
