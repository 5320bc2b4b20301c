import { EVERY_OWNER, nameBy, senderOf } from '../contracts/access/principal.ts';
import { EVERY_RIGHT } from '../platform/http/gate-for-tests.ts';
import { testName } from '../contracts/access/sender-for-tests.ts';
import type { BatchResult } from '../contracts/batch/batches.ts';
import type { CommandMessage, CommandResult } from '../contracts/account/commands.ts';
import { accountNumberOf } from '../domain/account-number.ts';
import { commandId, type AccountId, type CommandId } from '../domain/ids.ts';
import { unavailable, type Actors } from './courier.ts';
import { executePlan, planBatch, problemOf, resultOf, type Joint } from './batches.ts';
import { accountIdFor, transferIdFor } from '../contracts/derived-ids.ts';

const [A, B] = [accountIdFor(testName('a')), accountIdFor(testName('b'))];
const deposit = (accountId: string, idempotencyKey?: string, amount = '1.00') => ({
  type: 'deposit',
  accountId,
  ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  amount,
});
const plan = (...items: unknown[]) => planBatch(items, EVERY_RIGHT, { traceparent: 't' });
const ONE = { atomic: true, dryRun: false };

/** Actors that note every call and answer each command by `answer`. */
const actors = (answer: (message: CommandMessage) => CommandResult) => {
  const calls: { accounts: AccountId[]; keys: string[]; joint: object }[] = [];
  const execute: Actors['execute'] = ({ commands, by, owner, batch: _batch, ...joint }) => {
    const accounts = [...new Set(commands.map(({ accountId }) => accountId))];
    expect({ by, owner }).toEqual(senderOf(EVERY_RIGHT));
    calls.push({ accounts, keys: commands.map((one) => one.commandId), joint });
    return Promise.resolve(commands.map(answer));
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
    expect(accounts.get(A)?.map(({ index }) => index)).toEqual([0, 1]);
  });
  test('given a transfer, it is a command to the account that the money leaves', () => {
    const item = { type: 'transfer', fromAccountId: B, toAccountId: A, amount: '1.00' };
    const { accounts, failures } = plan({ ...item, idempotencyKey: 't' }, deposit(A, '1'));
    const [sent] = accounts.get(B) ?? [];
    expect(sent?.message).toEqual({
      traceparent: 't',
      accountId: B,
      commandId: 't',
      command: {
        type: 'send-transfer',
        transferId: transferIdFor(B, nameBy(senderOf(EVERY_RIGHT).by, 't' as CommandId)),
        toAccountId: A,
        amount: '1.00',
      },
    });
    expect(failures.size).toBe(0);
    const bad = plan({ ...item, toAccountId: B }, { ...item, accountId: B });
    expect([...bad.failures.values()].map(({ code }) => code)).toEqual([
      'same-account',
      'invalid-request',
    ]);
  });
  test('given no address members, the command is exactly its body', () => {
    const [first] = plan(deposit(A, '1')).accounts.get(A) ?? [];
    expect(first?.message).toEqual({
      traceparent: 't',
      accountId: A,
      commandId: '1',
      command: { type: 'deposit', amount: '1.00' },
    });
  });
});

describe('ids of items without a key', () => {
  const idsOf = (...items: object[]): string[] => {
    const { accounts } = planBatch(items, EVERY_RIGHT, { traceparent: 't' }, commandId('batch'));
    const all = [...accounts.values()].flat().sort((one, other) => one.index - other.index);
    return all.map(({ message }) => message.commandId);
  };
  const [nine, one, two] = ['9.00', '1.00', '2.00'].map((amount) => deposit(A, undefined, amount));
  const plain = idsOf(one!, two!);

  test('given a bad item that is corrected, the others keep their ids', () => {
    expect(idsOf({ ...nine, amount: '9,00' }, one!, two!)).toEqual(plain);
    expect(idsOf(nine!, one!, two!).slice(1)).toEqual(plain);
  });
  test('given an item that is put in, given a key or taken out, the others keep their ids', () => {
    expect(idsOf(nine!, one!, two!).slice(1)).toEqual(plain);
    expect(idsOf(deposit(A, 'k', '1.00'), one!, two!)).toEqual(['k', ...plain]);
    expect(idsOf(two!)).toEqual(plain.slice(1));
    expect(idsOf(two!, one!)).toEqual([...plain].reverse());
  });
  test('given an opening that is corrected, another one keeps its account', () => {
    const opening = (currency: string) => ({ type: 'open-account', ownerId: 'jana', currency });
    const [, usd] = idsOf(opening('EUR'), opening('USD'));
    expect(idsOf(opening('???'), opening('USD'))).toEqual([usd]);
  });
  test('given equal items, each is a command of its own', () => {
    const ids = idsOf(one!, one!, two!, one!);
    expect(new Set(ids).size).toBe(4);
    expect(idsOf(one!, one!)).toEqual(ids.slice(0, 2));
  });
  test('given one content by id or by number, or its members in another order: one id', () => {
    const byNumber = { amount: '1.00', accountId: accountNumberOf(A), type: 'deposit' };
    expect(idsOf(byNumber)).toEqual(plain.slice(0, 1));
  });
  test('given another account, batch or content, the id is another', () => {
    const described = { ...one, description: 'x' };
    const other = planBatch([one], EVERY_RIGHT, { traceparent: 't' }, commandId('other'));
    const ids = [...idsOf(one!), ...idsOf(deposit(B)), ...idsOf(described)];
    ids.push(other.accounts.get(A)?.[0]?.message.commandId ?? '');
    expect(new Set(ids).size).toBe(4);
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
    results[command.index] =
      (resultOf(command, result, { at: '/', owner: EVERY_OWNER }) as BatchResult).problem?.code ??
      '';
  });
  return results;
};

describe('executing a plan', () => {
  test('given 250 commands of one account, they travel as one group, in order', async () => {
    const port = actors(() => refused);
    const items = Array.from({ length: 250 }, (_unused, at) => deposit(A, String(at)));
    const results = await run(port, items);
    const keys = items.map((_item, at) => String(at));
    expect(port.calls).toEqual([{ accounts: [A], keys, joint: {} }]);
    expect(results).toEqual(items.map(() => 'account-not-found'));
  });
  test('given an account without a known outcome, the others have theirs', async () => {
    const port = actors(({ accountId }) => (accountId === A ? unavailable('away') : refused));
    const results = await run(port, [deposit(A, '1'), deposit(B, '2'), deposit(A, '3')]);
    expect(results).toEqual(['service-unavailable', 'account-not-found', 'service-unavailable']);
  });
  test('given many accounts, all are under way at the same time', async () => {
    let [now, most] = [0, 0];
    const execute: Actors['execute'] = async ({ commands }) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now -= 1;
      return commands.map(() => refused);
    };
    const items = Array.from({ length: 200 }, (_unused, at) =>
      deposit(accountIdFor(testName(`a${at}`))),
    );
    expect(await run({ execute }, items)).toEqual(items.map(() => 'account-not-found'));
    expect(most).toBe(200);
  });
  test('given an atomic batch with a bad item, nothing is sent', async () => {
    const port = actors(() => refused);
    const results = await run(port, [deposit(A, '1'), deposit(A, '2', 'x'), deposit(B)], ONE);
    expect(port.calls).toEqual([]);
    expect(results).toEqual(['batch-aborted', 400, 'batch-aborted']);
  });
  test('given an atomic batch over accounts, it is one group in its order', async () => {
    const codes = new Map([['2', 'account-frozen'] as const]);
    const port = actors(({ commandId: id }) => ({
      ok: false,
      refusal: { code: codes.get(id as '2') ?? 'batch-aborted' },
    }));
    const items = [deposit(A, '1'), deposit(B, '2'), deposit(A, '3')];
    for (const joint of [ONE, { atomic: true, dryRun: true }]) {
      const results = await run(port, items, joint);
      expect(port.calls.pop()).toEqual({ accounts: [A, B], keys: ['1', '2', '3'], joint });
      expect(results).toEqual(['batch-aborted', 'account-frozen', 'batch-aborted']);
      expect(port.calls).toEqual([]);
    }
  });
  test('given a dry run that is not atomic, each account is previewed by itself', async () => {
    const port = actors(() => refused);
    const joint = { atomic: false, dryRun: true };
    await run(port, [deposit(A, '1'), deposit(B, '2'), deposit(A, '3')], joint);
    expect(port.calls).toEqual([
      { accounts: [A], keys: ['1', '3'], joint },
      { accounts: [B], keys: ['2'], joint },
    ]);
  });
});
