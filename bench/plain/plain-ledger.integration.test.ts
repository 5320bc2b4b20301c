import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { Pool } from 'pg';
import { freeInstance } from '../../runtime/supervisor/free-instance.ts';
import { startPlainPostgres, type PlainPostgres } from './plain-house.ts';
import { plainLedger } from './plain-ledger.ts';

let postgres: PlainPostgres;
let pool: Pool;
let url = '';
let close = (): unknown => undefined;

beforeAll(async () => {
  postgres = await startPlainPostgres(await freeInstance());
  pool = new Pool({ connectionString: postgres.databaseUrl, max: 16 });
  pool.on('error', () => undefined);
  const server = (await plainLedger(pool)).listen(0, '127.0.0.1');
  close = () => server.close();
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 60_000);

afterAll(async () => {
  close();
  await pool.end();
  await postgres.supervisor.stop();
  rmSync(postgres.instance.dataDir, { recursive: true, force: true });
});

async function post(path: string, body: object, key: string = randomUUID()) {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, text: await response.text() };
}

async function open(initialDeposit?: string): Promise<string> {
  const terms = { ownerId: 'somebody', currency: 'CZK', initialDeposit };
  return JSON.parse((await post('/v1/accounts', terms)).text).accountId as string;
}

const balanceOf = async (id: string): Promise<string> =>
  (await pool.query('select balance from accounts where id = $1', [id])).rows[0].balance as string;
const entriesOf = async (id: string): Promise<string[]> =>
  (await pool.query('select amount from entries where account = $1 order by id', [id])).rows.map(
    (row: { amount: string }) => row.amount,
  );

test('deposits, withdrawals and transfers move money and leave entries', async () => {
  const [a, b] = [await open(), await open()];
  expect(await post(`/v1/accounts/${a}/deposits`, { amount: '10.5' })).toMatchObject({
    status: 201,
    text: expect.stringContaining('"balance" : "10.50"'),
  });
  expect((await post(`/v1/accounts/${a}/withdrawals`, { amount: '0.25' })).status).toBe(201);
  const moved = { fromAccountId: a, toAccountId: b, amount: '10.00' };
  expect((await post('/v1/transfers', moved)).status).toBe(201);
  expect([await balanceOf(a), await balanceOf(b)]).toEqual(['25', '1000']);
  expect(await entriesOf(a)).toEqual(['1050', '-25', '-1000']);
  expect(await entriesOf(b)).toEqual(['1000']);
});

test('the same key gives the same answer, with another body it is refused', async () => {
  const [a, key] = [await open(), randomUUID()];
  const once = await post(`/v1/accounts/${a}/deposits`, { amount: '1.00' }, key);
  await post(`/v1/accounts/${a}/deposits`, { amount: '5.00' });
  expect(await post(`/v1/accounts/${a}/deposits`, { amount: '1.00' }, key)).toEqual(once);
  expect((await post(`/v1/accounts/${a}/deposits`, { amount: '2.00' }, key)).status).toBe(422);
  expect(await balanceOf(a)).toBe('600');
});

test('given 20 at once with one key, one is executed and all hear the same', async () => {
  const [a, key] = [await open(), randomUUID()];
  const all = await Promise.all(
    Array.from({ length: 20 }, () => post(`/v1/accounts/${a}/deposits`, { amount: '1.00' }, key)),
  );
  expect(new Set(all.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(await balanceOf(a)).toBe('100');
});

test('what the account does not have is refused, and so is what is not there', async () => {
  const [a, b] = [await open('1.00'), await open()];
  const moved = { fromAccountId: a, toAccountId: b, amount: '1.01' };
  expect((await post('/v1/transfers', moved)).status).toBe(422);
  expect((await post(`/v1/accounts/${a}/withdrawals`, { amount: '1.01' })).status).toBe(422);
  const nobody = { ...moved, toAccountId: randomUUID(), amount: '0.50' };
  expect((await post('/v1/transfers', nobody)).status).toBe(404);
  for (const amount of ['0', '-1', '1.001', 'x', 1]) {
    expect((await post(`/v1/accounts/${a}/deposits`, { amount })).status).toBe(400);
  }
  expect([await balanceOf(a), await entriesOf(a), await entriesOf(b)]).toEqual(['100', [], []]);
});

test('given transfers in both directions at once, none is lost and no money is made', async () => {
  const [a, b] = [await open('100.00'), await open('100.00')];
  const all = await Promise.all(
    Array.from({ length: 60 }, (_, at) => {
      const [fromAccountId, toAccountId] = at % 3 === 0 ? [b, a] : [a, b];
      return post('/v1/transfers', { fromAccountId, toAccountId, amount: '1.00' });
    }),
  );
  expect(all.every(({ status }) => status === 201)).toBe(true);
  expect([await balanceOf(a), await balanceOf(b)]).toEqual(['8000', '12000']);
});
