import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bankUnderTest, type BankUnderTest } from './bank-under-test.ts';
import { patientSend, type Reply } from './patient-send.ts';

const PATIENCE_MS = 20_000;
/** Words that occur nowhere else, so that every place where they lie in clear is found. */
const SECRETS = ['Xantippova', 'Zweiundvierzig', 'Qorvath', 'xanti@qorvath.example'] as const;
/** The name of an account is no personal data to the bank: it shows that the search finds. */
const CONTROL = 'Wunderkontrolle';

let house: BankUnderTest;
jest.setTimeout(180_000);
beforeAll(async () => {
  house = await bankUnderTest();
});
afterAll(() => house.close());

const send = (method: string, path: string, key: string, body: object): Promise<Reply> =>
  patientSend(method, `${house.commandUrl}${path}`, key, body);

async function read(path: string): Promise<Record<string, unknown>> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const response = await fetch(`${house.queryUrl}${path}`);
    const body = (await response.json()) as Record<string, unknown>;
    if (response.status === 200) return body;
    if (performance.now() > deadline) throw new Error(`${path}: ${JSON.stringify(body)}`);
    await sleep(200);
  }
}

/** The parts of the data folder (log, broker, database) whose files hold the word. */
function foldersWith(word: string): string[] {
  const { dataDir } = house.bank.instance;
  const found = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) => {
    return entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(word);
  });
  const folders = found.map(({ parentPath }) => parentPath.slice(dataDir.length + 1).split('/')[0]);
  return [...new Set(folders.map((folder) => folder ?? ''))].sort();
}

test('a person is registered, owns, moves, is killed over, and is forgotten', async () => {
  const person = { givenName: SECRETS[0], familyName: SECRETS[2], email: SECRETS[3] };
  const registered = await send('POST', '/v1/persons', 'register', person);
  expect(registered).toMatchObject({ status: 201, replayed: false, body: { version: 1 } });
  const { personId } = registered.body as { personId: string };
  const path = `/v1/persons/${personId}`;

  const terms = { currency: 'CZK', name: CONTROL };
  const stranger = { ...terms, ownerId: '00000000-0000-8000-8000-000000000000' };
  expect(await send('POST', '/v1/accounts', 'a', stranger)).toMatchObject({
    status: 422,
    body: { code: 'owner-not-found' },
  });
  const opening = await send('POST', '/v1/accounts', 'b', { ...terms, ownerId: personId });
  expect(opening).toMatchObject({ status: 201, body: { ownerId: personId } });

  house.bank.kill('bank-account-actor', 'SIGKILL');
  const address = { line1: SECRETS[1], city: 'Brno', postalCode: '602 00', country: 'CZ' };
  const moved = await send('PUT', `${path}/address`, 'move', address);
  expect(moved).toMatchObject({ status: 200, body: { personId, version: 2 } });
  expect(await send('POST', '/v1/persons', 'register', person)).toMatchObject({
    status: 201,
    replayed: true,
    body: { personId, version: 1 },
  });
  const shown = { personId, status: 'registered', version: 2, ...person, address };
  expect(await read(`${path}?minVersion=2`)).toMatchObject(shown);
  expect(await read('/v1/persons')).toMatchObject({ items: [shown], nextCursor: null });
  await read(`/v1/accounts/${String(opening.body['accountId'])}?minVersion=1`);
  const owned = await read(`/v1/accounts?ownerId=${personId}`);
  expect(owned['items']).toMatchObject([{ name: CONTROL }]);

  house.planCrash('actor:after-commit');
  const erased = await send('POST', `${path}/erasure`, 'erase', {});
  expect(erased).toMatchObject({ status: 200, replayed: true, body: { personId, version: 3 } });
  const left = await read(`${path}?minVersion=3`);
  expect(left).toMatchObject({ personId, status: 'erased', version: 3 });
  expect(Object.keys(left).sort()).toEqual(['at', 'personId', 'registeredAt', 'status', 'version']);
  expect(await send('PUT', `${path}/address`, 'again', address)).toMatchObject({
    status: 409,
    body: { code: 'person-erased' },
  });
  const late = await send('POST', '/v1/accounts', 'c', { ...terms, ownerId: personId });
  expect(late).toMatchObject({ status: 422, body: { code: 'owner-not-found' } });
});

test('no personal data lies in clear in any file of log, broker, database or logs', () => {
  expect(foldersWith(CONTROL).length).toBeGreaterThanOrEqual(3);
  for (const word of SECRETS) expect({ word, in: foldersWith(word) }).toEqual({ word, in: [] });
});
