import { TESTER, testName } from '../contracts/access/sender-for-tests.ts';
import type { CommandGroup } from '../contracts/account/commands.ts';
import { accountIdFor } from '../contracts/derived-ids.ts';
import { commandId } from '../domain/ids.ts';
import { authenticCalls } from '../platform/authentic-calls.ts';
import { createLogger } from '../platform/logger.ts';
import { actorCalls } from './actor-calls.ts';
import { courier } from './courier.ts';

const A = accountIdFor(testName('a'));
const group: CommandGroup = {
  ...TESTER,
  commands: [
    { accountId: A, commandId: commandId('k'), command: { type: 'deposit', amount: '1.00' } },
  ],
};
const results = { groups: [{ results: [{ ok: false, refusal: { code: 'account-frozen' } }] }] };
const said = JSON.stringify({ host: 'host1', ...results });
const silent = createLogger('test', 'error');
silent.silent = true;

/** A bank whose calls end up with somebody who answers like this. */
function bank(answerer: (target: string, body: string) => string) {
  const calls: string[] = [];
  const invokeActor = (type: string, id: string, method: string, body: string) => {
    const target = `${type}/${id}/${method}`;
    calls.push(body);
    return Promise.resolve(answerer(target, body));
  };
  const callActor = actorCalls({ invokeActor }, authenticCalls('the key'), silent);
  const actors = courier(callActor, { wall: Date.now, sleep: () => Promise.resolve() });
  return { actors, calls };
}
const hostWith =
  (key: string) =>
  (target: string, body: string): string =>
    authenticCalls(key).take(target, body)?.answer(said) ?? said;

test('given an actor host, its answer counts', async () => {
  const { actors, calls } = bank(hostWith('the key'));
  expect(await actors.execute(group)).toEqual(results.groups[0]!.results);
  expect(calls).toHaveLength(1);
});

// Review, finding 5: who claimed the actor type at placement answered clients with 201.
test.each<[what: string, answerer: (target: string, body: string) => string]>([
  ['answers as a host does', () => said],
  ['has a key of its own', hostWith('another key')],
  ['answers with what it was asked', (_target, body) => body],
])('given somebody else who %s, the outcome is unknown', async (_what, answerer) => {
  const { actors, calls } = bank(answerer);
  expect(await actors.execute(group)).toMatchObject([
    { ok: false, refusal: { code: 'service-unavailable' } },
  ]);
  expect(await actors.lookup(A, ['k'], '*')).toBe('unavailable');
  // Dapr may call the right host the next time.
  expect(calls.length).toBeGreaterThan(2);
});

test('given an answer that an actor gave before, it is none to another call', async () => {
  let kept: string | undefined;
  const { actors } = bank((target, body) => (kept ??= hostWith('the key')(target, body)));
  expect(await actors.execute(group)).toEqual(results.groups[0]!.results);
  const again = await actors.execute(group);
  expect(again).toMatchObject([{ refusal: { code: 'service-unavailable' } }]);
});
