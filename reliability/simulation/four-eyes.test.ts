import { COMMAND_API_OPERATIONS } from '../../contracts/catalogue.ts';
import type { Principal } from '../../contracts/access/principal.ts';
import { decidedAnswer } from '../../contracts/approval/operations.ts';
import { pendingAnswer } from '../../contracts/account/outcomes.ts';
import type { SeenAccess } from '../../platform/access-reports.ts';
import type { Currency } from '../../domain/currency.ts';
import { accountId } from '../../domain/ids.ts';
import { minor } from '../../domain/money.ts';
import { principalFor, sentBy, toldGate } from '../../platform/http/gate-for-tests.ts';
import { commandHouse } from './command-house.ts';

const HOUR_MS = 3_600_000;
const OWNER = '00000000-0000-8000-8000-00000000000a';
const FOUR_EYES = {
  amounts: new Map([['CZK' as Currency, minor(10_000n)]]),
  acts: new Set(['limits', 'reversals', 'erasure'] as const),
  waitMs: HOUR_MS,
};

let house: Awaited<ReturnType<typeof commandHouse>>;
let keys = 0;
const recorded: SeenAccess[] = [];
beforeAll(async () => {
  house = await commandHouse(toldGate, (seen) => void recorded.push(seen), FOUR_EYES);
});
afterAll(() => house.close());

const as = (role: Parameters<typeof principalFor>[0], subject: string): Principal => ({
  ...principalFor(role),
  subject,
});
const [ANNA, BEN] = [as('teller', 'anna'), as('teller', 'ben')];
const ADA = principalFor('customer', OWNER);

async function send(who: Principal, method: string, path: string, body?: object, key?: string) {
  const answer = await fetch(`${house.url}${path}`, {
    method,
    headers: {
      ...sentBy(who),
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const told = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, headers: answer.headers, body: told };
}
const post = (who: Principal, path: string, body: object = {}, key?: string) =>
  send(who, 'POST', path, body, key);
const open = async (initialDeposit = '100.00'): Promise<string> => {
  const terms = { ownerId: OWNER, currency: 'CZK', initialDeposit };
  return String((await post(ANNA, '/v1/accounts', terms)).body['accountId']);
};
/** A deposit that waits. */
async function waiting(account: string, amount = '500.00') {
  const key = `key-${(keys += 1)}`;
  const path = `/v1/accounts/${account}/deposits`;
  const asked = await post(ANNA, path, { amount, description: 'rent' }, key);
  return {
    asked,
    again: () => post(ANNA, path, { amount, description: 'rent' }, key),
    key,
    id: String(asked.body['approvalId']),
  };
}
const count = (account: string): number => house.log.eventsOf(accountId(account)).length;

describe('given a deposit of more than the amount', () => {
  test('then it is answered 202, and another teller finds and approves it', async () => {
    const account = await open();
    const { asked, again, id, key } = await waiting(account);
    expect(asked.status).toBe(202);
    pendingAnswer.parse(asked.body);
    expect(asked.headers.get('location')).toBe(`/v1/approvals/${id}`);
    expect(asked.headers.get('etag')).toBeNull();
    expect([(await again()).status, (await again()).body]).toEqual([202, asked.body]);
    expect(count(account)).toBe(2);
    const listed = await send(BEN, 'GET', '/v1/approvals?status=waiting');
    const found = (listed.body['items'] as { approvalId: string }[]).find(
      ({ approvalId }) => approvalId === id,
    );
    expect(found).toMatchObject({
      status: 'waiting',
      accountId: account,
      command: { type: 'deposit', amount: '500.00', description: 'rent' },
      idempotencyKey: key,
      askedBy: 'tests anna teller single-factor',
    });
    const read = await send(BEN, 'GET', `/v1/approvals/${id}`);
    expect([read.status, read.body, read.headers.get('etag')]).toEqual([200, found, '"1"']);

    const dry = await post(BEN, `/v1/approvals/${id}/approve?dryRun=true`);
    expect([dry.status, dry.body['dryRun'], dry.body['status']]).toEqual([200, true, 'approved']);
    expect(count(account)).toBe(2);
    const approved = await post(BEN, `/v1/approvals/${id}/approve`);
    expect([approved.status, approved.headers.get('etag')]).toEqual([200, '"2"']);
    expect(decidedAnswer.parse(approved.body)).toMatchObject({
      status: 'approved',
      decidedBy: 'tests ben teller single-factor',
      events: [{ type: 'money-deposited', version: 3 }],
    });
    const replay = await post(BEN, `/v1/approvals/${id}/approve`);
    expect([replay.status, replay.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    const executed = await again();
    expect([executed.status, executed.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(executed.body).toMatchObject({ version: 3, balance: { ledger: '600.00' } });
    expect(count(account)).toBe(3);
    const left = (await send(BEN, 'GET', '/v1/approvals')).body['items'] as object[];
    expect(left).not.toContainEqual(expect.objectContaining({ approvalId: id }));
  });
  test('then who asked may not decide, and who approves gets a refusal', async () => {
    const account = await open();
    const { id, again } = await waiting(account);
    const own = await post(ANNA, `/v1/approvals/${id}/approve`);
    expect([own.status, own.body['code']]).toEqual([403, 'same-person']);
    expect(recorded.at(-1)).toMatchObject({ operation: 'approve', outcome: 'forbidden' });
    const frozen = await post(as('operator', 'olga'), `/v1/accounts/${account}/freeze`);
    expect(frozen.status).toBe(200);
    const refused = await post(BEN, `/v1/approvals/${id}/approve`);
    expect([refused.status, refused.body['code']]).toEqual([409, 'account-frozen']);
    expect(refused.body).toMatchObject({ approvalId: id, approval: 'refused' });
    const ended = await again();
    expect([ended.status, ended.body['code'], ended.body['approval']]).toEqual([
      409,
      'approval-ended',
      'refused',
    ]);
  });
  test('then it can be rejected with a reason, and expires', async () => {
    const account = await open();
    const [one, other] = [await waiting(account), await waiting(account)];
    const rejected = await post(BEN, `/v1/approvals/${one.id}/reject`, { reason: 'no receipt' });
    expect([rejected.status, rejected.body['status'], rejected.body['reason']]).toEqual([
      200,
      'rejected',
      'no receipt',
    ]);
    expect(rejected.body['events']).toEqual([]);
    await house.pass(HOUR_MS);
    const read = await send(BEN, 'GET', `/v1/approvals/${other.id}`);
    expect(read.body).toMatchObject({ status: 'expired', version: 2 });
    const late = await post(BEN, `/v1/approvals/${other.id}/approve`);
    expect([late.status, late.body['approval']]).toEqual([409, 'expired']);
    expect(count(account)).toBe(2);
  });
});

test('given a customer, then their transfer waits for a teller', async () => {
  const [from, to] = [await open('100.00'), await open('0.50')];
  for (const amount of ['100.00', '100.00']) {
    await post(ANNA, `/v1/accounts/${from}/deposits`, { amount });
  }
  const terms = { fromAccountId: from, toAccountId: to, amount: '250.00' };
  const asked = await post(ADA, '/v1/transfers', terms, 'rent');
  expect(asked.status).toBe(202);
  const path = `/v1/approvals/${String(asked.body['approvalId'])}`;
  expect((await send(ADA, 'GET', path)).status).toBe(403);
  expect((await post(ADA, `${path}/approve`)).status).toBe(403);
  expect((await post(BEN, `${path}/approve`)).status).toBe(200);
  const executed = await post(ADA, '/v1/transfers', terms, 'rent');
  expect([executed.status, executed.body['status']]).toEqual([201, 'completed']);
});

test('given acts of operators, then no teller sees them, and operators decide', async () => {
  const account = await open();
  const [olga, oscar] = [as('operator', 'olga'), as('operator', 'oscar')];
  const limits = await send(olga, 'PUT', `/v1/accounts/${account}/limits`, { perDay: '1.00' });
  const overdraft = { amount: '5.00' };
  const raised = await send(olga, 'PUT', `/v1/accounts/${account}/overdraft-limit`, overdraft);
  const reversed = await post(olga, `/v1/accounts/${account}/reversals`, { version: 2 });
  for (const { status, body } of [limits, raised, reversed]) {
    expect(status).toBe(202);
    const path = `/v1/approvals/${String(body['approvalId'])}`;
    for (const answer of [await send(BEN, 'GET', path), await post(BEN, `${path}/approve`)]) {
      expect([answer.status, answer.body['code']]).toEqual([404, 'approval-not-found']);
    }
    expect((await send(principalFor('auditor'), 'GET', path)).status).toBe(200);
    expect((await post(principalFor('auditor'), `${path}/approve`)).status).toBe(403);
    const few = { ...oscar, scopes: ['approvals:write', 'approvals:read'] };
    const lacks = await post(few, `${path}/approve`);
    expect([lacks.status, lacks.body['code']]).toEqual([403, 'forbidden']);
  }
  const rejected = await post(oscar, `/v1/approvals/${String(limits.body['approvalId'])}/reject`);
  expect(rejected.status).toBe(200);
  const other = await post(oscar, `/v1/approvals/${String(reversed.body['approvalId'])}/approve`);
  expect(other.body).toMatchObject({ events: [{ type: 'movement-reversed' }] });
});

test('given an erasure, then it waits for another privacy officer', async () => {
  const person = await post(ANNA, '/v1/persons', { givenName: 'Ada', familyName: 'Nová' });
  const path = `/v1/persons/${String(person.body['personId'])}/erasure`;
  const asked = await post(as('privacy-officer', 'pia'), path, {}, 'gone');
  expect(asked.status).toBe(202);
  const approval = `/v1/approvals/${String(asked.body['approvalId'])}/approve`;
  expect((await post(BEN, approval)).status).toBe(404);
  const approved = await post(as('privacy-officer', 'paul'), approval);
  expect(approved.body).toMatchObject({ events: [{ type: 'person-erased' }] });
  expect((await post(as('privacy-officer', 'pia'), path, {}, 'gone')).status).toBe(200);
});

test('given a batch, then what needs an approval is refused, and the rest happens', async () => {
  const account = await open();
  const items = ['1.00', '500.00'].map((amount) => ({
    type: 'deposit',
    accountId: account,
    amount,
  }));
  const { body } = await post(ANNA, '/v1/batches', { commands: items });
  const codes = (body['results'] as { status: number; problem?: { code: string } }[]).map(
    ({ status, problem }) => [status, problem?.code],
  );
  expect(codes).toEqual([
    [201, undefined],
    [409, 'approval-required'],
  ]);
  const atomic = await post(ANNA, '/v1/batches?atomic=true', { commands: items });
  expect(JSON.stringify(atomic.body)).toContain('batch-aborted');
  expect(count(account)).toBe(3);
});

test('given a dry run, then it says that an approval is needed, and nothing waits', async () => {
  const account = await open();
  const path = `/v1/accounts/${account}/deposits?dryRun=true`;
  const { status, body } = await post(ANNA, path, { amount: '500.00' });
  expect([status, body['dryRun'], body['needsApproval']]).toEqual([200, true, true]);
  const small = await post(ANNA, path, { amount: '5.00' });
  expect(small.body).not.toHaveProperty('needsApproval');
  const { body: list } = await send(BEN, 'GET', '/v1/approvals?limit=100');
  expect(JSON.stringify(list)).not.toContain(account);
});

test('given more than a page, then cursors lead through all of it once', async () => {
  const account = await open();
  const ids = new Set<string>();
  for (let at = 0; at < 5; at += 1) ids.add((await waiting(account)).id);
  const seen: string[] = [];
  for (let query = '?limit=2'; ;) {
    const { body } = await send(BEN, 'GET', `/v1/approvals${query}`);
    seen.push(...(body['items'] as { approvalId: string }[]).map(({ approvalId }) => approvalId));
    const cursor = body['nextCursor'] as string | null;
    if (cursor === null) break;
    query = `?limit=2&cursor=${cursor}`;
  }
  expect(seen.filter((id) => ids.has(id)).sort()).toEqual([...ids].sort());
  expect(new Set(seen).size).toBe(seen.length);
});

describe('given a bad request about an approval, then nothing changes', () => {
  const IDS = ['x', '0', '%00', '00000000-0000-8000-8000-00000000000', '../x'];
  const BODIES = [
    '[]',
    '{"reason":1}',
    '{"reason":""}',
    '{"by":"ben"}',
    '{"reason":"\u202e"}',
    'x',
  ];
  const QUERIES = ['?status=all', '?limit=0', '?limit=101', '?cursor=x', '?cursor=', '?after=1'];

  const raw = async (method: string, path: string, body?: string, headers = {}) => {
    const answer = await fetch(`${house.url}${path}`, {
      method,
      headers: { ...sentBy(BEN), 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const { code } = (await answer.json()) as { code: string };
    return [path, answer.status, code];
  };
  test('then it is one that the document names', async () => {
    const { id } = await waiting(await open());
    const path = `/v1/approvals/${id}`;
    for (const query of QUERIES) {
      expect(await raw('GET', `/v1/approvals${query}`)).toEqual([
        `/v1/approvals${query}`,
        400,
        'invalid-request',
      ]);
    }
    for (const bad of IDS) {
      const [, status] = await raw('POST', `/v1/approvals/${bad}/approve`, '{}');
      expect([bad, [400, 404].includes(status as number)]).toEqual([bad, true]);
    }
    for (const body of BODIES) {
      const [, status] = await raw('POST', `${path}/reject`, body);
      expect([body, status]).toEqual([body, 400]);
    }
    expect(await raw('POST', `${path}/approve`, '{"reason":"x"}')).toContain(400);
    expect(await raw('POST', `${path}/approve?now=true`, '{}')).toContain(400);
    expect(await raw('POST', `${path}/approve`, '{}', { 'if-match': '"7"' })).toContain(412);
    expect(await raw('POST', `${path}/approve`, '{}', { 'if-match': 'x' })).toContain(400);
    expect(await raw('POST', `${path}/approve`, '{}', { 'idempotency-key': 'a b' })).toContain(400);
    expect(await raw('PUT', `${path}/approve`, '{}')).toContain(405);
    const nobody = '/v1/approvals/00000000-0000-8000-8000-000000000000';
    expect(await raw('GET', nobody)).toContain('approval-not-found');
    expect(await raw('POST', `${nobody}/reject`, '{}')).toContain('approval-not-found');
    expect((await send(BEN, 'GET', path)).body).toMatchObject({ status: 'waiting', version: 1 });
  });
});

test('the document tells of 202 where something may wait, and nowhere else', async () => {
  const document = (await (await fetch(`${house.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { responses: Record<string, object> }>>;
  };
  for (const { id, path, method, pending } of COMMAND_API_OPERATIONS) {
    const responses = document.paths[path]?.[method]?.responses ?? {};
    expect([id, '202' in responses]).toEqual([id, pending !== undefined]);
  }
});
