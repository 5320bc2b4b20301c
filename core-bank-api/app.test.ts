import { openGate } from '../platform/http/gate-for-tests.ts';
import request from 'supertest';
import { createLogger } from '../platform/logger.ts';
import { commandApi } from './app.ts';

const TOKEN = 'a-token-of-the-app';
const ROUTE = '/sidecar/account-commands';
const logger = createLogger('test', 'error');
logger.silent = true;

const taken: string[] = [];
const app = commandApi({
  gate: openGate,
  record: () => undefined,
  executePerson: () => Promise.reject(new Error('not for persons')),
  approvals: {
    decide: () => Promise.reject(new Error('not for approvals')),
    find: () => Promise.reject(new Error('not for approvals')),
    waiting: () => Promise.reject(new Error('not for approvals')),
  },
  actors: {
    execute: () => Promise.reject(new Error('not asked')),
    lookup: () => Promise.reject(new Error('not asked')),
  },
  messages: {
    appToken: TOKEN,
    topics: ['account-commands', 'account-commands.bulk'],
    take: (message) => {
      taken.push(message.toString());
      return Promise.resolve(message.toString() === 'later' ? 'RETRY' : 'SUCCESS');
    },
  },
  checks: {},
  logger,
});
const deliver = (message: string, token: string) =>
  request(app)
    .post(ROUTE)
    .set('dapr-api-token', token)
    .set('content-type', 'application/cloudevents+json')
    .send(JSON.stringify({ data_base64: Buffer.from(message).toString('base64'), id: '1' }));

test('given the sidecar, it learns the topics, and that messages come raw', async () => {
  const { status, body } = await request(app).get('/dapr/subscribe').set('dapr-api-token', TOKEN);
  expect(status).toBe(200);
  const metadata = { rawPayload: 'true' };
  const common = { pubsubname: 'bank-pubsub', route: ROUTE, metadata };
  expect(body).toEqual([
    { ...common, topic: 'account-commands' },
    { ...common, topic: 'account-commands.bulk' },
  ]);
});

test.each([
  ['now', 'SUCCESS'],
  ['later', 'RETRY'],
])('given the message "%s", it is taken as it is and answered %s', async (message, status) => {
  const answer = await deliver(message, TOKEN);
  expect([answer.status, answer.body]).toEqual([200, { status }]);
  expect(taken.at(-1)).toBe(message);
});

test.each(['', 'a-token-of-the-ape'])('given the token "%s", there is nothing', async (token) => {
  const before = taken.length;
  expect((await deliver('x', token)).status).toBe(404);
  expect((await request(app).get('/dapr/subscribe').set('dapr-api-token', token)).status).toBe(404);
  expect(taken).toHaveLength(before);
});
