import { queryApiForTests } from './query-api-for-tests.ts';
import request from 'supertest';
import { metadataId } from '../contracts/account/read-models.ts';
import { accountOf, idOf } from './accounts/accounts-for-tests.ts';
import { logForTests } from './log/log-for-tests.ts';
import { memoryReadModels } from './read-models/memory-read-models.ts';

const metadata = { note: 'kept apart' };

/** Account 1 is sound, 2 is set aside at version 4, 3 was never opened soundly. */
function bank() {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  models.of('1').accounts.set(idOf(1), { ...accountOf(1, 3), ownerIndex: 0, metadataVersion: 1 });
  models.of('1').metadata.set(metadataId(idOf(1), 1), metadata);
  models.of('1').accounts.set(idOf(2), { ...accountOf(2, 3), ownerIndex: 1, setAside: 4 });
  models
    .of('1')
    .setAside.add(`acct/${idOf(2)}`)
    .add(`acct/${idOf(3)}`);
  const { log } = logForTests(new Map([1, 2, 3].map((index) => [index, 5])));
  const app = queryApiForTests(models, log, 50);
  return { models, get: (path: string) => request(app).get(`/v1/accounts${path}`) };
}

test('an account that is set aside shows no balance, and all others are shown', async () => {
  const { get } = bank();
  for (const path of ['', '/balance', '/history', '?minVersion=5', '?minVersion=2']) {
    const { body } = await get(`/${idOf(2)}${path}`).expect(500);
    expect(body).toMatchObject({ code: 'account-set-aside', version: 3 });
    const never = await get(`/${idOf(3)}${path}`).expect(500);
    expect(never.body).toMatchObject({ code: 'account-set-aside', version: 0 });
  }
  expect((await get(`/${idOf(1)}`).expect(200)).body).toMatchObject({ version: 3, metadata });
  await get(`/${idOf(4)}`).expect(404);
});

test('what is made of the log is served of it all the same', async () => {
  const { get } = bank();
  for (const index of [2, 3]) {
    expect((await get(`/${idOf(index)}/events`).expect(200)).body.items).toHaveLength(5);
    await get(`/${idOf(index)}/balance?version=2`).expect(200);
  }
});

test('a list shows it as it was last right, and says so', async () => {
  const { get } = bank();
  const { body } = await get('?ownerId=jana-novakova').expect(200);
  expect(body.items).toHaveLength(2);
  expect(body.items[0]).not.toHaveProperty('setAside');
  expect(body.items[0]).toMatchObject({ metadata });
  expect(body.items[1]).toMatchObject({ version: 3, setAside: true });
  expect(Object.keys(body.items[0])).not.toContain('metadataVersion');
});

test('a line that could not be made is reported, and not waited for indefinitely', async () => {
  const { models, get } = bank();
  models.of('1').setAside.add(`acct/${idOf(1)}`);
  const { body } = await get(`/${idOf(1)}/history`).expect(500);
  expect(body).toMatchObject({ code: 'account-set-aside', version: 3 });
});
