import { randomUUID } from 'node:crypto';
import { batchSizes } from './growth.ts';
import { batch, batchLoads, command, comparedLoads, singleLoads } from './loads.ts';
import { transaction, transfer } from './loads.ts';

const subjects = { many: [randomUUID(), randomUUID()], hot: randomUUID() };
const loads = [...comparedLoads(subjects), ...singleLoads(subjects), ...batchLoads(subjects)];
const keyOf = (one: { headers?: Readonly<Record<string, string>> }) =>
  one.headers?.['idempotency-key'];

test('loads have names of their own', () => {
  expect(new Set(loads.map(({ name }) => name)).size).toBe(loads.length);
  expect(loads.map(({ name, clients }) => `${name} ${clients}`)).toContain('transfers1 1');
});

test('every command has a new key, but those of the one load without', () => {
  const writing = loads.filter(({ side }) => side === 'commands');
  expect(writing).toHaveLength(10);
  for (const { name, next } of writing) {
    const [first, second] = [keyOf(next()), keyOf(next())];
    if (name === 'unkeyed') expect([first, second]).toEqual([undefined, undefined]);
    else expect(first).toMatch(/^[0-9a-f-]{36}$/);
    if (name !== 'unkeyed') expect(first).not.toBe(second);
  }
});

test('commands carry a valid amount to the account', () => {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const { path, body = '' } = command('a1');
    expect(path).toMatch(/^\/v1\/accounts\/a1\/(deposits|withdrawals)$/);
    expect(JSON.parse(body)).toEqual({ amount: expect.stringMatching(/^\d\.\d{2}$/) });
    expect(body).not.toContain('"0.00"');
  }
});

test('transfers go from one account to another', () => {
  for (let tries = 0; tries < 100; tries += 1) {
    const { fromAccountId, toAccountId } = JSON.parse(transfer(['a', 'b', 'c']).body ?? '');
    expect(fromAccountId).not.toBe(toAccountId);
    expect(['a', 'b', 'c']).toEqual(expect.arrayContaining([fromAccountId, toAccountId]));
  }
});

test('a transaction has so many transfers, each between two accounts', () => {
  const { transfers } = JSON.parse(transaction(['a', 'b'], 8).body ?? '');
  expect(transfers).toHaveLength(8);
  for (const one of transfers as { fromAccountId: string; toAccountId: string }[]) {
    expect(new Set([one.fromAccountId, one.toAccountId])).toEqual(new Set(['a', 'b']));
  }
});

test('a batch over 100 accounts has each of them once', () => {
  const accounts = Array.from({ length: 100 }, (_, at) => `a${at}`);
  const load = batchLoads({ many: accounts, hot: 'h' }).find(({ name }) => name === 'batches');
  const { commands } = JSON.parse(load?.next().body ?? '');
  const ids = commands.map((one: { accountId: string }) => one.accountId);
  expect(new Set(ids).size).toBe(100);
  expect(JSON.parse(batch(() => 'x', 7).body ?? '').commands).toHaveLength(7);
});

test('batches bring an account to exactly as many events as are asked for', () => {
  expect(batchSizes(1, 1)).toEqual([]);
  expect(batchSizes(1, 1_000)).toEqual([999]);
  const sizes = batchSizes(1, 100_000);
  expect(sizes.reduce((sum, size) => sum + size, 1)).toBe(100_000);
  expect(Math.max(...sizes)).toBe(1_000);
});
