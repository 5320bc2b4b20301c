import { randomUUID } from 'node:crypto';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { startBank, type Bank } from '../../runtime/supervisor/bank.ts';
import { freeInstance } from '../../runtime/supervisor/free-instance.ts';
import { takeJournal } from '../../runtime/programs/journal-for-tests.ts';
import { startLoad, type Attempt } from '../faults/load.ts';
import { seededRandom } from '../../platform/seeded-random.ts';
import { beginCommandOf, runCommandOf } from './command-run.ts';
import { publicStream } from './public-stream-for-tests.ts';
import { dropReadSide, readSide } from './read-side-for-tests.ts';
import { authorize, bankFetch } from '../faults/bank-fetch.ts';

const PATIENCE_MS = 15_000;
const HOLD_MS = 25_000;
const dataDir = mkdtempSync(join(tmpdir(), 'core-bank-restore-'));
const backups = mkdtempSync(join(tmpdir(), 'core-bank-backups-'));
const place = { instance: 0, dataDir };
const PASSPHRASE = { CORE_BANK_KEYS_PASSPHRASE: 'a passphrase for the test' };

jest.setTimeout(180_000);

let bank: Bank | undefined;
beforeAll(async () => {
  place.instance = await freeInstance();
});
const start = async (): Promise<void> => {
  bank = await startBank({ ...place, quiet: true });
  authorize(bank);
};
const stop = async (): Promise<void> => {
  await bank?.stop();
  bank = undefined;
};
const command = (path: string): string => `${bank!.urls['core-bank-api']}${path}`;
const query = (path: string): string => `${bank!.urls['queries-bank-api']}${path}`;

interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly body: Record<string, unknown>;
}
async function post(path: string, body: object, key: string = randomUUID()): Promise<Answer> {
  const response = await bankFetch(command(path), {
    method: path.endsWith('/limits') ? 'PUT' : 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  });
  const replayed = response.headers.get('idempotency-replayed') === 'true';
  return { status: response.status, replayed, body: (await response.json()) as Answer['body'] };
}
async function get(path: string): Promise<Record<string, unknown>> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const response = await bankFetch(query(path));
    const body = (await response.json()) as Record<string, unknown>;
    if (response.status === 200) return body;
    if (Date.now() > deadline) throw new Error(`${path}: ${JSON.stringify(body)}`);
    await sleep(100);
  }
}

const untilAtRest = async (linesMin: number): Promise<Map<string, string>> => {
  const deadline = Date.now() + PATIENCE_MS;
  for (let before = ''; ;) {
    const seen = await readSide(bank!.instance);
    const text = canonicalJson(Object.fromEntries(seen));
    if (text === before && seen.size >= linesMin) return seen;
    if (Date.now() > deadline) throw new Error(`the read side has ${seen.size} documents`);
    before = text;
    await sleep(700);
  }
};

const accountIds: string[] = [];
const registration = { givenName: 'Rosa', familyName: 'Wiederkehr' };
let personId: string;
let attempts: Attempt[] = [];
let holdEndsAt: number;
const withdrawn = randomUUID();

/** Some keys are sent twice, and are one event. */
const acknowledged = (): Attempt[] => {
  const all = attempts.filter(({ state }) => state === 'acknowledged');
  return [...new Map(all.map((attempt) => [attempt.key, attempt])).values()];
};
const load = async (ms: number): Promise<void> => {
  const random = seededRandom(Number(process.env['SEED'] ?? 20_261_121));
  const commandUrl = bank!.urls['core-bank-api'] as string;
  const running = startLoad({ commandUrl, accountIds, clients: 8, random });
  await sleep(ms);
  attempts = [...attempts, ...(await running.stop())];
};

beforeAll(async () => {
  await start();
  personId = String((await post('/v1/persons', registration, 'rosa')).body['personId']);
  for (let at = 0; at < 12; at += 1) {
    const terms = { ownerId: personId, currency: 'CZK', initialDeposit: '900.00' };
    accountIds.push(String((await post('/v1/accounts', terms, `open-${at}`)).body['accountId']));
  }
  // As long as it takes: what is looked at is how much there is, not how fast.
  for (let turns = 0; turns < 10 && acknowledged().length <= 50; turns += 1) await load(2_000);
  const [first, second] = accountIds as [string, string];
  holdEndsAt = Date.now() + HOLD_MS;
  const hold = { amount: '10.00', expiresAt: new Date(holdEndsAt).toISOString() };
  expect((await post(`/v1/accounts/${first}/holds`, hold)).status).toBe(201);
  await post(`/v1/accounts/${second}/deposits`, { amount: '500.00' });
  await post(`/v1/accounts/${second}/limits`, { perDay: '100000.00' });
  const spent = await post(`/v1/accounts/${second}/withdrawals`, { amount: '250.00' }, withdrawn);
  expect(spent.status).toBe(201);
  await post(
    '/v1/transfers',
    { fromAccountId: second, toAccountId: first, amount: '5.00' },
    'sent',
  );
  expect(acknowledged().length).toBeGreaterThan(50);
});
afterAll(async () => {
  await stop();
  rmSync(dataDir, { recursive: true, force: true });
  rmSync(backups, { recursive: true, force: true });
});

test('the read side that was dropped is rebuilt to the byte', async () => {
  const lines = acknowledged().length;
  const before = await untilAtRest(lines);
  await dropReadSide(bank!.instance);
  const rebuilt = await runCommandOf('operations/rebuild.js', ['all'], place);
  expect(rebuilt).toMatchObject({ code: 0 });
  const after = await untilAtRest(lines);
  expect(after.size).toBe(before.size);
  expect(after).toEqual(before);
});

test('the log is backed up while the bank works, and the keys of persons apart', async () => {
  const working = load(3_000);
  await sleep(500);
  const backup = await runCommandOf('operations/backup/backup.js', [join(backups, 'log')], place);
  expect(backup).toMatchObject({ code: 0 });
  expect(backup.said).toMatch(/every hash recomputed/);
  await working;
  const file = join(backups, 'keys');
  const keys = await runCommandOf('operations/backup/backup-keys.js', [file], {
    ...place,
    ...PASSPHRASE,
  });
  expect(keys).toMatchObject({ code: 0 });
  expect(keys.said).toMatch(/The keys of 1 of 1 persons/);
});

test('the journal that was lost is restored to the byte, and not served before', async () => {
  await stop();
  const before = await takeJournal(place, { lose: true });
  expect(before.streams.size).toBe(accountIds.length + 1);
  expect(before.names.size).toBeGreaterThan(acknowledged().length);
  const keys = ['--keys', join(backups, 'keys')];
  const restored = await runCommandOf('operations/restore/restore.js', keys, {
    ...place,
    ...PASSPHRASE,
  });
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.said).toContain(`Restored ${accountIds.length} accounts and 1 persons`);
  expect(restored.said).not.toMatch(/no key/);
  const again = await runCommandOf('operations/restore/restore.js', [], place);
  expect(again).toMatchObject({ code: 1 });
  expect(again.said).toMatch(/not empty, so nothing was restored/);
  const after = await takeJournal(place, { lose: false });
  expect(after).toEqual(before);
});

/** What was answered long ago is answered the same and executes nothing. */
async function expectReplays(some: readonly Attempt[]): Promise<void> {
  for (const { accountId, key, type, amount, version } of some) {
    const answer = await post(`/v1/accounts/${accountId}/${type}`, { amount }, key);
    expect(answer).toMatchObject({ status: 201, replayed: true, body: { version } });
  }
}

test('then no command is executed twice, and the bank goes on', async () => {
  await start();
  await expectReplays(acknowledged().slice(-60));
  for (const at of accountIds.keys()) {
    const terms = { ownerId: personId, currency: 'CZK', initialDeposit: '900.00' };
    const answer = await post('/v1/accounts', terms, `open-${at}`);
    expect(answer).toMatchObject({ replayed: true, body: { accountId: accountIds[at] } });
  }
  const [first, second] = accountIds as [string, string];
  const transfer = { fromAccountId: second, toAccountId: first, amount: '5.00' };
  expect(await post('/v1/transfers', transfer, 'sent')).toMatchObject({ replayed: true });
  expect(await post('/v1/persons', registration, 'rosa')).toMatchObject({ replayed: true });
  expect(await get(`/v1/persons/${personId}`)).toMatchObject(registration);
  const { version } = await get(`/v1/accounts/${second}`);
  const next = await post(`/v1/accounts/${second}/deposits`, { amount: '1.00' });
  expect(next).toMatchObject({ status: 201, body: { version: Number(version) + 1 } });
  // The hold of before the loss ends without a client.
  await sleep(Math.max(0, holdEndsAt - Date.now()));
  const deadline = Date.now() + PATIENCE_MS;
  while ((await get(`/v1/accounts/${first}/balance`))['held'] !== '0.00') {
    expect(Date.now()).toBeLessThan(deadline);
    await sleep(200);
  }
});

/** Of all programs that run on this machine. */
const commandLines = (): string[] =>
  readdirSync('/proc').flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${Number(pid)}/cmdline`, 'utf8')];
    } catch {
      return [];
    }
  });
const until = async (done: () => boolean): Promise<void> => {
  const deadline = Date.now() + PATIENCE_MS;
  for (; !done(); await sleep(20)) expect(Date.now()).toBeLessThan(deadline);
};

describe('a backup of the log', () => {
  let lines: string[];
  const restoreFrom = (from: string, ...more: string[]) =>
    runCommandOf('operations/backup/backup.js', ['--restore', from, ...more], place);
  const copyOf = (name: string): string => {
    const to = join(backups, name);
    cpSync(join(backups, 'log'), to, { recursive: true });
    return to;
  };

  test('is not restored while the bank runs, nor over a log without being asked', async () => {
    expect((await restoreFrom(join(backups, 'log'))).said).toMatch(/The bank runs/);
    const seen = [...(await untilAtRest(acknowledged().length)).keys()];
    lines = seen.filter((key) => key.startsWith('history'));
    await stop();
    expect((await restoreFrom(join(backups, 'log'))).said).toMatch(/--set-aside/);
  });
  test('that is torn, changed or foreign is refused, and the log stays', async () => {
    const torn = copyOf('torn');
    const values = join(torn, 'immudb', 'corebank', 'val_0');
    const [file] = readdirSync(values) as [string];
    const bytes = readFileSync(join(values, file));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(join(values, file), bytes);
    expect((await restoreFrom(torn, '--set-aside')).said).toMatch(/is torn: .* was changed/);
    appendFileSync(join(values, file), 'x');
    expect((await restoreFrom(torn, '--set-aside')).said).toMatch(/is torn: .* bytes, not/);
    const foreign = copyOf('foreign');
    const manifest = join(foreign, 'backup.json');
    const text = readFileSync(manifest, 'utf8');
    const other = JSON.parse(text) as { publicKey: string; end: { signature: string } };
    writeFileSync(manifest, JSON.stringify({ ...other, publicKey: 'another key' }));
    expect((await restoreFrom(foreign, '--set-aside')).said).toMatch(/another bank/);
    const end = { ...other.end, signature: `AAAA${other.end.signature.slice(4)}` };
    writeFileSync(manifest, JSON.stringify({ ...other, end }));
    expect((await restoreFrom(foreign, '--set-aside')).said).toMatch(/not what the holder/);
    rmSync(manifest);
    expect((await restoreFrom(foreign, '--set-aside')).said).toMatch(/no finished backup/);
    expect(readdirSync(join(dataDir, 'immudb')).some((name) => name.includes('before'))).toBe(
      false,
    );
  });
  test('that is broken off leaves nothing running', async () => {
    const to = join(backups, 'broken-off');
    const { child, ended } = beginCommandOf('operations/backup/backup.js', [to], place);
    const opens = (): boolean => commandLines().some((line) => line.includes(join(to, 'immudb')));
    await until(opens);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 1 });
    expect(opens()).toBe(false);
  });
  test('is restored with its hashes, and the old log is kept', async () => {
    const putting = restoreFrom(join(backups, 'log'), '--set-aside');
    await until(() => existsSync(join(dataDir, 'supervisor.lock')));
    // Else the bank would go on with the log that is moved aside beneath it.
    expect((await runCommandOf('operations/start.js', [], place)).said).toMatch(/running already/);
    const back = await putting;
    expect(back).toMatchObject({ code: 0 });
    expect(back.said).toMatch(/every hash recomputed/);
    const names = readdirSync(join(dataDir, 'immudb'));
    const old = names.find((name) => name.startsWith('data.before-'));
    expect(old).toBeDefined();
    expect(existsSync(join(dataDir, 'immudb', old!, 'corebank', 'tx'))).toBe(true);
  });
  test('gets from the broker what it lacks: then nothing is lost', async () => {
    const options = ['--refill', '--renumber', '--onto-existing'];
    const began = Date.now();
    const refilled = await runCommandOf('operations/restore/restore.js', options, place);
    expect(refilled).toMatchObject({ code: 0 });
    expect(refilled.said).toContain(`${accountIds.length + 1} were there already`);
    await start();
    await expectReplays(acknowledged().slice(-60));
    const rebuilt = await runCommandOf('operations/rebuild.js', ['all'], place);
    expect(rebuilt).toMatchObject({ code: 0 });
    const seen = [...(await untilAtRest(acknowledged().length)).keys()];
    expect(seen.filter((key) => key.startsWith('history')).sort()).toEqual(lines.sort());
    const { events } = (await get('/v1/audit/status')) as { events: number };
    const published = await publicStream(bank!.instance);
    expect(published).toMatchObject({ events, last: events });
    expect(published.madeAt).toBeGreaterThan(began);
  });
});

test('an account in quarantine is released, and goes on as the log has it', async () => {
  await stop();
  const id = accountIds[3]!;
  const file = join(dataDir, 'audit', 'quarantine.jsonl');
  const [at, reason, stream] = [new Date().toISOString(), 'a fork', `acct/${id}`];
  appendFileSync(file, `${JSON.stringify({ at, stream, reason, content: '{}' })}\n`);
  await start();
  const deposit = () => post(`/v1/accounts/${id}/deposits`, { amount: '1.00' });
  // The first one is taken; then the actor host hears of it.
  expect((await deposit()).status).toBe(201);
  const deadline = Date.now() + PATIENCE_MS;
  while ((await deposit()).status !== 503) {
    expect(Date.now()).toBeLessThan(deadline);
    await sleep(300);
  }
  await stop();
  const wrong = await runCommandOf('operations/restore/restore.js', ['--release', id], place);
  expect(wrong).toMatchObject({ code: 1 });
  expect(wrong.said).toMatch(/--release takes acct/);
  const released = await runCommandOf(
    'operations/restore/restore.js',
    ['--release', stream],
    place,
  );
  expect(released.said).toContain(`${stream} goes on as the log has it`);
  expect(released).toMatchObject({ code: 0 });
  expect(released.said).toMatch(/Dropped were its versions \d+ \(money-deposited\)/);
  expect(readFileSync(join(dataDir, 'audit', 'dropped-events.jsonl'), 'utf8')).toContain(stream);
  await start();
  const { version } = await get(`/v1/accounts/${id}`);
  const next = await deposit();
  expect(next).toMatchObject({ status: 201, body: { version: Number(version) + 1 } });
  await get(`/v1/accounts/${id}?minVersion=${Number(version) + 1}`);
});
