import { OWNER } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { COMMAND_API_OPERATIONS } from '../../contracts/catalogue.ts';
import { accountId, type AccountId } from '../../domain/ids.ts';
import { commandHouse } from './command-house.ts';

let house: Awaited<ReturnType<typeof commandHouse>>;
beforeAll(async () => void (house = await commandHouse()));
afterAll(() => house.close());

const send = async (method: string, path: string, body: object, key?: string) => {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (key !== undefined) headers['idempotency-key'] = key;
  const response = await fetch(`${house.url}${path}`, {
    method,
    headers,
    body: JSON.stringify(body),
  });
  return { response, body: (await response.json()) as Record<string, unknown> };
};
const made = async (path: string, body: object, member: string): Promise<string> =>
  String((await send('POST', path, body)).body[member]);
const money = { amount: '1.00' };
const open = () =>
  made(
    '/v1/accounts',
    { ownerId: OWNER, currency: 'CZK', initialDeposit: '9.00', overdraftLimit: '1.00' },
    'accountId',
  );
const person = { givenName: 'Jana', familyName: 'Nová' };
const address = { line1: 'Dlouhá 1', city: 'Praha', postalCode: '11000', country: 'CZ' };

interface Try {
  readonly path: string;
  readonly body: object;
  readonly account?: string;
}

/** Each operation as a request that would succeed. */
const TRIES: Readonly<Record<string, () => Promise<Try>>> = {
  registerPerson: async () => ({ path: '/v1/persons', body: person }),
  changeAddress: async () => ({ path: `/v1/persons/${await aPerson()}/address`, body: address }),
  erasePerson: async () => ({ path: `/v1/persons/${await aPerson()}/erasure`, body: {} }),
  openAccount: async () => ({ path: '/v1/accounts', body: { ownerId: OWNER, currency: 'CZK' } }),
  deposit: () => of('/deposits', money),
  withdraw: () => of('/withdrawals', money),
  placeHold: () => of('/holds', money),
  captureHold: () => ofHold('capture'),
  voidHold: () => ofHold('void'),
  setOverdraftLimit: () => of('/overdraft-limit', money),
  setLimits: () => of('/limits', {}),
  setDetails: () => of('/details', {}),
  patchDetails: () => of('', { name: 'Household' }),
  block: () => of('/blocks', { direction: 'debit' }),
  unblock: async () => {
    const body = { direction: 'credit' };
    const account = await open();
    await send('POST', `/v1/accounts/${account}/blocks`, body);
    return { path: `/v1/accounts/${account}/blocks/lift`, body, account };
  },
  setRefusalRecording: () => of('/refusal-recording', { recordRefusals: true }),
  freeze: () => of('/freeze', {}),
  unfreeze: async () => {
    const account = await open();
    await send('POST', `/v1/accounts/${account}/freeze`, {});
    return { path: `/v1/accounts/${account}/unfreeze`, body: {}, account };
  },
  close: async () => {
    const account = await made('/v1/accounts', { ownerId: OWNER, currency: 'CZK' }, 'accountId');
    return { path: `/v1/accounts/${account}/close`, body: {}, account };
  },
  reverse: () => of('/reversals', { version: 2 }),
  executeBatch: async () => {
    const account = await open();
    const commands = [{ type: 'deposit', accountId: account, ...money }];
    return { path: '/v1/batches', body: { commands }, account };
  },
  transfer: () => ofTransfer(''),
  captureTransfer: () => ofTransfer('/capture'),
  voidTransfer: () => ofTransfer('/void'),
  reverseTransfer: () => ofTransfer('/reversals'),
  transact: () => ofTransaction(''),
  reverseTransaction: () => ofTransaction('/reversals'),
};
const aPerson = () => made('/v1/persons', person, 'personId');
async function of(path: string, body: object): Promise<Try> {
  const account = await open();
  return { path: `/v1/accounts/${account}${path}`, body, account };
}
async function ofHold(how: string): Promise<Try> {
  const { path, account } = await of('/holds', money);
  const holdId = await made(path, money, 'holdId');
  return { path: `${path}/${holdId}/${how}`, body: {}, account: account! };
}
async function ofTransfer(path: string): Promise<Try> {
  const [account, toAccountId] = [await open(), await open()];
  const isPending = path === '/capture' || path === '/void';
  const body = { fromAccountId: account, toAccountId, ...money, pending: isPending };
  if (path === '') return { path: '/v1/transfers', body, account };
  const id = await made('/v1/transfers', body, 'transferId');
  return { path: `/v1/transfers/${id}${path}`, body: {}, account };
}

async function ofTransaction(path: string): Promise<Try> {
  const [account, toAccountId] = [await open(), await open()];
  const body = { transfers: [{ fromAccountId: account, toAccountId, ...money }] };
  if (path === '') return { path: '/v1/transactions', body, account };
  const id = await made('/v1/transactions', body, 'transactionId');
  return { path: `/v1/transactions/${id}${path}`, body: {}, account };
}

const events = (account?: string) =>
  account === undefined ? [] : house.log.eventsOf(accountId(account) satisfies AccountId);

// Those of approvals need a second person: four-eyes.test.ts.
const commands = COMMAND_API_OPERATIONS.filter(
  ({ method, access }) => method !== 'get' && access.scope !== 'approvals:write',
);

test.each(commands.map((operation) => [operation.id, operation] as const))(
  '%s as a dry run: 200 that says so, made nowhere, at no version, and then the same for real',
  async (id, { method, status, answer }) => {
    const { path, body, account } = await TRIES[id]!();
    const before = events(account).length;
    const dry = await send(method.toUpperCase(), `${path}?dryRun=true`, body, `key-${id}`);
    expect([dry.response.status, dry.body['dryRun']]).toEqual([200, true]);
    expect(answer.safeParse(dry.body).error).toBeUndefined();
    for (const name of ['location', 'etag', 'idempotency-replayed']) {
      expect([name, dry.response.headers.get(name)]).toEqual([name, null]);
    }
    expect(dry.response.headers.get('idempotency-key')).toBe(`key-${id}`);
    expect(events(account)).toHaveLength(before);
    const real = await send(method.toUpperCase(), path, body, `key-${id}`);
    expect([real.response.status, real.body['dryRun']]).toEqual([status, undefined]);
    expect(real.response.headers.get('idempotency-replayed')).toBe(null);
    // What was executed is reported as such; it was made, but not by this request.
    const again = await send(method.toUpperCase(), `${path}?dryRun=true`, body, `key-${id}`);
    expect([again.response.status, again.body['dryRun']]).toEqual([200, true]);
    for (const name of ['location', 'etag']) expect(again.response.headers.get(name)).toBe(null);
  },
);

test('the document tells of the 200 of every command', async () => {
  const document = (await (await fetch(`${house.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { responses: Record<string, { headers?: object }> }>>;
  };
  for (const { path, method } of commands) {
    const responses = document.paths[path]?.[method]?.responses ?? {};
    expect([path, Object.keys(responses)]).toEqual([path, expect.arrayContaining(['200'])]);
  }
});
