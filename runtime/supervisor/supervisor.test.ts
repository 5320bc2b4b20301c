import type { Entry, ProgramState } from './process-table.ts';
import { watchOutages } from './supervisor.ts';

const programs = (nats: ProgramState): Entry[] =>
  [
    { name: 'nats', state: nats },
    { name: 'a-daprd', state: 'ready' },
    { name: 'b-daprd', state: 'ready' },
  ] as unknown as Entry[];
const givesUpOn = new Map([
  ['a-daprd', 'nats'],
  ['b-daprd', 'immudb'],
]);

test.each([
  [59_000, []],
  [61_000, ['a-daprd because of nats']],
])('given an outage of %d ms, what gave up meanwhile is restarted', (awayMs, expected) => {
  const restarted: string[] = [];
  const look = watchOutages((name, because) => restarted.push(`${name} because of ${because}`));
  look(programs('ready'), givesUpOn, 0);
  look(programs('restarting'), givesUpOn, 1_000);
  look(programs('starting'), givesUpOn, 30_000);
  look(programs('ready'), givesUpOn, 1_000 + awayMs);
  look(programs('ready'), givesUpOn, 2_000 + awayMs);
  expect(restarted).toEqual(expected);
});
