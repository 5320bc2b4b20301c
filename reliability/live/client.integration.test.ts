import { answer, BankError, connect, onlyAt, type Bank } from '../../client/bank-client.ts';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../runtime/instance.ts';
import { bankUnderTest, type BankUnderTest } from '../faults/bank-under-test.ts';
import { STAFF } from '../faults/bank-fetch.ts';

jest.setTimeout(120_000);

const TODAY = new Date().toISOString().slice(0, 10);

let house: BankUnderTest;
let bank: Bank;
let retries = 0;
beforeAll(async () => {
  house = await bankUnderTest();
  bank = connect({
    baseUrl: house.commandUrl,
    token: () => house.bank.token(STAFF),
    attempts: 60,
    onRetry: () => (retries += 1),
  });
});
afterAll(() => house.close());

async function open(more: object = {}): Promise<string> {
  const person = { givenName: 'Jana', familyName: 'Nová' };
  const { personId: ownerId } = await answer(bank.POST('/v1/persons', { body: person }));
  const body = { ownerId, currency: 'CZK' as const, initialDeposit: '100.00', ...more };
  return (await answer(bank.POST('/v1/accounts', { body }))).accountId;
}
const deposit = (id: string, amount: string, more: object = {}) =>
  bank.POST('/v1/accounts/{id}/deposits', { params: { path: { id } }, body: { amount }, ...more });

test('one address for commands and queries, and a query shows what this client wrote', async () => {
  const id = await open({ name: 'Everyday' });
  const params = { path: { id } };
  for (let count = 1; count <= 20; count += 1) {
    await answer(deposit(id, '1.00'));
    const balance = await answer(bank.GET('/v1/accounts/{id}/balance', { params }));
    expect(balance.ledger).toBe(`${100 + count}.00`);
  }
  const late = deposit(id, '1.00', { headers: onlyAt(3) });
  await expect(answer(late)).rejects.toMatchObject({ problem: { code: 'version-mismatch' } });
  await expect(answer(late)).rejects.toThrow(BankError);
});

test('lists are read to their end, over many pages', async () => {
  const [from, to] = [await open(), await open()];
  for (let count = 0; count < 7; count += 1) {
    const terms = {
      fromAccountId: from,
      toAccountId: to,
      amount: '1.00',
      pending: count % 2 === 0,
    };
    await answer(bank.POST('/v1/transfers', { body: terms }));
  }
  // What was written waits for its version here; a list of all has none to wait for.
  await answer(bank.GET('/v1/accounts/{id}/history', { params: { path: { id: from } } }));
  const ids = async (query: object): Promise<string[]> => {
    const found: string[] = [];
    for await (const { transferId } of bank.each('/v1/transfers', {
      query: { ...query, limit: 2 },
    })) {
      found.push(transferId);
    }
    return found;
  };
  const [all, pending] = [
    await ids({ accountId: to }),
    await ids({ accountId: from, status: 'pending' }),
  ];
  expect([all.length, pending.length]).toEqual([7, 4]);
  expect(new Set(all).size).toBe(7);
  const holds = bank.each('/v1/accounts/{id}/holds', { path: { id: from } });
  expect((await holds.next()).done).toBe(true);
});

test('the command line gives JSON to programs, and says why something failed', async () => {
  const person = { givenName: 'Jana', familyName: 'Nová', email: 'jana@example.org' };
  const { personId: ownerId } = await answer(bank.POST('/v1/persons', { body: person }));
  const [from, to] = [await open({ name: 'Everyday', ownerId }), await open()];
  const environment = { ...process.env, CORE_BANK_TOKEN: await house.bank.token(STAFF) };
  const run = (...words: string[]) => {
    const program = 'dist/operations/bank/bank.js';
    const args = [program, '--url', house.commandUrl, ...words];
    const done = spawnSync(process.execPath, args, { encoding: 'utf8', env: environment });
    return { ...done, rows: done.stdout.split('\n').filter(Boolean) };
  };
  const paid = run('pay', from, to, '25.00', '--reference', 'inv-1');
  expect(JSON.parse(paid.stdout)).toMatchObject({ status: 'completed', reference: 'inv-1' });
  const [line] = run('history', from, '--limit', '1').rows.map((row) => JSON.parse(row) as object);
  expect(line).toMatchObject({ type: 'transfer-sent', amount: '25.00' });
  const listed = run('transfers', '--account', to, '--reference', 'inv-1').rows;
  expect(listed.map((row) => JSON.parse(row) as object)).toMatchObject([{ toAccountId: to }]);
  const csv = run('statement', from, '--from', TODAY, '--to', TODAY, '--format', 'csv').stdout;
  expect(csv).toContain('transfer-sent');
  const found = run('persons', '--email', 'jana@example.org').rows;
  expect(found.map((row) => JSON.parse(row) as object)).toMatchObject([{ personId: ownerId }]);
  const sums = run('balances', ownerId).rows.map((row) => JSON.parse(row) as object);
  expect(sums).toMatchObject([{ currency: 'CZK', accounts: 1, held: '0.00' }]);
  const poor = run('pay', from, to, '2500.00');
  expect([poor.status, poor.stderr]).toEqual([
    1,
    expect.stringMatching(/Not enough money[\s\S]*available: 75\.00[\s\S]*shortfall: 2425\.00/),
  ]);
  const wrong = run('pay', from);
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining("argument 'to'")]);
});

test('transactions happen once, each as a whole, while programs are killed', async () => {
  const [a, b, c] = [await open(), await open({ initialDeposit: '0.00' }), await open()];
  const leg = (fromAccountId: string, toAccountId: string) => ({
    fromAccountId,
    toAccountId,
    amount: '1.00',
  });
  const sending = (async () => {
    for (let count = 0; count < 40; count += 1) {
      const body = { transfers: [leg(a, b), leg(b, c)], reference: a };
      await answer(bank.POST('/v1/transactions', { body }));
    }
  })();
  for (const program of ['bank-account-actor', 'event-source', 'bank-account-actor'] as const) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(house.bank.kill(program, 'SIGKILL')).toBe(true);
  }
  await sending;
  for (const [id, ledger] of [
    [a, '60.00'],
    [b, '0.00'],
    [c, '140.00'],
  ] as const) {
    const params = { path: { id } };
    expect((await answer(bank.GET('/v1/accounts/{id}/balance', { params }))).ledger).toBe(ledger);
  }
  // Each was sent by its first account alone, and received by the last one.
  await answer(bank.GET('/v1/accounts/{id}/history', { params: { path: { id: c } } }));
  const found = new Set<string>();
  for await (const { transactionId } of bank.each('/v1/transactions', {
    query: { accountId: b, reference: a, limit: 7 },
  })) {
    expect(found.has(transactionId)).toBe(false);
    found.add(transactionId);
  }
  expect(found.size).toBe(40);
  const [transactionId = ''] = found;
  const path = { path: { transactionId } };
  const { transfers } = await answer(
    bank.GET('/v1/transactions/{transactionId}', { params: path }),
  );
  expect(transfers.map(({ status }) => status)).toEqual(['completed', 'completed']);
  const status = await answer(bank.GET('/v1/status'));
  expect(status.parts.map(({ status: how }) => how)).toEqual(['up', 'up', 'up']);
});

// A rule on a series that is not there never fires.
test('what a rule or a panel watches is there; the APIs show it to auditors only', async () => {
  const folder = join(projectRoot(), 'operations', 'monitoring');
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const text = `${read('alerts.yml')}${read('dashboard.json')}`;
  const watched = new Set(text.match(/\b(core_bank|process|nodejs)_[a-z0-9_]+/g));
  const open = ['bank-account-actor', 'event-source', 'projection-balances', 'projection-history'];
  const authorization = `Bearer ${await house.bank.token(['auditor'])}`;
  const series = new Set<string>();
  const look = async (app: string, headers: Record<string, string>): Promise<number> => {
    const response = await fetch(`${house.bank.urls[app]}/metrics`, { headers });
    const found = await response.text();
    for (const [, name] of found.matchAll(/^(\w+)[{ ]/gm)) series.add(name!);
    return response.status;
  };
  for (const app of open) expect(await look(app, {})).toBe(200);
  for (const app of ['core-bank-api', 'queries-bank-api']) {
    expect(await look(app, {})).toBe(404);
    expect(await look(app, { authorization })).toBe(200);
  }
  expect(watched.size).toBeGreaterThan(15);
  expect([...watched].filter((name) => !series.has(name))).toEqual([]);
});

test('commands are executed once and events come once while programs are killed', async () => {
  const id = await open();
  const params = { path: { id } };
  const stop = new AbortController();
  const seen: number[] = [];
  const listening = (async () => {
    for await (const { version } of bank.events(id, { after: 2, signal: stop.signal })) {
      seen.push(version);
      if (version === 62) return;
    }
  })();
  const sending = (async () => {
    for (let count = 0; count < 60; count += 1) await answer(deposit(id, '1.00'));
  })();
  for (const program of ['core-bank-api', 'bank-account-actor', 'queries-bank-api'] as const) {
    expect(house.bank.kill(program, 'SIGKILL')).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  await sending;
  await listening;
  stop.abort();
  expect(seen).toEqual(Array.from({ length: 60 }, (_unused, at) => at + 3));
  const { ledger } = await answer(bank.GET('/v1/accounts/{id}/balance', { params }));
  expect(ledger).toBe('160.00');
  expect(retries).toBeGreaterThan(0);
});
