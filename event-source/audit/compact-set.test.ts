import { SeenNames } from './compact-set.ts';

test('given many names, then exactly those that were added are found', () => {
  const names = new SeenNames();
  const count = 200_000;
  for (let at = 0; at < count; at += 1) names.add(`acct/x command-${at}`);
  names.add('acct/x command-7');
  expect(names.size).toBe(count);
  for (let at = 0; at < count; at += 1) {
    if (!names.has(`acct/x command-${at}`)) throw new Error(`${at} was forgotten`);
    if (names.has(`acct/y command-${at}`)) throw new Error(`${at} was never added`);
  }
});
