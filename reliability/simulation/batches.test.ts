import { testName } from '../../contracts/access/sender-for-tests.ts';
import { OWNER } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { accountNumberOf } from '../../domain/account-number.ts';
import { accountId } from '../../domain/ids.ts';
import { accountIdFor, messageKeyFor } from '../../contracts/derived-ids.ts';
import { batchAnswer, type BatchResult } from '../../contracts/batch/batches.ts';
import { commandStatus } from '../../contracts/batch/operations.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import { commandHouse } from './command-house.ts';

let house: Awaited<ReturnType<typeof commandHouse>>;
beforeAll(async () => void (house = await commandHouse()));
afterAll(() => house.close());

const post = (path: string, body: unknown, headers = {}): Promise<Response> =>
  fetch(`${house.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const batch = async (commands: readonly unknown[], query = ''): Promise<BatchResult[]> => {
  const response = await post(`/v1/batches${query}`, { commands });
  expect(response.status).toBe(200);
  const answer = batchAnswer.parse(await response.json());
  expect(answer.dryRun).toBe(query.includes('dryRun=true') ? true : undefined);
  return answer.results;
};
const open = async (): Promise<string> => {
  const [opened] = await batch([{ type: 'open-account', ownerId: OWNER, currency: 'CZK' }]);
  return opened?.account?.accountId ?? '';
};
const money = (type: 'deposit' | 'withdraw', account: string, amount: string, key?: string) => ({
  type,
  accountId: account,
  amount,
  ...(key === undefined ? {} : { idempotencyKey: key }),
});
const told = ({ status, outcome, problem }: BatchResult) =>
  `${status} ${outcome?.balance.ledger ?? problem?.code ?? 'account'}`;
const events = (account: string) => house.log.eventsOf(accountId(account));
const status = (key: string, query = '') =>
  fetch(`${house.url}/v1/commands/${encodeURIComponent(key)}${query}`);

describe('a batch', () => {
  test('over many accounts with a bad item: results in order, no harm to the others', async () => {
    const [a, b] = [await open(), await open()];
    const results = await batch([
      money('deposit', a, '5.00', 'k1'),
      money('deposit', b, '7.00'),
      money('deposit', a, '1e5'),
      money('withdraw', a, '6.00'),
      'rubbish',
      money('withdraw', a, '2.00'),
      money('deposit', a, '0.001'),
    ]);
    expect(results.map(told)).toEqual([
      '201 5.00',
      '201 7.00',
      '400 invalid-request',
      '422 insufficient-funds',
      '400 invalid-request',
      '201 3.00',
      '400 invalid-request',
    ]);
    expect(results[0]).toMatchObject({ idempotencyKey: 'k1', accountId: a });
    expect(results[1]?.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/);
    expect(results[3]?.problem).toMatchObject({
      available: '5.00',
      shortfall: '1.00',
      instance: '/v1/batches#/commands/3',
    });
    expect(events(a)).toHaveLength(3);
  });
  test('sent again: the same answers, nothing executed again', async () => {
    const a = await open();
    const commands = [money('deposit', a, '5.00', 'r1'), money('withdraw', a, '1.00', 'r2')];
    const first = await batch(commands);
    const second = await batch(commands);
    expect(second).toEqual(first.map((result) => ({ ...result, replayed: true })));
    expect(events(a)).toHaveLength(3);
  });
  test('sent again with the key of the whole batch: nothing executed again', async () => {
    const [a, b] = [await open(), await open()];
    const opening = { type: 'open-account', ownerId: OWNER, currency: 'EUR' };
    const commands = [
      money('deposit', a, '5.00'),
      money('deposit', b, '5.00'),
      money('deposit', a, '5.00'),
      opening,
    ];
    const send = async (key: string, items: readonly unknown[]) => {
      const sent = { commands: items };
      const response = await post('/v1/batches', sent, { 'Idempotency-Key': key });
      expect(response.headers.get('Idempotency-Key')).toBe(key);
      return batchAnswer.parse(await response.json()).results;
    };
    const first = await send('payroll-11', commands);
    expect(first.map(told)).toEqual(['201 5.00', '201 5.00', '201 10.00', '201 account']);
    const again = await send('payroll-11', commands);
    expect(again).toEqual(first.map((result) => ({ ...result, replayed: true })));
    expect([events(a).length, events(b).length]).toEqual([3, 2]);
    expect((await send('payroll-12', commands)).map(told)).toContain('201 20.00');
  });
  test('that says something else under a used key is refused, with the way on', async () => {
    const [a, b] = [await open(), await open()];
    const send = async (key: string, ...commands: unknown[]) => {
      const response = await post('/v1/batches', { commands }, { 'Idempotency-Key': key });
      return { status: response.status, body: (await response.json()) as Told };
    };
    type Told = { code?: string; detail?: string; results?: BatchResult[] };
    const pay = (amount: string, account = a, own?: string) =>
      money('deposit', account, amount, own);
    const [bad, one, two] = [pay('9,00'), pay('1.00'), pay('2.00', b)];
    const first = await send('K', bad, one, two);
    expect(first.body.results?.map(told)).toEqual(['400 invalid-request', '201 1.00', '201 2.00']);
    const others = {
      'the bad item corrected': [pay('9.00'), one, two],
      'an item put in': [bad, pay('3.00'), one, two],
      'an item left out': [one, two],
      'only what was executed': [two],
      'another order': [bad, two, one],
      'another amount': [bad, one, pay('2.50', b)],
      'a key for an item': [bad, pay('1.00', a, 'own'), two],
      'another bad item': [pay('8,00'), one, two],
      'an account that the first one had not': [pay('1.00', await open())],
    };
    for (const [name, commands] of Object.entries(others)) {
      const { status: code, body } = await send('K', ...commands);
      expect([name, code, body.code]).toEqual([name, 422, 'idempotency-key-reused']);
      expect(body.detail).toContain('Send what is still to be done under a new key');
    }
    expect([events(a).length, events(b).length]).toEqual([2, 2]);
    // The same is the same, whatever the order of its members and however it names accounts.
    const number = accountNumberOf(accountId(a));
    const same = { amount: '1.00', accountId: number, type: 'deposit' };
    const again = await send('K', { ...bad }, same, two);
    expect(again.body.results?.map(({ replayed }) => replayed)).toEqual([undefined, true, true]);
  });
  test('has transfers too, pending ones and refused ones, each with its own result', async () => {
    const [a, b] = [await open(), await open()];
    const pay = (from: string, to: string, amount: string, more = {}) => ({
      type: 'transfer',
      fromAccountId: from,
      toAccountId: to,
      amount,
      ...more,
    });
    const commands = [
      money('deposit', a, '5.00'),
      pay(a, b, '2.00', { idempotencyKey: 'tr-1', reference: 'rent' }),
      pay(a, b, '9.00'),
      pay(a, a, '1.00'),
      pay(a, b, '1.00', { pending: true }),
      money('withdraw', a, '2.00'),
    ];
    const results = await batch(commands);
    const said = results.map(({ status: code, transfer, outcome, problem }) => [
      code,
      transfer?.status ?? outcome?.balance.available ?? problem?.code,
    ]);
    expect(said).toEqual([
      [201, '5.00'],
      [201, 'completed'],
      [422, 'insufficient-funds'],
      [422, 'same-account'],
      [201, 'pending'],
      [201, '0.00'],
    ]);
    expect(results[2]?.problem).toMatchObject({ accountId: a, shortfall: '6.00' });
    expect(results[1]?.transfer).toMatchObject({ from: { accountId: a }, to: { accountId: b } });
    const found = await fetch(`${house.url}/v1/transfers/${results[1]?.transfer?.transferId}`);
    expect(await found.json()).toMatchObject({ reference: 'rent', amount: '2.00' });
    // The same transfer alone, under the same key, is the same.
    const {
      type: _type,
      idempotencyKey,
      ...body
    } = commands[1] as ReturnType<typeof pay> & {
      idempotencyKey: string;
    };
    const alone = await post('/v1/transfers', body, { 'Idempotency-Key': idempotencyKey });
    expect(alone.headers.get('Idempotency-Replayed')).toBe('true');
  });
  test('atomic over many accounts: transfers on what those before left, or nothing', async () => {
    const [a, b, c] = [await open(), await open(), await open()];
    await batch([money('deposit', a, '5.00')]);
    const pay = (from: string, to: string, amount: string) => ({
      type: 'transfer',
      fromAccountId: from,
      toAccountId: to,
      amount,
    });
    const chain = [pay(a, b, '5.00'), pay(b, c, '5.00'), money('withdraw', c, '5.00')];
    const tried = await batch(chain, '?atomic=true&dryRun=true');
    expect(tried.map(({ status: code }) => code)).toEqual([200, 200, 200]);
    expect(tried[0]?.transfer?.status).toBe('would-complete');
    const failed = await batch([...chain, money('withdraw', c, '0.01')], '?atomic=true');
    expect(failed.map((one) => one.problem?.code)).toEqual([
      'batch-aborted',
      'batch-aborted',
      'batch-aborted',
      'insufficient-funds',
    ]);
    expect([a, b, c].map((account) => events(account).length)).toEqual([2, 1, 1]);
    const done = await batch(chain, '?atomic=true');
    expect(done.map(({ status: code }) => code)).toEqual([201, 201, 201]);
    expect([a, b, c].map((account) => events(account).length)).toEqual([3, 3, 3]);
  });
  test('corrected under a new key: what has keys of its own is not paid twice', async () => {
    const a = await open();
    const send = async (key: string, amounts: readonly string[]) => {
      const commands = amounts.map((amount, at) => money('deposit', a, amount, `row-${at}`));
      const response = await post('/v1/batches', { commands }, { 'Idempotency-Key': key });
      if (response.status !== 200) return response.status;
      const { results } = batchAnswer.parse(await response.json());
      return results.map(({ status: code, replayed }) => `${code}${replayed ? ' again' : ''}`);
    };
    expect(await send('F', ['9,00', '1.00', '2.00'])).toEqual(['400', '201', '201']);
    expect(await send('F', ['9.00', '1.00', '2.00'])).toBe(422);
    expect(await send('F2', ['9.00', '1.00', '2.00'])).toEqual(['201', '201 again', '201 again']);
    expect((events(a).at(-1) as LoggedEvent).data.balance.ledger).toBe('12.00');
  });
  test('of which nothing was executed leaves its key free', async () => {
    const a = await open();
    const headers = { 'Idempotency-Key': 'free' };
    const send = (...commands: unknown[]) => post('/v1/batches', { commands }, headers);
    expect((await send(money('withdraw', a, '1.00'), money('deposit', a, '1,00'))).status).toBe(
      200,
    );
    expect((await send(money('deposit', a, '1.00'))).status).toBe(200);
    expect((await send(money('withdraw', a, '1.00'))).status).toBe(422);
  });
  test('with items nested too deep for anybody is answered all the same', async () => {
    const nested = async (depth: number): Promise<number> => {
      const response = await fetch(`${house.url}/v1/batches`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"commands":[${'{"b":1,"a":'.repeat(depth)}1${'}'.repeat(depth)}]}`,
      });
      return response.status;
    };
    const depths = Array.from({ length: 16 }, (_unused, at) => 1_000 * (at + 1));
    const statuses = await Promise.all(depths.map(nested));
    // Deeper than a body may be it is none.
    expect(statuses.filter((code) => code !== 200 && code !== 400)).toEqual([]);
    expect(statuses[0]).toBe(200);
  });
  test('without a key: the answer has the one that makes it safe to send again', async () => {
    const a = await open();
    const commands = [money('deposit', a, '5.00')];
    const made = (await post('/v1/batches', { commands })).headers.get('Idempotency-Key');
    const again = await post('/v1/batches', { commands }, { 'Idempotency-Key': made });
    expect(batchAnswer.parse(await again.json()).results[0]).toMatchObject({ replayed: true });
    expect(events(a)).toHaveLength(2);
  });
  test('with If-Match, which it cannot keep, is refused and not executed', async () => {
    const a = await open();
    const commands = [money('deposit', a, '5.00')];
    expect((await post('/v1/batches', { commands }, { 'If-Match': '"7"' })).status).toBe(400);
    expect(events(a)).toHaveLength(1);
  });
  test('an account that is opened and its first deposit', async () => {
    const opening = { type: 'open-account', ownerId: OWNER, currency: 'EUR', idempotencyKey: 'e' };
    const [opened] = await batch([opening]);
    expect(opened).toMatchObject({ status: 201, account: { ownerId: OWNER, version: 1 } });
    const number = opened?.account?.accountNumber ?? '';
    expect((await batch([money('deposit', number, '1.00')])).map(told)).toEqual(['201 1.00']);
  });
  test('1,000 commands of one account are taken, 1,001 and none are refused', async () => {
    const a = await open();
    const commands = Array.from({ length: 1_000 }, () => money('deposit', a, '0.01'));
    const results = await batch(commands);
    expect(results.at(-1)?.outcome?.balance.ledger).toBe('10.00');
    expect((await post('/v1/batches', { commands: [...commands, {}] })).status).toBe(400);
    expect((await post('/v1/batches', { commands: [] })).status).toBe(400);
    expect((await post('/v1/batches', { commands: 'all' })).status).toBe(400);
    expect((await post('/v1/batches', { commands, more: 1 })).status).toBe(400);
    expect((await post('/v1/batches?atomic=yes', { commands })).status).toBe(400);
    expect((await post('/v1/batches?x=true', { commands })).status).toBe(400);
  });
  test('a body of more than 1 MiB is refused', async () => {
    const commands = Array.from({ length: 900 }, () => ({ x: 'x'.repeat(1_200) }));
    const response = await post('/v1/batches', { commands });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ detail: 'Send at most 1024 KiB.' });
  });
});

describe('an atomic batch', () => {
  test('is executed in one commit', async () => {
    const a = await open();
    const commands = [money('deposit', a, '5.00'), money('withdraw', a, '2.00')];
    expect((await batch(commands, '?atomic=true')).map(told)).toEqual(['201 5.00', '201 3.00']);
  });
  test.each([
    ['a refused command', money('withdraw', '', '9.00'), '422 insufficient-funds'],
    ['a bad item', money('withdraw', '', 'x'), '400 invalid-request'],
  ])('with %s writes nothing', async (_name, bad, code) => {
    const a = await open();
    const commands = [money('deposit', a, '5.00'), { ...bad, accountId: a }];
    expect((await batch(commands, '?atomic=true')).map(told)).toEqual(['409 batch-aborted', code]);
    expect(events(a)).toHaveLength(1);
  });
  test('over many accounts is executed in its order, or not at all', async () => {
    const [a, b] = [await open(), await open()];
    const commands = [
      money('deposit', a, '5.00'),
      money('deposit', b, '7.00'),
      money('withdraw', a, '2.00'),
    ];
    const spend = [...commands, money('withdraw', b, '7.01')];
    const aborted = '409 batch-aborted';
    for (const query of ['?atomic=true', '?atomic=true&dryRun=true']) {
      const refused = [aborted, aborted, aborted, '422 insufficient-funds'];
      expect((await batch(spend, query)).map(told)).toEqual(refused);
    }
    const done = ['201 5.00', '201 7.00', '201 3.00'];
    const would = done.map((line) => line.replace('201', '200'));
    expect((await batch(commands, '?atomic=true&dryRun=true')).map(told)).toEqual(would);
    expect([events(a).length, events(b).length]).toEqual([1, 1]);
    expect((await batch(commands, '?atomic=true')).map(told)).toEqual(done);
    expect([events(a).length, events(b).length]).toEqual([3, 2]);
  });
  test('keeps the answers of what was executed before, also when it is aborted', async () => {
    const [a, b] = [await open(), await open()];
    const before = money('deposit', a, '5.00', 'before');
    const [first] = await batch([before]);
    const replayed = { ...first, replayed: true };
    const commands = [before, money('deposit', b, '1.00'), money('withdraw', b, '9.00')];
    const would = { ...replayed, status: 200 };
    for (const [query, kept] of [
      ['?atomic=true', replayed],
      ['?atomic=true&dryRun=true', would],
    ] as const) {
      const [first, aborted] = await batch(commands, query);
      expect([first, aborted?.status]).toEqual([kept, 409]);
    }
    expect(await batch([before], '?dryRun=true')).toEqual([would]);
    expect(events(a)).toHaveLength(2);
  });
  test('opens accounts and pays into one of them, all or nothing', async () => {
    const opening = { type: 'open-account', ownerId: OWNER, currency: 'CZK' };
    const keyed = { ...opening, idempotencyKey: 'atomic-opening' };
    const account = accountIdFor(testName('atomic-opening'));
    const spend = [keyed, money('withdraw', account, '1.00')];
    expect((await batch(spend, '?atomic=true')).map(told)).toEqual([
      '409 batch-aborted',
      '422 insufficient-funds',
    ]);
    expect(events(account)).toHaveLength(0);
    const pay = [keyed, opening, money('deposit', account, '1.00')];
    const results = await batch(pay, '?atomic=true');
    expect(results.map(told)).toEqual(['201 account', '201 account', '201 1.00']);
  });
  test('of 1,000 commands over 1,000 accounts, with long remarks, is one commit', async () => {
    const opening = { type: 'open-account', ownerId: OWNER, currency: 'CZK' };
    const opened = await batch(Array.from({ length: 1_000 }, () => opening));
    const ids = opened.map(({ account }) => account?.accountId ?? '');
    const metadata = { note: 'x'.repeat(500) };
    const commands = ids.map((id) => ({ ...money('deposit', id, '1.00'), metadata }));
    const spend = [...commands.slice(1), money('withdraw', ids[0]!, '1.00')];
    expect((await batch(spend, '?atomic=true')).at(-1)?.status).toBe(422);
    expect(events(ids[500]!)).toHaveLength(1);
    const results = await batch(commands, '?atomic=true');
    expect(new Set(results.map(told))).toEqual(new Set(['201 1.00']));
    expect(ids.every((id) => events(id).length === 2)).toBe(true);
  });
});

test('a dry run answers what would be, one after the other, and writes nothing', async () => {
  const [a, b] = [await open(), await open()];
  const commands = [
    money('deposit', a, '5.00'),
    money('withdraw', a, '5.00'),
    money('withdraw', a, '0.01'),
    money('deposit', b, '1.00'),
  ];
  const results = await batch(commands, '?dryRun=true');
  const wanted = ['200 5.00', '200 0.00', '422 insufficient-funds', '200 1.00'];
  expect(results.map(told)).toEqual(wanted);
  expect([...events(a), ...events(b)]).toHaveLength(2);
});

describe('the outcome of a command', () => {
  test('executed: its outcome, by id and by number', async () => {
    const a = await open();
    const [done] = await batch([money('deposit', a, '5.00', 'rent/1%?')]);
    for (const account of [a, accountNumberOf(accountId(a)) ?? '']) {
      const response = await status('rent/1%?', `?accountId=${account}`);
      expect(response.status).toBe(200);
      const body = commandStatus.parse(await response.json());
      expect(body).toMatchObject({ status: 'executed', accountId: a, outcome: done?.outcome });
      expect(body.events.map(({ type }) => type)).toEqual(['money-deposited']);
    }
  });
  test('of a message without a key: by its id and its source, which may be any text', async () => {
    const a = await open();
    const [source, id] = ['/pay roll?', 'n/1 ž'];
    await batch([money('deposit', a, '5.00', messageKeyFor(source, id))]);
    const query = `?accountId=${a}&source=${encodeURIComponent(source)}`;
    const found = commandStatus.parse(await (await status(id, query)).json());
    expect(found).toMatchObject({ commandId: messageKeyFor(source, id), accountId: a });
    expect((await status(id, `?accountId=${a}&source=other`)).status).toBe(404);
    for (const bad of ['', 'a&source=b']) {
      expect((await status(id, `?accountId=${a}&source=${bad}`)).status).toBe(400);
    }
  });
  test('an opening: the account, also without naming it', async () => {
    const opening = { ownerId: OWNER, currency: 'EUR', initialDeposit: '3.00' };
    const [done] = await batch([{ type: 'open-account', idempotencyKey: 'o-9', ...opening }]);
    const body = commandStatus.parse(await (await status('o-9')).json());
    expect(body.account).toEqual(done?.account);
    expect(body.events).toHaveLength(2);
  });
  test('refused or never sent: 404 that says so', async () => {
    const a = await open();
    await batch([money('withdraw', a, '5.00', 'refused')]);
    for (const key of ['refused', 'never']) {
      const response = await status(key, `?accountId=${a}`);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({
        code: 'command-not-found',
        detail: expect.stringContaining('refused'),
      });
    }
  });
  test('without naming an account: 404 that does not claim that nothing was executed', async () => {
    const a = await open();
    await batch([money('deposit', a, '5.00', 'elsewhere')]);
    const body = (await (await status('elsewhere')).json()) as { detail: string };
    expect(body.detail).toMatch(/^No account was opened under this key.*accountId\.$/);
  });
  test.each([
    '?accountId=x',
    '?accountId=12345678901234567890',
    '?x=1',
    '?accountId=1&accountId=2',
  ])('%s is answered by 400', async (query) => expect((await status('k', query)).status).toBe(400));
  test('a key that nobody can send is answered by 400, another method by 405', async () => {
    expect((await status('ž')).status).toBe(400);
    expect((await status('k'.repeat(129))).status).toBe(400);
    const response = await fetch(`${house.url}/v1/commands/k`, { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });
});
