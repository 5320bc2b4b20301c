import { setTimeout as sleep } from 'node:timers/promises';
import { localToken } from '../../runtime/programs/issuer.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { bankUnderTest, type BankUnderTest } from '../faults/bank-under-test.ts';

const PATIENCE_MS = 30_000;
const SETTINGS = {
  FOUR_EYES_AMOUNTS: 'CZK=1000,EUR=50.00',
  FOUR_EYES_ACTS: 'reversals,erasure',
  FOUR_EYES_SECONDS: '6',
};

let house: BankUnderTest;
let tokens: Record<'anna' | 'ben' | 'auditor', string>;
jest.setTimeout(180_000);
beforeAll(async () => {
  Object.assign(process.env, SETTINGS);
  house = await bankUnderTest();
  const { instance } = house.bank;
  const secrets = loadSecrets(instance.dataDir);
  const token = async (role: 'teller' | 'auditor', subject: string): Promise<string> =>
    (await localToken(instance, secrets, [role], { subject })).token;
  tokens = {
    anna: await token('teller', 'anna'),
    ben: await token('teller', 'ben'),
    auditor: await token('auditor', 'vera'),
  };
});
afterAll(async () => {
  for (const name of Object.keys(SETTINGS)) delete process.env[name];
  await house.close();
});

type Told = Readonly<Record<string, unknown>>;
async function call(who: keyof typeof tokens, path: string, body?: object, key?: string) {
  const isQuery = /^\/v1\/(?:audit|accounts\/[^/]+(?:\/history.*)?$)/.test(path) && !body;
  const answer = await fetch(`${isQuery ? house.queryUrl : house.commandUrl}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${tokens[who]}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Told };
}
/** The first answer that is as wanted; the last one when time is up. */
async function until(
  ask: () => Promise<{ status: number; body: Told }>,
  is: (body: Told) => boolean,
) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if ((answer.status < 400 && is(answer.body)) || performance.now() > deadline) return answer;
    await sleep(200);
  }
}
async function open(): Promise<string> {
  const person = await call('anna', '/v1/persons', { givenName: 'Ada', familyName: 'Nová' });
  const terms = { ownerId: person.body['personId'], currency: 'CZK', initialDeposit: '10.00' };
  return String((await call('anna', '/v1/accounts', terms)).body['accountId']);
}

test('given two tellers, then one approves what the other asked for', async () => {
  const account = await open();
  const path = `/v1/accounts/${account}/deposits`;
  const asked = await call('anna', path, { amount: '1000.01' }, 'big');
  expect(asked).toMatchObject({ status: 202, body: { status: 'waiting' } });
  const approval = `/v1/approvals/${String(asked.body['approvalId'])}`;
  expect((await call('ben', '/v1/approvals?status=waiting')).body).toMatchObject({
    items: [{ approvalId: asked.body['approvalId'], accountId: account }],
    nextCursor: null,
  });
  expect((await call('anna', `${approval}/approve`, {})).body['code']).toBe('same-person');
  // The host dies with the commit: what it decided is there, once.
  house.planCrash('actor:after-commit');
  const approved = await until(
    () => call('ben', `${approval}/approve`, {}),
    ({ status }) => status === 'approved',
  );
  expect(approved.status).toBe(200);
  expect(house.isCrashPlanned()).toBe(false);
  const executed = await call('anna', path, { amount: '1000.01' }, 'big');
  expect(executed).toMatchObject({ status: 201, body: { version: 3 } });
  const history = await until(
    () => call('auditor', `/v1/accounts/${account}/history?limit=1`),
    ({ version }) => version === 3,
  );
  expect(history.body['items']).toMatchObject([
    {
      version: 3,
      by: expect.stringContaining(' anna '),
      approvedBy: expect.stringContaining(' ben '),
    },
  ]);
  const audit = await until(
    () => call('auditor', '/v1/audit/status'),
    (body) => JSON.stringify(body).includes('"verdict":"balanced"'),
  );
  expect(JSON.stringify(audit.body)).toContain('"violations":0');
});

test('given nobody who decides, then it expires by itself', async () => {
  const account = await open();
  const asked = await call(
    'anna',
    `/v1/accounts/${account}/deposits`,
    { amount: '5000.00' },
    'late',
  );
  const path = `/v1/approvals/${String(asked.body['approvalId'])}`;
  const expired = await until(
    () => call('ben', path),
    ({ status }) => status === 'expired',
  );
  expect(expired.body).toMatchObject({ status: 'expired', version: 2 });
  expect((await call('ben', `${path}/approve`, {})).body['code']).toBe('approval-ended');
  expect((await call('ben', '/v1/approvals')).body['items']).toEqual([]);
});
