import { execFile } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { accessAnswer, type AccessRecord } from '../../contracts/access/access-records.ts';
import { accessFolder } from '../../runtime/secrets.ts';
import { bankFetch } from '../faults/bank-fetch.ts';
import { bankUnderTest, violationsWithin, type BankUnderTest } from '../faults/bank-under-test.ts';
import { executed } from '../faults/executed.ts';

const PATIENCE_MS = 30_000;
const NAME = 'Wunderbarova';
const MISSING = '00000000-0000-8000-8000-0000000000ff';

let house: BankUnderTest;
let personId: string;
jest.setTimeout(180_000);
beforeAll(async () => {
  house = await bankUnderTest();
  const person = { givenName: 'Vilma', familyName: NAME };
  personId = String((await executed(`${house.commandUrl}/v1/persons`, person))['personId']);
});
afterAll(() => house.close());

const eventually = async (isTrue: () => Promise<boolean>, what: string): Promise<void> => {
  const left = await violationsWithin(PATIENCE_MS, async () => ((await isTrue()) ? [] : [what]));
  expect(left).toEqual([]);
};
const tokenOf = (role: string, subject: string, person?: string): Promise<string> =>
  house.bank.token([role], { subject, ...(person === undefined ? {} : { person }) });
const ask = async (url: string, token?: string, method = 'GET'): Promise<number> => {
  const answer = await fetch(url, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(method === 'GET' ? {} : { body: '{}' }),
  });
  await answer.arrayBuffer();
  return answer.status;
};
async function records(query = ''): Promise<AccessRecord[]> {
  const answer = await bankFetch(`${house.queryUrl}/v1/audit/access?limit=100&${query}`);
  expect(answer.status).toBe(200);
  return accessAnswer.parse(await answer.json()).items;
}
const folder = (): string => accessFolder(house.bank.instance.dataDir);
const segments = (): string[] =>
  readdirSync(folder())
    .sort()
    .map((name) => join(folder(), name));

test('who is refused and who sees a person is on record, without a name', async () => {
  const persons = `${house.queryUrl}/v1/persons`;
  const freeze = `${house.commandUrl}/v1/accounts/${MISSING}/freeze`;
  expect(await ask(freeze, undefined, 'POST')).toBe(401);
  expect(await ask(freeze, await tokenOf('teller', 'curious'), 'POST')).toBe(403);
  const eve = await tokenOf('customer', 'eve', MISSING);
  expect(await ask(`${persons}/${personId}`, eve)).toBe(404);
  const clerk = await tokenOf('teller', 'clerk');
  await eventually(async () => (await ask(`${persons}/${personId}`, clerk)) === 200, 'not read');
  // Each API reports for itself, and none of them waits for another.
  const asked = ['subject=clerk', 'subject=curious', 'outcome=unauthenticated', 'subject=eve'];
  const areAll = async () =>
    (await Promise.all(asked.map(records))).every((found) => found.length > 0);
  await eventually(areAll, 'no record');
  expect(await records('subject=clerk')).toMatchObject([
    {
      app: 'queries-bank-api',
      outcome: 'read',
      operation: 'readPerson',
      objects: [personId],
      roles: ['teller'],
    },
  ]);
  expect(await records('subject=curious')).toMatchObject([
    { app: 'core-bank-api', outcome: 'forbidden', operation: 'freeze', objects: [MISSING] },
  ]);
  expect(await records(`object=${personId}&outcome=not-found`)).toMatchObject([
    { subject: 'eve', operation: 'readPerson' },
  ]);
  const nobody = await records('outcome=unauthenticated');
  expect(nobody).toMatchObject([{ reason: 'no-token', operation: 'freeze', objects: [] }]);
  expect(nobody[0]).not.toHaveProperty('subject');
  for (const path of segments()) {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain(NAME);
    expect(text).not.toContain(clerk);
  }
});

test('given event-source that is away, nobody waits for the record, and it comes', async () => {
  const token = await tokenOf('teller', 'patient');
  house.bank.kill('event-source', 'SIGSTOP');
  const began = performance.now();
  for (let at = 0; at < 50; at += 1) {
    expect(await ask(`${house.queryUrl}/v1/audit/access`, token)).toBe(403);
  }
  expect(performance.now() - began).toBeLessThan(5_000);
  house.bank.kill('event-source', 'SIGCONT');
  const counted = async (): Promise<number> =>
    (await records('subject=patient')).reduce((sum, { count }) => sum + count, 0);
  await eventually(async () => (await counted()) === 50, 'not all are recorded');
});

test('given a kill in the middle of a record, it is cut with an alarm', async () => {
  const before = await records();
  house.bank.kill('event-source', 'SIGKILL');
  appendFileSync(String(segments().at(-1)), '{"number":99,"previous":"half a rec');
  await eventually(async () => {
    const { items } = (await (await bankFetch(`${house.queryUrl}/v1/audit/alarms`)).json()) as {
      items?: { kind: string; detail: string }[];
    };
    return (items ?? []).some(
      ({ kind, detail }) => kind === 'access-records' && /torn/.test(detail),
    );
  }, 'no alarm');
  const after = (await records()).map(({ number }) => number);
  expect(after).toEqual(expect.arrayContaining(before.map(({ number }) => number)));
  const token = await tokenOf('teller', 'later');
  expect(await ask(`${house.queryUrl}/v1/audit/access`, token)).toBe(403);
  await eventually(async () => (await records('subject=later')).length === 1, 'no record');
});

test('given the keys of persons for their backup, whose they were is on record', async () => {
  const { number, root, dataDir } = house.bank.instance;
  const command = [`${root}/dist/operations/backup/backup-keys.js`, join(dataDir, 'keys.backup')];
  await promisify(execFile)('node', command, {
    env: {
      ...process.env,
      CORE_BANK_INSTANCE: String(number),
      CORE_BANK_DATA: dataDir,
      CORE_BANK_HOME: root,
      CORE_BANK_KEYS_PASSPHRASE: 'a passphrase for a test',
    },
  });
  const kept = () => records('client=operator-socket');
  await eventually(async () => (await kept()).length === 1, 'no record');
  expect(await kept()).toMatchObject([
    { app: 'bank-account-actor', operation: 'backupKeys', outcome: 'read', objects: [personId] },
  ]);
});
