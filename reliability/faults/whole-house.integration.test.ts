import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMMAND_API_OPERATIONS, QUERY_API_OPERATIONS } from '../../contracts/catalogue.ts';
import type { Operation } from '../../contracts/http/openapi.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import * as receipts from '../../proofs/receipt.ts';
import { readPublicKey } from '../../proofs/signed-state.ts';
import { badBatches, badTransfers } from '../bad-input/batch-corpus.ts';
import { badCommands } from '../bad-input/contract-corpus.ts';
import { badRequests, type BadRequest } from '../bad-input/corpus.ts';
import { judgeOf } from '../bad-input/documented.ts';
import { placesOf } from '../bad-input/places.ts';
import { badQueries } from '../bad-input/query-corpus.ts';
import { send } from '../bad-input/raw-http.ts';
import { bankUnderTest, violationsWithin, type BankUnderTest } from './bank-under-test.ts';
import { patientSend } from './patient-send.ts';
import { viewOf } from './verdict.ts';
import { bankFetch } from './bank-fetch.ts';

const OTHER_COMMANDS = 10_000;
const CLIENTS = 200;
/** At the source of what bad requests need: a transfer, a reservation, and one of a transaction. */
const PLACES_EVENTS = 3;

jest.setTimeout(180_000);

const { beginsWith, consistencyFault, readConsistency, readReceipt, receiptFault } = receipts;
let house: BankUnderTest;
let account: string;
beforeAll(async () => {
  house = await bankUnderTest();
  [account] = (await house.openAccounts(1)) as [string];
});
afterAll(() => house.close());

const deposits = (): string => `${house.commandUrl}/v1/accounts/${account}/deposits`;
const deposit = (amount: string, key: string = randomUUID()): Promise<Response> =>
  bankFetch(deposits(), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ amount }),
  });
const loggedWith = async (key: string): Promise<number> => {
  const { events } = await viewOf(house.queryUrl, account);
  return events.filter(({ commandId }) => commandId === key).length;
};

describe('the same Idempotency-Key', () => {
  const key = `once-${randomUUID()}`;
  let first: unknown;

  test('20 times at once: executed once, all answers are the same', async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => deposit('7.00', key)));
    const bodies = await Promise.all(responses.map((response) => response.json()));
    first = bodies[0];
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201));
    for (const body of bodies) expect(body).toEqual(first);
    const fresh = responses.filter(({ headers }) => headers.get('Idempotency-Replayed') === null);
    expect(fresh).toHaveLength(1);
  });

  test('with another body: refused', async () => {
    const response = await deposit('8.00', key);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: 'idempotency-key-reused' });
  });

  test(`after ${OTHER_COMMANDS} other commands and a restart: the same answer`, async () => {
    let left = OTHER_COMMANDS;
    const client = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        // A busy hot account may answer 503 on a slow machine; a client with a key repeats it.
        const { status } = await patientSend('POST', deposits(), randomUUID(), { amount: '0.01' });
        expect(status).toBe(201);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    house.bank.kill('bank-account-actor', 'SIGKILL');
    const looked = await violationsWithin(20_000, async () => {
      const response = await deposit('7.00', key);
      if (response.status !== 201) return [`answered ${response.status}`];
      expect(response.headers.get('Idempotency-Replayed')).toBe('true');
      expect(await response.json()).toEqual(first);
      return [];
    });
    expect(looked).toEqual([]);
    expect(await loggedWith(key)).toBe(1);
  });
});

test('each event has a receipt that the public key proves, a forged one has none', async () => {
  await deposit('3.00');
  const { events } = await viewOf(house.queryUrl, account);
  const read = async (path: string): Promise<Record<string, unknown>> =>
    (await (await bankFetch(`${house.queryUrl}${path}`)).json()) as Record<string, unknown>;
  const key = readPublicKey(String((await read('/v1/audit/public-key'))['publicKey']));
  const last = events.slice(-20);
  for (const { version } of last) {
    const receipt = readReceipt(await read(`/v1/accounts/${account}/events/${version}/receipt`));
    if (isFault(receipt)) throw new Error(receipt.detail);
    expect(receiptFault(receipt, key)).toBeUndefined();
    const forged = { ...receipt, event: { ...receipt.event, at: '2020-01-01T00:00:00.000Z' } };
    expect(receiptFault(forged, key)).toMatchObject({ fault: 'entry-differs' });
    const path = `/v1/audit/consistency?fromTx=${receipt.state.txId}`;
    const newer = readConsistency(await read(path));
    if (isFault(newer)) throw new Error(newer.detail);
    expect(beginsWith(newer, receipt) ?? consistencyFault(newer, key)).toBeUndefined();
  }
  expect(last.length).toBeGreaterThan(1);
});

test('the real house answers bad requests by a documented 4xx and writes nothing', async () => {
  const logged = async () => (await viewOf(house.queryUrl, account)).events.length;
  const atFirst = await logged();
  const places = await placesOf(house.commandUrl, account);
  // The log is a moment behind the answer.
  const before = atFirst + PLACES_EVENTS;
  while ((await logged()) < before) await sleep(50);
  const wrong = [
    ...(await wrongAnswers(house.commandUrl, COMMAND_API_OPERATIONS, [
      ...badRequests(account),
      ...badCommands(places),
      ...badBatches(places),
      ...badTransfers(places),
    ])),
    ...(await wrongAnswers(house.queryUrl, QUERY_API_OPERATIONS, badQueries(account))),
  ];
  expect(wrong).toEqual([]);
  expect(await logged()).toBe(before);
});

async function wrongAnswers(
  url: string,
  operations: readonly Operation[],
  cases: readonly BadRequest[],
): Promise<string[]> {
  expect(cases.length).toBeGreaterThan(300);
  const judge = judgeOf(operations);
  const wrong: string[] = [];
  for (const bad of cases) {
    const found = judge(bad, await send(url, bad));
    if (found !== undefined) wrong.push(found);
  }
  return wrong;
}

test.each(['command', 'query'] as const)('the %s API documents itself', async (which) => {
  const url = which === 'command' ? house.commandUrl : house.queryUrl;
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string };
  expect(document.openapi).toBe('3.1.0');
  expect(await (await fetch(`${url}/docs`)).text()).toContain('swagger-ui');
  expect((await fetch(`${url}/docs/assets/swagger-ui-bundle.js`)).status).toBe(200);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
});
