import request from 'supertest';
import type { Access } from '../../contracts/access/rules.ts';
import type { SeenAccess } from '../access-reports.ts';
import { boundFailedLogins } from '../limits/failed-logins.ts';
import { silentLogger as logger } from '../silent-logger-for-tests.ts';
import { Failure, Unauthenticated } from './failure.ts';
import { gate } from './gate.ts';
import { openDoor, principalFor } from './gate-for-tests.ts';
import { createApp, finish } from './http.ts';
import { recordRefusals } from './recorded-refusals.ts';
import { serve } from './serve.ts';

const ID = '00000000-0000-8000-8000-00000000000a';
const TRACE = 'ab'.repeat(16);
const access: Access = { scope: 'persons:read', object: 'person' };
const customer = principalFor('customer', ID);

/** One operation that ends as the test says, and what is recorded of it. */
function house(ends: Failure | 'well', who: Parameters<typeof gate>[0] = () => customer) {
  const recorded: SeenAccess[] = [];
  const app = createApp({ logger });
  const operation = {
    id: 'readThing',
    method: 'get',
    path: '/v1/things/{personId}',
    access,
  } as const;
  const readThing = (_asked: unknown, response: { json: (body: object) => void }): void => {
    if (ends !== 'well') throw ends;
    response.json({});
  };
  serve(
    app,
    [operation],
    { readThing },
    {
      ...openDoor,
      gate: boundFailedLogins(gate(who), 2),
      onRefusal: recordRefusals((seen) => void recorded.push(seen)),
    },
  );
  finish(app, logger);
  const get = (id = ID) =>
    request(app)
      .get(`/v1/things/${id}`)
      .set('traceparent', `00-${TRACE}-${'cd'.repeat(8)}-00`);
  return { get, recorded };
}
const nobody = (): never => {
  throw new Unauthenticated('expired', 'Bearer');
};

test('given what is permitted, nothing is recorded', async () => {
  const { get, recorded } = house('well');
  expect((await get()).status).toBe(200);
  expect(recorded).toEqual([]);
});

test('given no valid token, the reason is recorded and nothing that was written', async () => {
  const { get, recorded } = house('well', nobody);
  const answers = [await get(), await get(), await get()].map(({ status }) => status);
  expect(answers).toEqual([401, 401, 429]);
  const seen = { outcome: 'unauthenticated', operation: 'readThing' };
  expect(recorded).toEqual([
    { ...seen, reason: 'expired' },
    { ...seen, reason: 'expired' },
    { ...seen, reason: 'too-many-failures' },
  ]);
});

test('given a sender without the right, they are recorded, with what they asked for', async () => {
  const auditor = { ...customer, scopes: [] };
  const { get, recorded } = house('well', () => auditor);
  expect((await get()).status).toBe(403);
  const seen = { operation: 'readThing', outcome: 'forbidden', principal: auditor };
  expect(recorded).toEqual([{ ...seen, objects: [ID], traceId: TRACE }]);
  await get('Jana%20Novakova');
  expect(recorded[1]).toMatchObject({ objects: [] });
});

test('given a token without a role, that is recorded too', async () => {
  const { get, recorded } = house('well', () => {
    throw new Failure('forbidden');
  });
  await get();
  expect(recorded).toEqual([{ operation: 'readThing', outcome: 'forbidden', reason: 'no-role' }]);
});

test('given a 404, it is recorded of customers, whose right decides', async () => {
  const failure = new Failure('person-not-found');
  const own = house(failure);
  expect((await own.get()).status).toBe(404);
  expect(own.recorded).toMatchObject([{ outcome: 'not-found', objects: [ID] }]);
  const teller = house(failure, () => principalFor('teller'));
  expect((await teller.get()).status).toBe(404);
  expect(teller.recorded).toEqual([]);
});

test.each([
  'invalid-request',
  'hold-not-found',
  'insufficient-funds',
  'service-unavailable',
] as const)('given %s, rights had nothing to do with it, and nothing is recorded', async (code) => {
  const { get, recorded } = house(new Failure(code));
  await get();
  expect(recorded).toEqual([]);
});
