import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { ACCESS_CALLS, type AccessReport } from '../../contracts/access/access-records.ts';
import { createApp, finish } from '../../platform/http/http.ts';
import { createSigner, ownSignatureCheck } from '../../platform/signatures.ts';
import { silentLogger as logger } from '../../platform/silent-logger-for-tests.ts';
import { newKeys } from '../../platform/signer-for-tests.ts';
import { alarmBook } from '../alarms.ts';
import { accessRoutes, createAccessRecords } from './access-records.ts';

const KEY = newKeys().privateKey;
const SENDER = '5ec2d3a1-6e4c-4b52-9d58-1d0a6a2f7f10';
const AT = '2026-11-27T12:00:00.000Z';
const root = mkdtempSync(join(tmpdir(), 'access-routes-'));
const begun: { end(): void }[] = [];
afterAll(() => {
  for (const one of begun) one.end();
  rmSync(root, { recursive: true, force: true });
});

let serial = 0;
function house(folder = join(root, String((serial += 1)))) {
  const alarms = alarmBook(logger);
  const records = createAccessRecords({
    file: {
      folder,
      signer: createSigner(KEY),
      isSigned: ownSignatureCheck(KEY),
      daysMax: 365,
      bytesMax: 1024 ** 3,
    },
    alarms,
    feed: { offer: () => undefined },
    logger,
  });
  begun.push(records);
  const app = createApp({ logger });
  accessRoutes(app, records);
  finish(app, logger);
  const post = (path: string, caller: string | undefined, body: object) => {
    const asked = request(app).post(path).send(body);
    return caller === undefined ? asked : asked.set('dapr-caller-app-id', caller);
  };
  const tell = (report: object, caller: string | undefined = 'core-bank-api') =>
    post(ACCESS_CALLS.record.path, caller, report);
  const find = (filters: object = {}, caller: string | undefined = 'queries-bank-api') =>
    post(ACCESS_CALLS.find.path, caller, { limit: 100, ...filters });
  return { tell, find, alarms, folder };
}
const report = (number: number, more: object = {}): AccessReport => ({
  sender: SENDER,
  number,
  observations: [
    {
      outcome: 'forbidden',
      operation: 'freeze',
      objects: [],
      count: 2,
      first: AT,
      last: AT,
      ...more,
    },
  ],
});

test('what an app reports is found, with the name of the app', async () => {
  const { tell, find } = house();
  expect((await tell(report(1))).body).toEqual({});
  const { body } = await find();
  expect(body).toMatchObject({
    items: [{ number: 1, app: 'core-bank-api', outcome: 'forbidden', count: 2 }],
    next: 0,
    seal: null,
  });
  expect((await find({ subject: 'eve' })).body.items).toEqual([]);
});

test('a report that comes again, as its answer was lost, is written once', async () => {
  const { tell, find } = house();
  for (const number of [1, 1, 2, 2, 1]) expect((await tell(report(number))).status).toBe(200);
  expect((await find()).body.items).toHaveLength(2);
});

test.each([undefined, 'projection-balances', 'event-source'])(
  'given %s, which has no such call, it writes nothing and learns nothing',
  async (caller) => {
    const { tell, find, folder } = house();
    expect((await tell(report(1), caller ?? '')).status).toBe(403);
    expect((await find({}, caller ?? '')).status).toBe(403);
    expect((await find({}, 'core-bank-api')).status).toBe(403);
    // It may not even be made yet.
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  },
);

test.each([
  ['no observation', { observations: [] }],
  ['a text that a client wrote', { observations: [{ ...report(1).observations[0], name: 'Eve' }] }],
  ['an object that is no id', report(1, { objects: ['Jana Novakova'] })],
  ['too many objects', report(1, { objects: Array(129).fill(SENDER) })],
  ['an unknown outcome', report(1, { outcome: 'nice' })],
  ['a count of nothing', report(1, { count: 0 })],
])('given a report with %s, it is refused and nothing is written', async (_what, spoilt) => {
  const { tell, folder } = house();
  expect((await tell({ ...report(1), ...spoilt })).status).toBe(400);
  expect(readdirSync(folder)).toEqual([]);
});

test('given accesses that an app could not record, that is an alarm', async () => {
  const { tell, alarms } = house();
  await tell(report(1, { outcome: 'not-recorded', count: 7 }));
  expect(alarms.list()).toMatchObject([
    { kind: 'access-records', subject: 'core-bank-api', detail: expect.stringMatching(/7 access/) },
  ]);
});

test('given a torn last record, there is an alarm, and the rest is found', async () => {
  const { tell, folder } = house();
  await tell(report(1));
  const path = join(folder, readdirSync(folder)[0]!);
  writeFileSync(path, `${readFileSync(path, 'utf8')}{"number":2,"prev`);
  const again = house(folder);
  expect((await again.find()).body.items).toHaveLength(1);
  expect(again.alarms.list()).toMatchObject([{ detail: expect.stringMatching(/torn/) }]);
});

test('given a folder that cannot be used, it is 503 with an alarm until it can', async () => {
  const folder = join(root, 'taken');
  writeFileSync(folder, '');
  const { tell, find, alarms } = house(folder);
  expect([(await tell(report(1))).status, (await find()).status]).toEqual([503, 503]);
  expect(alarms.count()).toBe(1);
  rmSync(folder);
  expect((await tell(report(1))).status).toBe(200);
  expect((await find()).body.items).toHaveLength(1);
});
