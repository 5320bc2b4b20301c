import { queryApiForTests } from '../../queries-bank-api/query-api-for-tests.ts';
import request from 'supertest';
import { logOf } from '../../queries-bank-api/log/life-for-tests.ts';
import { memoryReadModels } from '../../queries-bank-api/read-models/memory-read-models.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { AccountModel } from '../../contracts/account/read-models.ts';
import { COMMAND_API_OPERATIONS, referenceFiles } from '../../contracts/catalogue.ts';
import { refusalsOf } from '../../contracts/log/bank-events.ts';
import { accountId } from '../../domain/ids.ts';
import { isBalanced } from '../../domain/invariants.ts';
import { createEventRetrial } from '../../event-source/audit/event-retrial.ts';
import { accountAfter } from '../../projections/balances/balances.ts';
import { historyLine } from '../../projections/history/history-projection.ts';
import { badMembers } from '../bad-input/contract-corpus.ts';
import { judgeOf } from '../bad-input/documented.ts';
import { placesOf } from '../bad-input/places.ts';
import { send } from '../bad-input/raw-http.ts';
import { commandHouse } from './command-house.ts';

/** Of the recipe in docs/add-a-command.md; add-a-command.test.ts runs this in a changed copy. */

let house: Awaited<ReturnType<typeof commandHouse>>;
beforeAll(async () => void (house = await commandHouse()));
afterAll(() => house.close());

const post = (path: string, body: object) => request(house.url).post(path).send(body);
const open = async (more: object = {}): Promise<string> => {
  const account = { ownerId: house.ownerId, currency: 'CZK', ...more };
  const { body } = await post('/v1/accounts', account).expect(201);
  return body.accountId as string;
};

/** The query API on what the projections make of these events of one account. */
function queriesOn(events: readonly LoggedEvent[]) {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  const log = logOf(events);
  let account: AccountModel | undefined;
  for (const event of events) {
    const positioned = { position: event.version, event };
    account = accountAfter(account, positioned, { ownerIndex: 0, index: 0 });
    models.of('1').accounts.set(account.accountId, account);
    const { entry } = historyLine(positioned);
    models.of('1').lines.set(`${account.accountId}/${entry.version}`, entry);
  }
  return queryApiForTests(models, log, 100);
}

test('posted interest is in balance, history, statement and trial balance', async () => {
  const id = await open({ recordRefusals: true });
  const posted = await post(`/v1/accounts/${id}/interest`, { amount: '12.34' }).expect(201);
  const { event, balance } = posted.body;
  expect([event.type, event.amount, balance.ledger]).toEqual(['interest-posted', '12.34', '12.34']);
  const item = { type: 'post-interest', accountId: id, amount: '1.00' };
  const batch = await post('/v1/batches', { commands: [item] }).expect(200);
  expect(batch.body.results).toMatchObject([{ status: 201, outcome: { version: 3 } }]);
  await post(`/v1/accounts/${id}/reversals`, { version: 3 }).expect(201);
  await post(`/v1/accounts/${id}/freeze`, {}).expect(200);
  const frozen = await post(`/v1/accounts/${id}/interest`, { amount: '1.00' }).expect(409);
  expect(frozen.body).toMatchObject({ code: 'account-frozen', refusalId: `refusal/${id}/1` });

  const events = house.log.eventsOf(accountId(id)) as LoggedEvent[];
  const app = queriesOn(events);
  const read = async (path: string) =>
    (await request(app).get(`/v1/accounts/${id}${path}`).expect(200)).body;
  expect(await read('/balance')).toMatchObject({ ledger: '12.34', version: 5 });
  const { items } = await read('/history?type=interest-posted');
  expect(items).toMatchObject([
    { version: 3, direction: 'credit', amount: '1.00', reversedBy: 4 },
    { version: 2, direction: 'credit', amount: '12.34' },
  ]);
  const day = new Date().toISOString().slice(0, 10);
  const statement = await read(`/statements?from=2020-01-01&to=${day}`);
  expect(statement).toMatchObject({ credits: { count: 2, amount: '13.34' } });
  await request(app).get(`/v1/accounts/${id}/statements?from=v1&to=v6&format=pdf`).expect(200);

  const retrial = createEventRetrial();
  const records = house.log.streams.get(refusalsOf(accountId(id))) ?? [];
  expect(records).toHaveLength(1);
  expect([...events, ...records].flatMap((one) => [...retrial.take(one, id)])).toEqual([]);
  const [[currency, totals] = []] = retrial.ledger.totals();
  expect([currency, totals?.externalIn, totals?.ledgers]).toEqual(['CZK', 1_334n, 1_234n]);
  expect(isBalanced(totals!)).toBe(true);
});

test('its bad requests have documented problems, and it is in the reference', async () => {
  const operation = COMMAND_API_OPERATIONS.find(({ id }) => id === 'postInterest');
  const id = await open({ initialDeposit: '10.00' });
  const judge = judgeOf(COMMAND_API_OPERATIONS);
  const cases = badMembers(operation!, await placesOf(house.url, id, house.ownerId));
  expect(cases.length).toBeGreaterThan(20);
  const wrong: (string | undefined)[] = [];
  for (const bad of cases) wrong.push(judge(bad, await send(house.url, bad)));
  expect(wrong.filter((one) => one !== undefined)).toEqual([]);
  const written = referenceFiles();
  expect(written.has('integration-events/bank.account.interest-posted.v1.json')).toBe(true);
  expect(written.get('core-bank-api.openapi.json')).toContain('/v1/accounts/{id}/interest');
});
