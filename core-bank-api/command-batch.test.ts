import type { BatchResult } from '../contracts/batches.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import { accountNumberOf } from '../domain/account-number.ts';
import { commandId, type AccountId } from '../domain/ids.ts';
import { unavailable, type Actors, type Joint } from './actor-client.ts';
import { executePlan, planBatch, problemOf, resultOf } from './command-batch.ts';
import { accountIdFor } from './request-headers.ts';

const [A, B] = [accountIdFor(commandId('a')), accountIdFor(commandId('b'))];
const deposit = (accountId: string, idempotencyKey?: string, amount = '1.00') => ({
  type: 'deposit',
  accountId,
  ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  amount,
});
const plan = (...items: unknown[]) => planBatch(items, { traceparent: 't' });

/** Actors that note every call and answer each command by `answer`. */
const actors = (answer: (message: CommandMessage) => CommandResult) => {
  const calls: { accountId: AccountId; keys: string[]; joint: Joint | undefined }[] = [];
  const execute: Actors['execute'] = (accountId, messages, joint) => {
    calls.push({ accountId, keys: messages.map((one) => one.commandId), joint });
    return Promise.resolve(messages.map(answer));
  };
  return { calls, execute };
};
const refused: CommandResult = { ok: false, refusal: { code: 'account-not-found' } };

describe('planning a batch', () => {
  test('given commands of several accounts, each account keeps its own in order', () => {
    const items = [deposit(A, '1'), deposit(B, '2'), deposit(A, '3'), deposit(B, '4')];
    const { accounts, failures } = plan(...items);
    const keys = [...accounts.values()].map((queue) => queue.map((one) => one.message.commandId));
    expect([...accounts.keys()]).toEqual([A, B]);
    expect(keys).toEqual([
      ['1', '3'],
      ['2', '4'],
    ]);
    expect(failures.size).toBe(0);
  });
  test('given bad items, each has its own failure and the others are planned', () => {
    const items = [
      deposit(A, '1'),
      deposit(A, '2', '1e5'),
      null,
      7,
      [deposit(A)],
      { type: 'rob', accountId: A },
      { type: 'deposit', amount: '1.00' },
      deposit('00000000000000000000'),
      { ...deposit(A), bonus: true },
      deposit(A, 'a key'),
      { type: 'open-account', ownerId: 'jana', currency: 'CZK', accountId: A },
      deposit(A, `expire ${A}`),
      deposit(A, '12'),
    ];
    const { accounts, failures } = plan(...items);
    expect(accounts.get(A)?.map(({ index }) => index)).toEqual([0, 12]);
    expect([...failures.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const at = [...failures.values()].map(({ parts }) => parts.errors?.[0]?.at);
    const ofKey = ['/idempotencyKey', '/accountId', '/idempotencyKey'];
    const fields = ['/accountId', '/accountId', '/bonus', ...ofKey];
    expect(at).toEqual(['/amount', '', '', '', '/type', ...fields]);
  });
  test('given a number, it is the account of the id', () => {
    expect([...plan(deposit(accountNumberOf(A) ?? '')).accounts.keys()]).toEqual([A]);
  });
  test('given an opening, the account follows from the key, as over REST', () => {
    const opening = { type: 'open-account', ownerId: 'jana', currency: 'CZK' };
    const { accounts } = plan({ ...opening, idempotencyKey: 'a' }, deposit(A));
    expect([...accounts.keys()]).toEqual([A]);
    expect(accounts.get(A)?.map(({ message }) => message.fresh)).toEqual([false, true]);
  });
  test('given no address members, the command is exactly its body', () => {
    const [first] = plan(deposit(A, '1')).accounts.get(A) ?? [];
    expect(first?.message).toEqual({
      traceparent: 't',
      commandId: '1',
      fresh: false,
      command: { type: 'deposit', amount: '1.00' },
    });
  });
});

const run = async (
  port: Pick<Actors, 'execute'>,
  items: readonly unknown[],
  joint?: Joint,
): Promise<(string | number)[]> => {
  const results: (string | number)[] = [];
  const planned = plan(...items);
  for (const [index, failure] of planned.failures) {
    results[index] = problemOf(failure, `/v1/batches#/commands/${index}`).status;
  }
  await executePlan(port, planned, joint, (command, result) => {
    results[command.index] = (resultOf(command, result, '/') as BatchResult).problem?.code ?? '';
  });
  return results;
};

describe('executing a plan', () => {
  test('given 250 commands of one account, the actor takes 100 in one call, in order', async () => {
    const port = actors(() => refused);
    const items = Array.from({ length: 250 }, (_unused, at) => deposit(A, String(at)));
    const results = await run(port, items);
    expect(port.calls.map(({ keys }) => keys.length)).toEqual([100, 100, 50]);
    expect(port.calls.flatMap(({ keys }) => keys)).toEqual(items.map((_item, at) => String(at)));
    expect(results).toEqual(items.map(() => 'account-not-found'));
  });
  test('given a call without a known outcome, nothing of that account follows it', async () => {
    const port = actors(({ commandId: id }) => (id === '3' ? unavailable('away') : refused));
    const items = Array.from({ length: 150 }, (_unused, at) => deposit(A, String(at)));
    const results = await run(port, [...items, deposit(B, 'b')]);
    expect(port.calls.map(({ accountId, keys }) => [accountId, keys.length])).toEqual([
      [A, 100],
      [B, 1],
    ]);
    const codes = results.slice(100, 150);
    expect(new Set(codes)).toEqual(new Set(['service-unavailable']));
    expect(results[150]).toBe('account-not-found');
  });
  test('given many accounts, only a bounded number is called at the same time', async () => {
    let [now, most] = [0, 0];
    const execute: Actors['execute'] = async (_id, messages) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now -= 1;
      return messages.map(() => refused);
    };
    const items = Array.from({ length: 200 }, (_unused, at) =>
      deposit(accountIdFor(commandId(`a${at}`))),
    );
    expect(await run({ execute }, items)).toEqual(items.map(() => 'account-not-found'));
    expect(most).toBe(32);
  });
  test('given an atomic batch with a bad item, nothing is sent', async () => {
    const port = actors(() => refused);
    const results = await run(port, [deposit(A, '1'), deposit(A, '2', 'x')], { atomic: true });
    expect(port.calls).toEqual([]);
    expect(results).toEqual(['batch-aborted', 400]);
  });
  test('given commands that belong together, the actor is told', async () => {
    const port = actors(() => refused);
    await run(port, [deposit(A, '1'), deposit(A, '2')], { atomic: true });
    expect(port.calls).toEqual([{ accountId: A, keys: ['1', '2'], joint: { atomic: true } }]);
  });
});
