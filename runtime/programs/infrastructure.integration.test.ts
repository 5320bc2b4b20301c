import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, nanos } from '@nats-io/transport-node';
import { Client } from 'pg';
import { startBank } from '../supervisor/bank.ts';
import { freeInstance } from '../supervisor/free-instance.ts';
import type { Bank } from '../supervisor/bank.ts';
import { asAdmin, provisionNats } from './nats.ts';
import { loadSecrets } from '../secrets.ts';

const START_MS_MAX = 120_000;
const WARM_START_MS_MAX = 20_000;

const dataDir = mkdtempSync(join(tmpdir(), 'infrastructure-'));
let bank: Bank;
let instance: number;
const start = (): Promise<Bank> =>
  startBank({ instance, dataDir, quiet: true, infrastructureOnly: true });

beforeAll(async () => {
  instance = await freeInstance();
  bank = await start();
}, START_MS_MAX);
afterAll(async () => {
  await bank.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, START_MS_MAX);

const query = async (user: 'journal' | 'readside', database: string, sql: string) => {
  const secrets = loadSecrets(dataDir);
  const client = new Client({
    host: '127.0.0.1',
    port: bank.instance.ports.postgres,
    user,
    password: user === 'journal' ? secrets.postgresJournal : secrets.postgresReadside,
    database,
  });
  await client.connect();
  try {
    return (await client.query<Record<string, string>>(sql)).rows;
  } finally {
    await client.end();
  }
};

describe('the infrastructure', () => {
  test('given a role of PostgreSQL, it enters its own database and no other', async () => {
    await expect(query('journal', 'journal', 'select 1 as one')).resolves.toEqual([{ one: 1 }]);
    await expect(query('journal', 'readside', 'select 1')).rejects.toThrow('permission denied');
    await expect(query('readside', 'journal', 'select 1')).rejects.toThrow('permission denied');
    await expect(query('readside', 'postgres', 'select 1')).rejects.toThrow('permission denied');
  });

  test('given a write, it is synced before it is answered, on the read side too', async () => {
    const show = 'show synchronous_commit';
    expect(await query('journal', 'journal', show)).toEqual([{ synchronous_commit: 'on' }]);
    // A projection remembers what it wrote: what a crash took back would be a permanent hole.
    expect(await query('readside', 'readside', show)).toEqual([{ synchronous_commit: 'on' }]);
  });

  test('given a query of the read side, an index answers it, not the whole table', async () => {
    const show = 'show plan_cache_mode';
    const custom = [{ plan_cache_mode: 'force_custom_plan' }];
    expect(await query('readside', 'readside', show)).toEqual(custom);
  });

  test('given no credentials, the broker lets nobody in', async () => {
    const servers = `127.0.0.1:${bank.instance.ports.nats}`;
    await expect(connect({ servers, maxReconnectAttempts: 0 })).rejects.toThrow(/authorization/i);
  });

  test('given commands of one id, the broker keeps all, also on an older stream', async () => {
    const secrets = loadSecrets(dataDir);
    const kept = () =>
      asAdmin(bank.instance, secrets, async (connection) => {
        const client = jetstream(connection);
        const send = () => client.publish('account-commands', '{}', { msgID: 'one' });
        const acks = [await send(), await send(), await send()];
        await (await client.jetstreamManager()).streams.purge('ACCOUNT_COMMANDS');
        return acks.map(({ duplicate }) => duplicate);
      });
    expect(await kept()).toEqual([false, false, false]);
    await asAdmin(bank.instance, secrets, async (connection) => {
      const { streams } = await jetstreamManager(connection);
      await streams.update('ACCOUNT_COMMANDS', { sources: [], duplicate_window: nanos(120_000) });
    });
    expect(await kept()).toEqual([false, true, true]);
    // Twice, because every start does it.
    await provisionNats(bank.instance, secrets);
    await provisionNats(bank.instance, secrets);
    expect(await kept()).toEqual([false, false, false]);
  });

  test('given a sidecar, it may publish on the topics and not delete a stream', async () => {
    const connection = await connect({
      servers: `127.0.0.1:${bank.instance.ports.nats}`,
      user: 'sidecar',
      pass: loadSecrets(dataDir).natsSidecar,
    });
    const stored = await connection.request('account-events', '{}');
    expect(stored.json()).toMatchObject({ stream: 'ACCOUNT_EVENTS' });
    const deletion = connection.request('$JS.API.STREAM.DELETE.LEDGER', '', { timeout: 500 });
    await expect(deletion).rejects.toThrow();
    // Integration events have one publisher, which is no sidecar.
    const forged = connection.request('bank-events', '{}', { timeout: 500 });
    await expect(forged).rejects.toThrow();
    await connection.close();
  });

  test(
    'given a second start, it finds everything within 20 s',
    async () => {
      const at = new Date().toISOString();
      await query('journal', 'journal', `select journal.set_mark('whole', '${at}')`);
      await bank.stop();
      const started = Date.now();
      bank = await start();
      expect(Date.now() - started).toBeLessThan(WARM_START_MS_MAX);
      expect(await query('journal', 'journal', 'select * from journal.get_mark()')).toEqual([
        { state: 'whole', at },
      ]);
    },
    START_MS_MAX,
  );
});
