import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { ACCOUNT_EVENTS_TOPIC } from '../../contracts/log/topics.ts';
import { asAdmin } from '../../runtime/programs/nats.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { bankUnderTest, type BankUnderTest } from '../faults/bank-under-test.ts';
import { patientSend, type Reply } from '../faults/patient-send.ts';
import { bankFetch } from '../faults/bank-fetch.ts';

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
    const response = await bankFetch(`${house.queryUrl}${path}`);
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

/** What a client types where the books may have it, and nobody else. */
const FREE = 'Freitextmarke';
/** Topics that others than the bank's own services read. */
const FOR_OUTSIDERS = ['AUDIT', 'BANK_EVENTS'];

const natsOf = <T>(work: Parameters<typeof asAdmin<T>>[2]): Promise<T> =>
  asAdmin(house.bank.instance, loadSecrets(house.bank.instance.dataDir), work);

/** Every message of a stream as text. */
const messagesOf = (stream: string): Promise<string[]> =>
  natsOf(async (connection) => {
    const { streams } = await jetstreamManager(connection);
    const { first_seq, last_seq } = (await streams.info(stream)).state;
    const texts: string[] = [];
    for (let seq = first_seq; seq <= last_seq; seq += 1) {
      texts.push(String((await streams.getMessage(stream, { seq }))?.string()));
    }
    return texts;
  });

test('free text is in no log file, health, metrics, alarm or topic for outsiders', async () => {
  const registered = await send('POST', '/v1/persons', 'owner', {
    givenName: 'A',
    familyName: 'B',
  });
  const remarks = { description: FREE, reference: FREE, metadata: { [FREE]: FREE } };
  const terms = { ownerId: registered.body['personId'], currency: 'CZK', name: FREE };
  const opened = await send('POST', '/v1/accounts', 'free', { ...terms, initialDeposit: '50' });
  const other = await send('POST', '/v1/accounts', 'other', terms);
  const [id, to] = [opened, other].map(({ body }) => String(body['accountId'])) as [string, string];
  const account = `/v1/accounts/${id}`;
  const transfer = { fromAccountId: id, toAccountId: to, amount: '1', ...remarks };
  const sent: [status: number, path: string, body: object][] = [
    [201, `${account}/deposits`, { amount: '1', ...remarks }],
    [422, `${account}/withdrawals`, { amount: '999', ...remarks }],
    [400, `${account}/deposits`, { amount: FREE, [FREE]: FREE }],
    [201, `${account}/holds`, { amount: '1', description: FREE }],
    [201, '/v1/transfers', transfer],
    [201, '/v1/transfers', { ...transfer, pending: true }],
    [422, '/v1/transfers', { ...transfer, amount: '999' }],
    [200, '/v1/batches', { commands: [{ type: 'deposit', accountId: id, amount: FREE }] }],
    [200, `${account}/freeze`, { reason: FREE }],
  ];
  for (const [at, [status, path, body]] of sent.entries()) {
    expect([path, (await send('POST', path, `free-${at}`, body)).status]).toEqual([path, status]);
  }
  // What no service of the bank would send, and what is no event at all.
  const event = { id: 'acct/x/1', stream: 'acct/x', version: 1, type: FREE, data: { name: FREE } };
  const data = { events: [event, FREE] };
  const envelope = { specversion: '1.0', id: 'poison', source: 'test', type: 'test', data };
  for (const text of [JSON.stringify(envelope), FREE]) {
    await natsOf((connection) => jetstream(connection).publish(ACCOUNT_EVENTS_TOPIC, text));
  }
  await read(`${account}?minVersion=6`);
  const alarmed = async (): Promise<string> =>
    JSON.stringify(await read('/v1/audit/alarms').catch(String));
  for (let tries = 0; tries < 100 && !(await alarmed()).includes('poison'); tries += 1) {
    await sleep(200);
  }
  expect(await alarmed()).toContain('poison');

  const told = new Map([['alarms', await alarmed()]]);
  // What it says when it starts again is looked at too.
  house.bank.kill('event-source', 'SIGKILL');
  await house.bank.waitReady();
  for (const [name, url] of Object.entries(house.bank.urls)) {
    told.set(`${name}/health/ready`, JSON.stringify(await house.bank.health(name)));
    for (const path of ['/healthz', '/metrics']) {
      told.set(`${name}${path}`, await (await bankFetch(`${url}${path}`)).text());
    }
  }
  for (const stream of FOR_OUTSIDERS) told.set(stream, (await messagesOf(stream)).join('\n'));
  expect(told.get('BANK_EVENTS')).toContain(id);
  expect(told.get('AUDIT')).toContain('poison');
  for (const [place, text] of told) expect([place, text.includes(FREE)]).toEqual([place, false]);
  const folders = foldersWith(FREE);
  expect(folders).toEqual(expect.arrayContaining(['immudb', 'nats', 'postgres']));
  expect(folders).not.toContain('logs');
});
