import type { Journal } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { deposit, message, open, said, testHost, testLog } from './bank-host-for-tests.ts';

test('given an outcome that is lost, no later command of the group overtakes it', async () => {
  const journal = memoryJournal();
  let commits = 0;
  const commit: Journal['commit'] = (turn) => {
    commits += 1;
    return commits === 2 ? Promise.reject(new Error('no answer')) : journal.commit(turn);
  };
  const { execute } = await testHost({ ...journal, commit }, testLog());
  const [opened] = await execute([open('open')]);
  expect(said(opened)).toBe('1');
  // More than a turn takes.
  const group = Array.from({ length: 700 }, (_unused, at) => deposit(`d${at}`));
  const first = await execute(group);
  expect(new Set(first.map(said))).toEqual(new Set(['service-unavailable']));
  const again = await execute(group);
  expect(again.map(said)).toEqual(group.map((_one, at) => String(at + 2)));
  expect(commits).toBeGreaterThan(2);
});

test('given a command that is refused, the later ones are executed all the same', async () => {
  const { execute } = await testHost();
  await execute([open('open')]);
  const results = await execute([message('w', { type: 'withdraw', amount: '1.00' }), deposit('d')]);
  expect(results.map(said)).toEqual(['insufficient-funds', '2']);
});
