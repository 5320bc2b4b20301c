import { OWNER } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { batchAnswer } from '../../contracts/batch/batches.ts';
import { isRefusalEvent, refusalsOf } from '../../contracts/log/bank-events.ts';
import { accountId } from '../../domain/ids.ts';
import { commandHouse } from './command-house.ts';

let house: Awaited<ReturnType<typeof commandHouse>>;
beforeAll(async () => void (house = await commandHouse()));
afterAll(() => house.close());

const send = async (method: 'POST' | 'PUT', path: string, body: object) => {
  const response = await fetch(`${house.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-request-id': 'one' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const open = async (more: object = {}): Promise<string> => {
  const body = { ownerId: OWNER, currency: 'CZK', ...more };
  const opened = await send('POST', '/v1/accounts', body);
  expect(opened.body['recordRefusals']).toBe('recordRefusals' in more ? true : undefined);
  return String(opened.body['accountId']);
};
const records = (account: string) =>
  (house.log.streams.get(refusalsOf(accountId(account))) ?? []).filter(isRefusalEvent);

test('over REST a refusal names its record, and nothing else changes', async () => {
  const [plain, recording] = [await open(), await open({ recordRefusals: true })];
  const order = { amount: '7.00', description: 'rent' };
  const without = await send('POST', `/v1/accounts/${plain}/withdrawals`, order);
  const answer = await send('POST', `/v1/accounts/${recording}/withdrawals`, order);
  expect(without.body).not.toHaveProperty('refusalId');
  const { refusalId, instance, ...rest } = answer.body;
  expect([answer.status, instance]).toEqual([422, `/v1/accounts/${recording}/withdrawals`]);
  expect({ ...rest, instance: without.body['instance'] }).toEqual(without.body);
  expect(refusalId).toBe(`refusal/${recording}/1`);
  expect(records(recording)[0]?.data.refusal).toMatchObject({ shortfall: '7.00' });
  const dry = await send('POST', `/v1/accounts/${recording}/withdrawals?dryRun=true`, order);
  expect([dry.status, dry.body['refusalId']]).toEqual([422, undefined]);
});

test('the setting is switched by a command, which is refused only when closed', async () => {
  const account = await open();
  const path = `/v1/accounts/${account}/refusal-recording`;
  const on = await send('PUT', path, { recordRefusals: true });
  expect([on.status, on.body['event']]).toMatchObject([
    200,
    { type: 'refusal-recording-set', recordRefusals: true },
  ]);
  const unfreeze = await send('POST', `/v1/accounts/${account}/unfreeze`, {});
  expect(unfreeze.body).toMatchObject({ code: 'account-not-frozen' });
  expect(unfreeze.body['refusalId']).toBe(`refusal/${account}/1`);
  await send('PUT', path, { recordRefusals: false });
  const silent = await send('POST', `/v1/accounts/${account}/unfreeze`, {});
  expect(silent.body).not.toHaveProperty('refusalId');
  for (const [body, at] of [
    [{}, '/recordRefusals'],
    [{ recordRefusals: 'true' }, '/recordRefusals'],
    [{ recordRefusals: true, reason: 'x' }, '/reason'],
  ] as const) {
    const wrong = await send('PUT', path, body);
    expect([wrong.status, wrong.body['errors']]).toMatchObject([400, [{ at }]]);
  }
});

test('in a batch each refusal names its own record, also when all fall with one', async () => {
  const account = await open({ recordRefusals: true });
  const item = (type: string, amount: string) => ({ type, accountId: account, amount });
  const commands = [item('withdraw', '1.00'), item('deposit', '2.00'), item('withdraw', '9.00')];
  const ids = async (query: string) => {
    const { body } = await send('POST', `/v1/batches${query}`, { commands });
    const { results } = batchAnswer.parse(body);
    return results.map(({ status, problem }) => [status, problem?.['refusalId']]);
  };
  const id = (version: number) => `refusal/${account}/${version}`;
  expect(await ids('?atomic=true')).toEqual([
    [422, id(1)],
    [409, undefined],
    [422, id(2)],
  ]);
  expect(await ids('?dryRun=true')).toEqual([
    [422, undefined],
    [200, undefined],
    [422, undefined],
  ]);
  expect(await ids('')).toEqual([
    [422, id(3)],
    [201, undefined],
    [422, id(4)],
  ]);
  expect(records(account).map(({ data }) => data.seen.undone)).toEqual([
    undefined,
    1,
    undefined,
    undefined,
  ]);
});

test('a refused transfer is recorded at its source, and only there', async () => {
  const [from, to] = [await open({ recordRefusals: true }), await open({ recordRefusals: true })];
  const body = { fromAccountId: from, toAccountId: to, amount: '3.00', reference: 'inv-1' };
  const refused = await send('POST', '/v1/transfers', body);
  expect([refused.status, refused.body['accountId'], refused.body['refusalId']]).toEqual([
    422,
    from,
    `refusal/${from}/1`,
  ]);
  expect(records(from)[0]?.data.command).toMatchObject({
    type: 'send-transfer',
    toAccountId: to,
    amount: '3.00',
  });
  expect(records(to)).toEqual([]);
  // What the target says no to is recorded where the command went, too.
  await send('POST', `/v1/accounts/${from}/deposits`, { amount: '5.00' });
  await send('POST', `/v1/accounts/${to}/freeze`, {});
  const frozen = await send('POST', '/v1/transfers', body);
  expect(frozen.body).toMatchObject({ code: 'account-frozen', accountId: to });
  expect(frozen.body['refusalId']).toBe(`refusal/${from}/2`);
  expect([records(from).length, records(to).length]).toEqual([2, 0]);
});
