import request from 'supertest';
import { bankStatus } from '../../contracts/log/bank-status.ts';
import { principalFor, sentBy, toldGate } from '../../platform/http/gate-for-tests.ts';
import { queryApiForTests } from '../query-api-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';
import { Unavailable } from '../read-models/read-models.ts';
import { auditForTests, STATUS } from './audit-for-tests.ts';
import { bankVersion } from './bank-status.ts';
import { logForTests } from './log-for-tests.ts';

const BACKLOG = { waitingCommands: 4, unconfirmedEvents: 3, unconfirmedStreams: 2 };

function bank(more: object = {}) {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  const parts = { gate: toldGate, backlog: () => Promise.resolve(BACKLOG), version: '1.2.3' };
  const app = queryApiForTests(models, logForTests().log, 100, { ...parts, ...more });
  const ask = async (who = principalFor('operator')) => {
    const { body } = await request(app).get('/v1/status').set(sentBy(who)).expect(200);
    return bankStatus.parse(body);
  };
  return { app, ask, models };
}
const auditOf = (status: object) => ({
  ...auditForTests().audit,
  status: () => Promise.resolve({ ...STATUS, ...status }),
});

test('given all parts, the bank is well, with its lag and backlog', async () => {
  const { ask } = bank({ audit: auditOf({ head: 65_536 * 9 + 3, position: 65_536 * 7 }) });
  expect(await ask()).toMatchObject({
    status: 'ok',
    version: '1.2.3',
    parts: [
      { name: 'actor-hosts', status: 'up' },
      { name: 'log', status: 'up' },
      { name: 'read-side', status: 'up' },
    ],
    lag: { audit: { transactionsBehind: 2 }, balances: { position: 0, transactionsBehind: 9 } },
    backlog: BACKLOG,
    audit: { verdict: 'balanced', alarms: 0 },
  });
});

const away = () => Promise.reject(new Unavailable('nobody answers'));

test.each([
  ['actor-hosts', { backlog: away }, { backlog: null }],
  [
    'log',
    { audit: { ...auditForTests().audit, status: away } },
    { audit: null, lag: { audit: null, balances: null } },
  ],
])('given that %s does not answer, the answer says so, with the rest', async (name, more, told) => {
  const answer = await bank(more).ask();
  expect(answer).toMatchObject({ status: 'degraded', ...told });
  const down = answer.parts.filter(({ status }) => status === 'down');
  expect(down).toEqual([{ name, status: 'down', reason: 'nobody answers' }]);
});

test('given that the read side does not answer, the answer says so, with the rest', async () => {
  const { ask, models } = bank();
  models.use.balances = undefined as never;
  expect(await ask()).toMatchObject({
    status: 'degraded',
    lag: { audit: { transactionsBehind: 0 }, balances: null },
    backlog: BACKLOG,
  });
});

test.each([{ alarms: 1 }, { verdict: 'violated' }])(
  'given an audit with %j, a person must look, whatever else is down',
  async (status) => {
    expect(await bank({ audit: auditOf(status), backlog: away }).ask()).toMatchObject({
      status: 'attention',
    });
  },
);

test('customers do not see it, and it takes no parameter', async () => {
  const { app } = bank();
  const customer = sentBy(principalFor('customer', 'jana'));
  await request(app).get('/v1/status').set(customer).expect(403);
  const operator = sentBy(principalFor('operator'));
  await request(app).get('/v1/status?x=1').set(operator).expect(400);
});

test('the version is that of the package', () => {
  expect(bankVersion()).toMatch(/^\d+\.\d+\.\d+/);
});
