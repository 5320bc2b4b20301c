import { serial } from './serial.ts';

test('work that is asked for together runs one after the other, also after a failure', async () => {
  const inTurn = serial();
  const steps: string[] = [];
  const work = (name: string) => async () => {
    steps.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    steps.push(`${name} ends`);
    if (name === 'b') throw new Error('b failed');
    return name;
  };
  const ended = await Promise.allSettled(['a', 'b', 'c'].map((name) => inTurn(work(name))));
  expect(steps).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});
