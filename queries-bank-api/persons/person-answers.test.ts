import express from 'express';
import request from 'supertest';
import {
  FILTER_PERSONS_MAX,
  OPEN_PERSONS,
  personAnswer,
  personsAnswer,
} from '../../contracts/person/queries.ts';
import type { PersonModel } from '../../contracts/person/model.ts';
import { personId } from '../../domain/ids.ts';
import type { SeenAccess } from '../../platform/access-reports.ts';
import { openGate } from '../../platform/http/gate-for-tests.ts';
import { finish } from '../../platform/http/http.ts';
import { AccountView } from '../accounts/account-view.ts';
import { accountOf, changeOf } from '../accounts/accounts-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';
import { personAnswers } from './person-answers.ts';
import { silentLogger } from '../../platform/silent-logger-for-tests.ts';

const PERSONS = 70;
const idOf = (index: number) =>
  personId(`00000000-0000-8000-8000-${String(index).padStart(12, '0')}`);
const person = (index: number): PersonModel => ({
  personId: idOf(index),
  status: 'registered',
  version: 2,
  position: index,
  index,
  registeredAt: '2026-01-01T00:00:00.000Z',
  at: '2026-01-02T00:00:00.000Z',
  profile: { version: 1, sealed: `sealed-${index}` },
});

const MORE: Readonly<Record<number, object>> = {
  4: { familyName: 'Nováková-Dvořák', email: 'Jana.N@example.com', externalId: 'crm-4' },
  40: { givenName: 'Zoë', familyName: 'van der Novák', externalId: 'crm-40' },
  // Erased, so nothing finds them.
  49: { email: 'gone@example.com' },
};

/** 70 persons, of whom the keys of every tenth are gone. */
function bank(loggedVersion = 0, count = PERSONS) {
  const models = memoryReadModels();
  models.use.balances = '1';
  for (let index = 0; index < count; index += 1) {
    models.of('1').persons.set(idOf(index), person(index));
  }
  const data = {
    open: async (persons: readonly PersonModel[]) =>
      OPEN_PERSONS.answer.parse({
        persons: persons.map(({ index }) =>
          index % 10 === 9 ? null : { givenName: 'Jana', familyName: `${index}`, ...MORE[index] },
        ),
      }).persons,
    loggedVersion: () => Promise.resolve(loggedVersion),
  };
  const clock = { time: 0 };
  const accounts = new AccountView(models, () => clock.time);
  const recorded: SeenAccess[] = [];
  const record = (seen: SeenAccess): void => void recorded.push(seen);
  const answers = personAnswers({ models, accounts, data, record, waitMs: 120 });
  const app = express();
  app.use(openGate({ scope: 'persons:read', object: 'bank' }));
  app.get('/v1/persons', async (asked, response) => void response.json(await answers.list(asked)));
  app.get('/v1/persons/:personId', async (asked, response) => {
    response.json(await answers.one(asked, response));
  });
  finish(app, silentLogger);
  return { app, models, clock, recorded };
}

test('a person is shown opened, tagged with the version', async () => {
  const { app } = bank();
  const { status, headers, body } = await request(app).get(`/v1/persons/${idOf(3)}`);
  expect([status, headers['etag']]).toEqual([200, '"2"']);
  expect(personAnswer.parse(body)).toEqual({
    personId: idOf(3),
    status: 'registered',
    version: 2,
    givenName: 'Jana',
    familyName: '3',
    registeredAt: '2026-01-01T00:00:00.000Z',
    at: '2026-01-02T00:00:00.000Z',
  });
});

test('given a person whose key is gone, they are shown as erased at once', async () => {
  const { app } = bank();
  const { body } = await request(app).get(`/v1/persons/${idOf(9)}`);
  expect(body).toMatchObject({ status: 'erased', version: 2 });
  expect(body).not.toHaveProperty('familyName');
});

test.each([1, 7, 32, 100])('pages of %s show everybody once, in order', async (limit) => {
  const { app } = bank();
  const seen: string[] = [];
  for (let cursor = ''; ;) {
    const answer = await request(app).get(`/v1/persons?limit=${limit}${cursor}`);
    const page = personsAnswer.parse(answer.body);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    seen.push(...page.items.map((shown) => shown.personId));
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  expect(seen).toEqual(Array.from({ length: PERSONS }, (_unused, index) => idOf(index)));
});

test.each([
  ['nobody of that id', `/v1/persons/${idOf(99)}`, 0, 404, 'person-not-found'],
  ['nobody, at a version', `/v1/persons/${idOf(99)}?minVersion=1`, 0, 404, 'person-not-found'],
  ['somebody who is late', `/v1/persons/${idOf(99)}?minVersion=1`, 1, 503, 'version-not-reached'],
  ['a version that is late', `/v1/persons/${idOf(3)}?minVersion=3`, 3, 503, 'version-not-reached'],
  ['no id', '/v1/persons/ABC', 0, 400, 'invalid-request'],
  ['a foreign cursor', '/v1/persons?cursor=YWJj', 0, 400, 'invalid-request'],
  ['an unknown parameter', '/v1/persons?givenName=Jana', 0, 400, 'invalid-request'],
  ['a limit of 101', '/v1/persons?limit=101', 0, 400, 'invalid-request'],
])('given %s, it is said', async (_name, path, logged, status, code) => {
  const answer = await request(bank(logged).app).get(path);
  expect([answer.status, (answer.body as { code: string }).code]).toEqual([status, code]);
});

test('given a version that comes meanwhile, the query waits for it', async () => {
  const { app, models } = bank();
  const asked = request(app)
    .get(`/v1/persons/${idOf(3)}?minVersion=3`)
    .then();
  setTimeout(() => models.of('1').persons.set(idOf(3), { ...person(3), version: 3 }), 40);
  const { status, body } = await asked;
  expect([status, (body as { version: number }).version]).toEqual([200, 3]);
});

test('given a rebuild that is a little behind, a person who was seen is seen', async () => {
  const { app, models, clock } = bank();
  const at = (position: number) => ({ ...changeOf(1, 0, [accountOf(1)]), position });
  models.of('1').changes.set(1, at(500));
  await request(app)
    .get(`/v1/persons/${idOf(69)}`)
    .expect(200);
  models.of('2').changes.set(1, at(400));
  for (let index = 0; index < 69; index += 1)
    models.of('2').persons.set(idOf(index), person(index));
  models.use.balances = '2';
  clock.time += 1_001;
  setTimeout(() => {
    models.of('2').persons.set(idOf(69), person(69));
    models.of('2').changes.set(2, { ...at(500), seq: 2 });
  }, 40);
  await request(app)
    .get(`/v1/persons/${idOf(69)}`)
    .expect(200);
});

test('whose data was shown is recorded with who saw it', async () => {
  const { app, recorded } = bank();
  const traceId = 'ab'.repeat(16);
  await request(app)
    .get(`/v1/persons/${idOf(3)}`)
    .set('traceparent', `00-${traceId}-${'cd'.repeat(8)}-00`);
  await request(app).get(`/v1/persons/${idOf(9)}`);
  await request(app).get(`/v1/persons/${idOf(99)}`);
  await request(app).get('/v1/persons?limit=11');
  const shown = Array.from({ length: 11 }, (_one, at) => idOf(at)).filter((id) => id !== idOf(9));
  expect(recorded).toMatchObject([
    { outcome: 'read', operation: 'readPerson', objects: [idOf(3)], traceId },
    { outcome: 'read', operation: 'listPersons', objects: shown },
  ]);
  expect(recorded[0]!.principal).toMatchObject({ subject: 'tester', client: 'tests' });
  expect(JSON.stringify(recorded)).not.toContain('Jana');
});

/** What all pages of a search show, and how many pages there are. */
async function found(app: express.Express, query: string) {
  const persons: string[] = [];
  for (let pages = 1, cursor = ''; ; pages += 1) {
    const answer = await request(app).get(`/v1/persons?${query}${cursor}`).expect(200);
    const { items, nextCursor } = personsAnswer.parse(answer.body);
    persons.push(...items.map((shown) => shown.personId));
    if (nextCursor === null) return { persons, pages };
    cursor = `&cursor=${nextCursor}`;
  }
}

test.each([
  ['the beginning of a family name, without its marks', 'name=novak', [4, 40]],
  ['the beginnings of both names, in any order and case', 'name=NOV%20ja', [4]],
  ['the second part of a double name', 'name=dvo%C5%99', [4]],
  ['a word from within a name', 'name=ovak', []],
  ['an e-mail address, in any case', 'email=jana.n@EXAMPLE.com', [4]],
  ['a part of an e-mail address', 'email=jana.n@example.co', []],
  ['the address of somebody erased', 'email=gone@example.com', []],
  ['the name in another system', 'externalId=crm-40', [40]],
  ['two filters that pass one', 'name=novak&externalId=crm-40', [40]],
])('persons are found by %s', async (_name, query, indexes) => {
  const { app, recorded } = bank();
  expect((await found(app, query)).persons).toEqual(indexes.map(idOf));
  expect(recorded.flatMap(({ objects }) => objects)).toEqual(indexes.map(idOf));
});

test.each([1, 2, 7])('pages of %s show everybody who is looked for once', async (limit) => {
  const { app } = bank();
  const wanted = Array.from({ length: PERSONS }, (_one, index) => index).filter(
    (index) => index % 10 !== 9 && index !== 40,
  );
  expect((await found(app, `name=Jana&limit=${limit}`)).persons).toEqual(wanted.map(idOf));
});

test('an answer looks at so many persons and no more; the next one goes on', async () => {
  const { app } = bank(0, FILTER_PERSONS_MAX + 100);
  expect(await found(app, 'name=van')).toEqual({ persons: [idOf(40)], pages: 2 });
  const last = FILTER_PERSONS_MAX + 98;
  expect(await found(app, `name=${last}`)).toEqual({ persons: [idOf(last)], pages: 2 });
});

test('a search that begins within a page looks at nobody twice', async () => {
  const { app } = bank(0, FILTER_PERSONS_MAX + 300);
  const { persons } = await found(app, 'name=Jana&limit=7');
  expect(new Set(persons).size).toBe(persons.length);
  // A tenth is erased, and one is called Zoë.
  const wanted = Array.from({ length: FILTER_PERSONS_MAX + 300 }, (_one, index) => index);
  expect(persons).toEqual(wanted.filter((at) => at % 10 !== 9 && at !== 40).map(idOf));
});

test('a cursor belongs to its filters', async () => {
  const { app } = bank();
  const first = await request(app).get('/v1/persons?name=Jana&limit=1');
  const { nextCursor } = personsAnswer.parse(first.body);
  await request(app).get(`/v1/persons?name=Zoe&limit=1&cursor=${nextCursor}`).expect(400);
  await request(app).get(`/v1/persons?limit=1&cursor=${nextCursor}`).expect(400);
});
