import http, { type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answer, BankError, connect, onlyAt, type SendOptions } from './bank-client.ts';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
type Reply = {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: object | string;
  /** The connection is cut before anything is answered. */
  readonly cut?: true;
};

const servers: http.Server[] = [];
afterAll(() => servers.forEach((server) => server.close()));

/** A bank that gives these answers in turn, the last one from then on. */
async function bankThat(replies: readonly Reply[], more: Partial<SendOptions> = {}) {
  const asked: Asked[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const reply = replies[Math.min(asked.length, replies.length - 1)]!;
      asked.push({ method, url, headers, body });
      if (reply.cut === true) return void request.socket.destroy();
      const json = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {});
      const type = typeof reply.body === 'string' ? 'text/event-stream' : 'application/json';
      response.writeHead(reply.status ?? 200, { 'content-type': type, ...reply.headers });
      response.end(json);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const retries: string[] = [];
  const bank = connect({
    baseUrl: `http://127.0.0.1:${port}`,
    token: 'a-token',
    pauseMsMax: 20,
    onRetry: (why) => retries.push(why),
    ...more,
  });
  return { bank, asked, retries };
}

const ID = 'd4265a03-25bd-861d-80fa-21043ca3843a';
const deposit = (bank: Awaited<ReturnType<typeof bankThat>>['bank'], headers = {}) =>
  bank.POST('/v1/accounts/{id}/deposits', {
    params: { path: { id: ID } },
    headers,
    body: { amount: '10.00' },
  });
const OUTCOME = { accountId: ID, version: 7, commandId: 'c', event: {}, balance: {} };
const balance = (bank: Awaited<ReturnType<typeof bankThat>>['bank'], query = {}) =>
  bank.GET('/v1/accounts/{id}/balance', { params: { path: { id: ID }, query } });

describe('a command', () => {
  test('has one key and one body over all attempts, and a token', async () => {
    const busy = { status: 503, headers: { 'retry-after': '0' } };
    const { bank, asked, retries } = await bankThat([
      { cut: true },
      busy,
      { status: 429 },
      { status: 201, body: OUTCOME },
    ]);
    expect(await answer(deposit(bank))).toEqual(OUTCOME);
    expect(asked).toHaveLength(4);
    expect(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(asked[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(asked.map(({ body }) => body))).toEqual(new Set(['{"amount":"10.00"}']));
    expect(asked[3]?.headers.authorization).toBe('Bearer a-token');
    expect(retries.slice(1)).toEqual(['answered 503', 'answered 429']);
  });
  test('has the key and the condition that it was given', async () => {
    const { bank, asked } = await bankThat([{ status: 201, body: OUTCOME }]);
    await deposit(bank, { 'Idempotency-Key': 'mine', ...onlyAt(6) });
    expect(asked[0]?.headers).toMatchObject({ 'idempotency-key': 'mine', 'if-match': '"6"' });
  });
  test('that is refused is not sent again, and throws what was said', async () => {
    const problem = { status: 422, code: 'insufficient-funds', title: 'Not enough', detail: 'no' };
    const { bank, asked } = await bankThat([{ status: 422, body: problem }]);
    const failed = answer(deposit(bank));
    await expect(failed).rejects.toThrow(BankError);
    await expect(failed).rejects.toMatchObject({ status: 422, problem, message: 'Not enough: no' });
    expect(asked).toHaveLength(1);
  });
  test('that waits for a second person is no answer', async () => {
    const approval = { approvalId: ID, status: 'waiting', expiresAt: '2026-12-01T00:00:00Z' };
    const { bank } = await bankThat([{ status: 202, body: approval }]);
    await expect(answer(deposit(bank))).rejects.toMatchObject({ approval });
  });
  test('is given up after so many attempts', async () => {
    const { bank, asked } = await bankThat([{ status: 503 }], { attempts: 3 });
    await expect(answer(deposit(bank))).rejects.toMatchObject({ status: 503 });
    expect(asked).toHaveLength(3);
    const cut = await bankThat([{ cut: true }], { attempts: 2 });
    await expect(deposit(cut.bank)).rejects.toMatchObject({ name: 'TypeError' });
    expect(cut.asked).toHaveLength(2);
  });
  test('that is aborted while it waits ends at once', async () => {
    const stop = new AbortController();
    const { bank } = await bankThat([{ status: 503 }], {
      pauseMsMax: 60_000,
      attempts: 20,
      onRetry: () => stop.abort(new Error('enough')),
    });
    const call = bank.POST('/v1/accounts/{id}/freeze', {
      params: { path: { id: ID } },
      body: {},
      signal: stop.signal,
    });
    await expect(call).rejects.toThrow('enough');
  });
});

test('a token that is not taken any more is asked for once again', async () => {
  let made = 0;
  const token = () => `token-${(made += 1)}`;
  const { bank, asked } = await bankThat([{ status: 401 }, { body: {} }], { token });
  expect((await balance(bank)).response.status).toBe(200);
  expect(asked.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer token-1',
    'Bearer token-2',
  ]);
  const refused = await bankThat([{ status: 401, body: { code: 'unauthorized' } }], { token });
  await expect(answer(balance(refused.bank))).rejects.toMatchObject({ status: 401 });
  expect(refused.asked).toHaveLength(2);
});

describe('a query', () => {
  test('waits for what this client wrote, at that account only', async () => {
    const { bank, asked } = await bankThat([{ status: 201, body: OUTCOME }, { body: {} }]);
    await deposit(bank);
    const other = { params: { path: { id: ID.replace('d', 'e') } } };
    await balance(bank);
    await bank.GET('/v1/accounts/{id}/balance', other);
    await balance(bank, { minVersion: 3 });
    await balance(bank, { version: 2 });
    await bank.GET('/v1/accounts/{id}/events', { params: { path: { id: ID } } });
    expect(asked.slice(1).map(({ url }) => url.split('?')[1])).toEqual([
      'minVersion=7',
      undefined,
      'minVersion=3',
      'version=2',
      undefined,
    ]);
  });
  test('waits for nothing that was only a dry run', async () => {
    const { bank, asked } = await bankThat([{ body: { ...OUTCOME, dryRun: true } }, { body: {} }]);
    await bank.POST('/v1/accounts/{id}/deposits', {
      params: { path: { id: ID }, query: { dryRun: true } },
      body: { amount: '10.00' },
    });
    await balance(bank);
    expect(asked.map(({ url }) => url.split('?')[1])).toEqual(['dryRun=true', undefined]);
  });
  test('knows both sides of a transfer, and no version that went back', async () => {
    const from = { ...OUTCOME, version: 9 };
    const to = { ...OUTCOME, accountId: ID.replace('d', 'e'), version: 4 };
    const { bank, asked } = await bankThat([
      { status: 201, body: { transferId: 'x', from, to } },
      { status: 201, body: OUTCOME },
      { body: {} },
    ]);
    const body = { fromAccountId: from.accountId, toAccountId: to.accountId, amount: '1.00' };
    await bank.POST('/v1/transfers', { body });
    await deposit(bank);
    await balance(bank);
    await bank.GET('/v1/accounts/{id}/history', { params: { path: { id: to.accountId } } });
    expect(asked.slice(2).map(({ url }) => url.split('?')[1])).toEqual([
      'minVersion=9',
      'minVersion=4',
    ]);
  });
});

test('a list gives all items of all pages, each page with the same filters', async () => {
  const page = (items: number[], nextCursor: string | null) => ({ body: { items, nextCursor } });
  const { bank, asked } = await bankThat([page([1, 2], 'a'), page([], 'b'), page([3], null)]);
  const found: unknown[] = [];
  for await (const item of bank.each('/v1/transfers', { query: { status: 'pending' } })) {
    found.push(item);
  }
  expect(found).toEqual([1, 2, 3]);
  expect(asked.map(({ url }) => url.split('?')[1])).toEqual([
    'status=pending',
    'status=pending&cursor=a',
    'status=pending&cursor=b',
  ]);
});

test('events go on where the connection broke, until they are not wanted any more', async () => {
  const event = (version: number) => ({ ...OUTCOME, version });
  const block = (version: number) =>
    `id: ${version}\nevent: money-deposited\ndata: ${JSON.stringify(event(version))}\n\n`;
  const { bank, asked } = await bankThat([
    { body: { ...OUTCOME, version: 4 } },
    { body: `: ready\nid: 4\n\n${block(5)}${block(6)}` },
    { body: 'event: token-ended\ndata: {}\n\n' },
    { body: block(7) },
  ]);
  const stop = new AbortController();
  const seen: number[] = [];
  for await (const { version } of bank.events(ID, { signal: stop.signal })) {
    seen.push(version);
    if (version === 7) stop.abort();
  }
  expect(seen).toEqual([5, 6, 7]);
  expect(asked.slice(1, 4).map(({ headers }) => headers['last-event-id'])).toEqual(['4', '6', '6']);
  const stopped = new AbortController();
  const busy = await bankThat([{ status: 503 }], { onRetry: () => stopped.abort(new Error('x')) });
  const waiting = busy.bank.events(ID, { after: 1, signal: stopped.signal });
  expect(await waiting.next()).toEqual({ done: true, value: undefined });
  const foreign = await bankThat([{ status: 404, body: { code: 'account-not-found', title: '' } }]);
  await expect(foreign.bank.events(ID, { after: 1 }).next()).rejects.toMatchObject({ status: 404 });
});
