import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { digestsAnswer } from '../../contracts/log/entries.ts';
import { createLogger } from '../../platform/logger.ts';
import type { StreamId } from '../../domain/ids.ts';
import { alarmBook, type Alarms } from '../alarms.ts';
import { eventLogContract } from '../log/event-log-contract.ts';
import { encodeEvent, eventKey } from '../../proofs/entry-proof.ts';
import { TamperError, type EventLog } from '../log/event-log.ts';
import {
  digestOf,
  eventOf,
  eventsOf,
  newAccount,
  personLike,
  refusalsLike,
} from '../log/events-for-tests.ts';
import { immudbClient } from './client.ts';
import { BUILD_MS_MAX, startImmudb, type ImmudbForTests } from './immudb-for-tests.ts';
import { openImmudbLog } from './log.ts';

jest.setTimeout(60_000);

const silent = createLogger('test', 'error');
silent.silent = true;
let immudb: ImmudbForTests;
let alarms: Alarms;
const open = (): Promise<EventLog> => openImmudbLog(immudb.options, alarms);

beforeAll(async () => {
  immudb = await startImmudb();
}, BUILD_MS_MAX);
beforeEach(() => {
  alarms = alarmBook(silent);
});
afterAll(() => immudb.stop());

describe('the log in immudb', () => {
  eventLogContract(open);

  test('then nothing of all that raised an alarm of tampering', async () => {
    const log = await open();
    await log.check();
    expect(alarms.list()).toEqual([]);
    await log.close();
  });
});

describe('given a server that is killed', () => {
  test('when appends are under way, then each event stands exactly once', async () => {
    const log = await open();
    const start = log.head();
    const accounts = Array.from({ length: 8 }, newAccount);
    for (let version = 1; version <= 40; version += 1) {
      if (version === 10 || version === 25) setTimeout(() => immudb.kill(), Math.random() * 6);
      const events = accounts.map((id) => eventOf(id, version));
      for (;;) {
        const result = await log.append(events).catch(() => delay(100));
        if (result === undefined) continue;
        const fine = result.outcomes.every(({ outcome }) => /appended|duplicate/.test(outcome));
        expect(fine).toBe(true);
        break;
      }
    }
    const other = await open();
    const read = await other.readAfter(start, 1_000);
    expect(read).toHaveLength(320);
    expect(
      new Set(read.map(({ json }) => (JSON.parse(json.toString()) as { id: string }).id)).size,
    ).toBe(320);
    expect(other.head()).toBe(log.head());
    expect(alarms.list()).toEqual([]);
    await Promise.all([log.close(), other.close()]);
  });

  test('when an append was written but its answer lost, then it is reported as added', async () => {
    const [log, lost] = [await open(), await open()];
    const id = newAccount();
    const before = await log.append([eventOf(id, 1)]);
    await lost.append(eventsOf(id, 2, 3));
    const again = await log.append(eventsOf(id, 2, 4));
    expect(again.after).toBe(before.added[0]!.position);
    const added = again.added.map(({ position, json }) => ({ position, json }));
    expect(added).toEqual(await log.readStream(id, 2, 10));
    expect(alarms.list()).toEqual([]);
    await Promise.all([log.close(), lost.close()]);
  });
});

test('given a write of another process, then the end of each sort of stream is seen', async () => {
  const [log, other] = [await open(), await open()];
  const account = newAccount();
  const streams = [account, personLike(account), refusalsLike(account)];
  await log.append(streams.map((id) => eventOf(id, 1)));
  expect(await log.latestVersions(streams)).toEqual([1, 1, 1]);
  await other.append(streams.map((id) => eventOf(id, 2)));
  await log.check();
  expect(await log.latestVersions(streams)).toEqual([2, 2, 2]);
  await Promise.all([log.close(), other.close()]);
});

describe('given a stranger with the password of the log', () => {
  const stranger = async (name: 'Set' | 'Delete', request: object): Promise<void> => {
    const client = immudbClient(immudb.options);
    await (client.call as (name: string, request: object) => Promise<object>)(name, request);
    await client.close();
  };
  const setOver = (key: string, value: Buffer): Promise<void> =>
    stranger('Set', { KVs: [{ key: Buffer.from(key), value }], preconditions: [] });
  const erase = (key: string): Promise<void> => stranger('Delete', { keys: [Buffer.from(key)] });
  const setUp = async (): Promise<{ log: EventLog; id: StreamId; key: string }> => {
    const log = await open();
    const id = newAccount();
    await log.append(eventsOf(id, 1, 3));
    return { log, id, key: eventKey(id, 2) };
  };
  const tampered = (): string[] =>
    alarms
      .list()
      .filter(({ kind }) => kind === 'tampered')
      .map(({ subject }) => subject);

  test('when an event is written over, then the next check names it', async () => {
    const { log, key } = await setUp();
    await setOver(key, encodeEvent(0, '{"forged":true}'));
    await log.check();
    expect(tampered()).toEqual([key]);
    await log.close();
  });

  test('when an event is written over, then the next append names it and gets on', async () => {
    const { log, id, key } = await setUp();
    await setOver(key, encodeEvent(0, '{"forged":true}'));
    expect((await log.append([eventOf(id, 4)])).outcomes[0]!.outcome).toBe('appended');
    expect(tampered()).toEqual([key]);
    // Who appended it remembers what it was; anybody else sees another event there.
    expect((await log.append([eventOf(id, 2)])).outcomes[0]!.outcome).toBe('duplicate');
    const other = await open();
    expect((await other.append([eventOf(id, 2)])).outcomes[0]!.outcome).toBe('fork');
    await Promise.all([log.close(), other.close()]);
  });

  test('when an event is written over, then its account is not read', async () => {
    const { log, id, key } = await setUp();
    await setOver(key, encodeEvent(0, '{"forged":true}'));
    await expect(log.readStream(id, 1, 10)).rejects.toThrow(TamperError);
    expect(tampered()).toEqual([key]);
    await log.close();
  });

  // Of the kind of finding F3: one stream stops the others.
  test.each([
    ['written over', 3],
    ['put where its next one belongs', 4],
  ])('when no event is %s, then others are confirmed and get on', async (_where, version) => {
    const { log, id } = await setUp();
    const fine = newAccount();
    await log.append([eventOf(fine, 1)]);
    await log.close();
    await setOver(eventKey(id, version), Buffer.from('no event'));
    const other = await open();
    const [theirs, ours] = await other.digests([
      { stream: id, version },
      { stream: fine, version: 1 },
    ]);
    expect(ours).toBe(digestOf(eventOf(fine, 1)));
    expect(theirs).toBe('tampered');
    digestsAnswer.parse({ digests: [theirs, ours], quarantined: [] });
    const { outcomes } = await other.append([...eventsOf(id, 4, 5), eventOf(fine, 2)]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['fork', 'fork', 'appended']);
    expect(tampered()).toContain(eventKey(id, version));
    await other.close();
  });

  test.each([1, 2, 3])('when version %i is erased, then it is missed', async (version) => {
    const { log, id } = await setUp();
    const key = eventKey(id, version);
    await erase(key);
    // Readers see what was written before it, and the next look names it.
    expect(await log.readStream(id, 1, 10)).toHaveLength(3);
    await log.check();
    expect(tampered()).toContain(key);
    const other = await open();
    const { outcomes } = await other.append([eventOf(id, version), eventOf(newAccount(), 1)]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['fork', 'appended']);
    expect(tampered()).toContain(key);
    // In log order the erasure is no event, so followers get on.
    const after = await other.readAfter(0, 1_000);
    expect(after.length).toBeGreaterThan(0);
    await Promise.all([log.close(), other.close()]);
  });
});

describe('given a database that is not a log of this bank', () => {
  test('when it is opened, then the bank refuses to run on it', async () => {
    const other = await startImmudb();
    const client = immudbClient(other.options);
    const KVs = [{ key: Buffer.from('a'), value: Buffer.from('b') }];
    await client.call('Set', { KVs, preconditions: [] });
    await client.close();
    await expect(openImmudbLog(other.options, alarms)).rejects.toThrow(/not begun by this bank/);
    await other.stop();
  });
});

describe('the users of the log', () => {
  const SQL = `message SQLExecRequest { string sql = 1; }
service ImmuService {
  rpc SQLExec(SQLExecRequest) returns (google.protobuf.Empty);`;
  let folder: string;
  let proto: string;
  interface AnyClient {
    call(method: string, request: object): Promise<unknown>;
    close(): Promise<void>;
  }
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'immudb-sql-'));
    proto = join(folder, 'immudb.proto');
    const plain = readFileSync(immudb.options.proto, 'utf8');
    writeFileSync(proto, plain.replace('service ImmuService {', SQL));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  // Finding 25.
  test('may execute no SQL, and the one of audits may write nothing', async () => {
    const KVs = [{ key: Buffer.from('sec/test'), value: Buffer.from('x') }];
    for (const user of [immudb.options, { ...immudb.options, ...immudb.reader }]) {
      const client = immudbClient({ ...user, proto }) as unknown as AnyClient;
      for (const sql of ['CREATE TABLE t (id INTEGER, PRIMARY KEY id)', 'DROP TABLE t']) {
        await expect(client.call('SQLExec', { sql })).rejects.toThrow(/denied/i);
      }
      await expect(client.call('CreateDatabaseV2', { name: 'other' })).rejects.toThrow();
      await client.close();
    }
    const reader = immudbClient({ ...immudb.options, ...immudb.reader });
    await expect(reader.call('Set', { KVs, preconditions: [] })).rejects.toThrow(/permission/i);
    await reader.close();
  });
});
