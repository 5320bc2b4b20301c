import { testName } from '../../contracts/access/sender-for-tests.ts';
import { personIdFor } from '../../contracts/derived-ids.ts';
import { streamOfPerson } from '../../contracts/log/bank-events.ts';
import { commandHouse } from '../simulation/command-house.ts';
import { IDS, KEYS, NOT_TEXT, VERSIONS } from './bad-values.ts';
import type { BadRequest } from './corpus.ts';
import { send } from './raw-http.ts';

const CASES_MIN = 150;
const JSON_TYPE = { 'content-type': 'application/json' };
const KEY = 'the-person';
const ID = personIdFor(testName(KEY));
const PERSON = { givenName: 'Jana', familyName: 'Malá' };
const ADDRESS = { line1: 'Lipová 1', city: 'Brno', postalCode: '602 00', country: 'CZ' };
const NO_EMAILS = ['x', '@', 'a@', '@b', 'a b@c', 'a@@b', 'a@b@c', `a@${'b'.repeat(254)}`, 'a\n@b'];

let house: Awaited<ReturnType<typeof commandHouse>>;
beforeAll(async () => {
  house = await commandHouse();
  const headers = { ...JSON_TYPE, 'idempotency-key': KEY };
  const body = JSON.stringify(PERSON);
  const made = await send(house.url, {
    name: '',
    method: 'POST',
    path: '/v1/persons',
    headers,
    body,
  });
  expect([made.status, JSON.parse(made.body)]).toEqual([201, { personId: ID, version: 1 }]);
});
afterAll(() => house.close());

const request = (path: string, body: string, more: Partial<BadRequest> = {}): BadRequest => ({
  name: `${path} ${body.slice(0, 60)}`,
  method: path.endsWith('/address') ? 'PUT' : 'POST',
  path,
  headers: JSON_TYPE,
  body,
  ...more,
});

// Header values travel as bytes, and Node takes one character for each.
const bytes = (text: string): string => Buffer.from(text).toString('latin1');

/** Each member with each value that is no text (given as JSON), and without the member. */
function spoilt(path: string, whole: Record<string, unknown>, wrap = (body: string) => body) {
  const names = Object.keys(whole);
  return names.flatMap((name) => {
    const { [name]: _left, ...rest } = whole;
    const others = JSON.stringify(rest).slice(1, -1);
    const values = NOT_TEXT.map((value) => request(path, wrap(`{${others},"${name}":${value}}`)));
    return [request(path, wrap(`{${others}}`)), ...values];
  });
}

function badRequests(): BadRequest[] {
  const [persons, address, erasure] = ['', `/${ID}/address`, `/${ID}/erasure`].map(
    (path) => `/v1/persons${path}`,
  ) as [string, string, string];
  const inside = JSON.stringify(PERSON).slice(1, -1);
  const good = JSON.stringify(ADDRESS);
  return [
    ...spoilt(persons, PERSON),
    ...spoilt(persons, ADDRESS, (body) => `{${inside},"address":${body}}`),
    ...spoilt(address, ADDRESS),
    ...NO_EMAILS.map((email) => request(persons, JSON.stringify({ ...PERSON, email }))),
    ...['type', 'status', 'personId', 'nickname'].flatMap((name) => [
      request(persons, `{${inside},"${name}":"x"}`),
      request(address, `{"${name}":"x",${good.slice(1)}`),
      request(erasure, `{"${name}":"x"}`),
    ]),
    ...IDS.map((id) => request(`/v1/persons/${id}/address`, good, { status: [400, 404, 405] })),
    ...KEYS.map((key) =>
      request(erasure, '{}', { headers: { ...JSON_TYPE, 'idempotency-key': bytes(key) } }),
    ),
    ...VERSIONS.map((tag) =>
      request(erasure, '{}', { headers: { ...JSON_TYPE, 'if-match': tag }, status: [400, 412] }),
    ),
    request(erasure, '[]'),
    request(`${erasure}?dryRun=maybe`, '{}'),
    request(`${erasure}?now=true`, '{}'),
    request(erasure, '', { method: 'DELETE', headers: {}, status: [405] }),
    request(persons, '{}', { method: 'PUT', status: [405] }),
    request(address, good, { method: 'POST', status: [405] }),
    request(address, good, { headers: { 'content-type': 'text/plain' }, status: [415] }),
    request(
      `/v1/persons/${ID.replace(/^./, (first) => (first === '0' ? '1' : '0'))}/erasure`,
      '{}',
      { status: [404] },
    ),
  ];
}

test('every bad request about a person is answered by a problem and writes nothing', async () => {
  const cases = badRequests();
  expect(cases.length).toBeGreaterThan(CASES_MIN);
  const wrong: string[] = [];
  for (const bad of cases) {
    const answer = await send(house.url, bad);
    const isProblem = answer.contentType.startsWith('application/problem+json');
    if (!(bad.status ?? [400]).includes(answer.status) || !isProblem) {
      wrong.push(`${bad.name}: ${answer.status} ${answer.body.slice(0, 120)}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(house.log.streams.get(streamOfPerson(ID))).toHaveLength(1);
  expect(house.log.streams.size).toBe(1);
}, 60_000);

test('a dry run registers nobody and answers as the real one would', async () => {
  const path = '/v1/persons?dryRun=true';
  const headers = { ...JSON_TYPE, 'idempotency-key': 'dry' };
  const call = { name: '', method: 'POST', path, headers, body: JSON.stringify(PERSON) };
  const [dry, again] = [await send(house.url, call), await send(house.url, call)];
  expect([dry.status, again.status]).toEqual([200, 200]);
  const personId = personIdFor(testName('dry'));
  expect(JSON.parse(dry.body)).toEqual({ dryRun: true, personId, version: 1 });
  expect(house.log.streams.size).toBe(1);
});
