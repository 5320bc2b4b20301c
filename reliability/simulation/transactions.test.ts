import { OWNER } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import {
  transactionAnswer,
  transactionCommandAnswer,
} from '../../contracts/transfer/transactions.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import { accountId } from '../../domain/ids.ts';
import { commandHouse } from './command-house.ts';

let house: Awaited<ReturnType<typeof commandHouse>>;
beforeAll(async () => void (house = await commandHouse()));
afterAll(() => house.close());

type Body = Readonly<Record<string, unknown>>;
const send = async (path: string, body?: Body, headers = {}) => {
  const response = await fetch(`${house.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { response, status: response.status, body: (await response.json()) as Body };
};
const open = async (initialDeposit = '0.00', currency = 'CZK'): Promise<string> => {
  const { body } = await send('/v1/accounts', { ownerId: OWNER, currency, initialDeposit });
  return String(body['accountId']);
};
const leg = (fromAccountId: string, toAccountId: string, amount: string, more = {}) => ({
  fromAccountId,
  toAccountId,
  amount,
  ...more,
});
const eventsOf = (id: string) => house.log.eventsOf(accountId(id)) as LoggedEvent[];
const ledgerOf = (id: string): string | undefined => eventsOf(id).at(-1)?.data.balance.ledger;

describe('a transaction', () => {
  test('is decided in order, each transfer on what those before it left', async () => {
    const [a, b, c] = [await open('10.00'), await open(), await open()];
    const terms = {
      transfers: [leg(a, b, '10.00'), leg(b, c, '7.00', { reference: 'part' }), leg(c, a, '1.00')],
      description: 'split',
      reference: 'order-1',
      metadata: { order: '1' },
      valueDate: '2026-12-01',
    };
    const key = { 'Idempotency-Key': 'split-1' };
    const { response, status, body } = await send('/v1/transactions', terms, key);
    expect(status).toBe(201);
    const answer = transactionCommandAnswer.parse(body);
    expect(response.headers.get('location')).toBe(`/v1/transactions/${answer.transactionId}`);
    expect(answer).toMatchObject({
      status: 'completed',
      reference: 'order-1',
      metadata: { order: '1' },
    });
    expect(
      answer.transfers.map(({ from, to }) => [from?.balance.ledger, to?.balance.ledger]),
    ).toEqual([
      ['0.00', '10.00'],
      ['3.00', '7.00'],
      ['6.00', '1.00'],
    ]);
    expect(answer.transfers.map(({ reference }) => reference)).toEqual([
      'order-1',
      'part',
      'order-1',
    ]);
    expect([a, b, c].map(ledgerOf)).toEqual(['1.00', '3.00', '6.00']);
    expect(answer.transfers.some((transfer) => 'metadata' in transfer)).toBe(false);

    const read = await send(`/v1/transactions/${answer.transactionId}`);
    const { transfers: _now, ...told } = transactionAnswer.parse(read.body);
    const { transfers: _then, ...said } = answer;
    expect(told).toEqual(said);
    const again = await send('/v1/transactions', terms, key);
    expect(again.response.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body).toEqual(body);
    const found = await send(`/v1/commands/split-1?accountId=${a}`);
    expect(found.body).toMatchObject({ transfer: { transactionId: answer.transactionId } });
  });

  test('is one entry of the log: all of its events are joint', async () => {
    const [a, b, c] = [await open('5.00'), await open('5.00'), await open()];
    await send('/v1/transactions', { transfers: [leg(a, c, '1.00'), leg(b, c, '1.00')] });
    const parts = [a, b, c]
      .flatMap((id) => eventsOf(id))
      .filter(({ joint }) => joint?.events === 4);
    expect(parts).toHaveLength(4);
    expect(new Set(parts.map(({ joint }) => joint?.id)).size).toBe(1);
  });

  test('a conversion is two transfers through accounts of the bank', async () => {
    const [czk, eur] = [await open('250.00'), await open('0.00', 'EUR')];
    const [bankCzk, bankEur] = [await open(), await open('1000.00', 'EUR')];
    const { status } = await send('/v1/transactions', {
      transfers: [leg(czk, bankCzk, '250.00'), leg(bankEur, eur, '10.00', { currency: 'EUR' })],
    });
    expect(status).toBe(201);
    expect([czk, bankCzk, bankEur, eur].map(ledgerOf)).toEqual([
      '0.00',
      '250.00',
      '990.00',
      '10.00',
    ]);
  });

  test('that a rule refuses leaves nothing, and names the transfer', async () => {
    const [a, b, c] = [await open('5.00'), await open(), await open('0.00', 'EUR')];
    const cases: [Body[], number, Body][] = [
      [
        [leg(a, b, '5.00'), leg(b, a, '5.01')],
        422,
        { code: 'insufficient-funds', index: 1, accountId: b, shortfall: '0.01' },
      ],
      [[leg(a, b, '1.00'), leg(a, c, '1.00')], 422, { code: 'currency-mismatch', index: 1 }],
      [[leg(a, b, '1.00'), leg(b, b, '1.00')], 422, { code: 'same-account', index: 1 }],
      [[leg(a, b, '9.00'), leg(b, a, '99.00')], 422, { code: 'insufficient-funds', index: 0 }],
      [[leg(a, b, '1.00'), leg(b, a, '0')], 400, { errors: [{ at: '/transfers/1/amount' }] }],
      [[leg(a, b, '1.00'), leg(b, a, '0.001')], 400, { errors: [{ at: '/transfers/1/amount' }] }],
      [[], 400, { errors: [{ at: '/transfers' }] }],
      [Array.from({ length: 33 }, () => leg(a, b, '0.01')), 400, {}],
    ];
    for (const [transfers, status, problem] of cases) {
      const answer = await send('/v1/transactions', { transfers });
      expect([answer.status, answer.body]).toMatchObject([status, problem]);
    }
    const match = await send(
      '/v1/transactions',
      { transfers: [leg(a, b, '1.00')] },
      { 'If-Match': '"2"' },
    );
    expect(match.body).toMatchObject({ errors: [{ at: 'header/If-Match' }] });
    expect([a, b, c].map((id) => eventsOf(id).length)).toEqual([2, 1, 1]);
  });

  test('the most that it may have is done as one', async () => {
    const [a, b] = [await open('32.00'), await open()];
    const transfers = Array.from({ length: 32 }, () => leg(a, b, '1.00'));
    const { status } = await send('/v1/transactions', { transfers });
    expect(status).toBe(201);
    expect([a, b].map(ledgerOf)).toEqual(['0.00', '32.00']);
    expect(eventsOf(a)[2]?.joint?.events).toBe(64);
  });

  test('tried only, it writes nothing', async () => {
    const [a, b] = [await open('5.00'), await open()];
    const transfers = [leg(a, b, '5.00'), leg(b, a, '5.00')];
    const { status, body, response } = await send('/v1/transactions?dryRun=true', { transfers });
    expect([status, body]).toMatchObject([
      200,
      { dryRun: true, status: 'would-complete', transfers: [{ status: 'would-complete' }, {}] },
    ]);
    transactionCommandAnswer.parse(body);
    expect(response.headers.get('location')).toBeNull();
    expect([a, b].map((id) => eventsOf(id).length)).toEqual([2, 1]);
  });

  test('under a key that was for something else it is refused, and so is that', async () => {
    const [a, b] = [await open('9.00'), await open()];
    const headers = { 'Idempotency-Key': 'once-only' };
    const first = { transfers: [leg(a, b, '1.00')] };
    expect((await send('/v1/transactions', first, headers)).status).toBe(201);
    for (const other of [
      { transfers: [leg(a, b, '2.00')] },
      { transfers: [leg(a, b, '1.00'), leg(a, b, '1.00')] },
      { ...first, description: 'other' },
      { transfers: [leg(b, a, '1.00')] },
    ]) {
      const answer = await send('/v1/transactions', other, headers);
      expect([answer.status, answer.body]).toMatchObject([422, { code: 'idempotency-key-reused' }]);
    }
    const commands = [{ type: 'deposit', accountId: a, amount: '1.00' }];
    const batch = await send('/v1/batches', { commands }, headers);
    expect(batch.status).toBe(422);
    expect([a, b].map(ledgerOf)).toEqual(['8.00', '1.00']);
  });
});

describe('a transaction is taken back', () => {
  test('as one, once, and each of the two names the other', async () => {
    const [a, b, c] = [await open('10.00'), await open(), await open()];
    const transfers = [leg(a, b, '10.00'), leg(b, c, '4.00')];
    const done = await send('/v1/transactions', { transfers, reference: 'r' });
    const id = String(done.body['transactionId']);
    const back = await send(`/v1/transactions/${id}/reversals`, { reason: 'mistake' });
    expect([back.status, back.body]).toMatchObject([
      201,
      {
        description: 'mistake',
        reference: 'r',
        transfers: [{ amount: '4.00' }, { amount: '10.00' }],
      },
    ]);
    expect([a, b, c].map(ledgerOf)).toEqual(['10.00', '0.00', '0.00']);
    const reversal = String(back.body['transactionId']);
    expect((await send(`/v1/transactions/${id}`)).body).toMatchObject({ reversedBy: reversal });
    expect((await send(`/v1/transactions/${reversal}`)).body).toMatchObject({ reverses: id });
    const again = await send(`/v1/transactions/${id}/reversals`, {});
    expect([again.status, again.body]).toMatchObject([409, { code: 'already-reversed', index: 0 }]);
  });
  test('or not at all, when one of its transfers cannot be', async () => {
    const [a, b, c] = [await open('10.00'), await open(), await open()];
    const transfers = [leg(a, b, '10.00'), leg(b, c, '4.00')];
    const { body } = await send('/v1/transactions', { transfers });
    await send(`/v1/accounts/${b}/withdrawals`, { amount: '1.00' });
    const back = await send(`/v1/transactions/${String(body['transactionId'])}/reversals`, {});
    expect([back.status, back.body]).toMatchObject([
      422,
      { code: 'insufficient-funds', index: 1, shortfall: '1.00' },
    ]);
    expect(ledgerOf(c)).toBe('4.00');
  });
  test('what the bank never made is not there', async () => {
    for (const id of ['00000000-0000-8000-8000-000000000000', await open()]) {
      for (const answer of [
        await send(`/v1/transactions/${id}`),
        await send(`/v1/transactions/${id}/reversals`, {}),
      ]) {
        expect([answer.status, answer.body]).toMatchObject([
          404,
          { code: 'transaction-not-found' },
        ]);
      }
    }
  });
});
