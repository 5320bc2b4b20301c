import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { connect, PermissionViolationError } from '@nats-io/transport-node';
import { Client } from 'pg';
import { startBank } from '../supervisor/bank.ts';
import { freeInstance } from '../supervisor/free-instance.ts';
import type { Bank } from '../supervisor/bank.ts';
import { brokerPlanOf } from './broker-rights.ts';
import { readDaprYaml } from './dapr-yaml.ts';
import { asAdmin, brokerPassword, provisionNats } from './nats.ts';
import { loadSecrets, replaceSecrets } from '../secrets.ts';
import { keepPostgresAdmin } from './postgres.ts';
import { secretsOf } from '../rotation/rotations.ts';

const START_MS_MAX = 120_000;
const WARM_START_MS_MAX = 20_000;

const APPS = readDaprYaml(process.cwd(), 0).map(({ appID }) => appID);

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

const query = async (user: 'journal' | 'readside_balances', database: string, sql: string) => {
  const secrets = loadSecrets(dataDir);
  const client = new Client({
    host: '127.0.0.1',
    port: bank.instance.ports.postgres,
    user,
    password: user === 'journal' ? secrets.postgresJournal : secrets.postgresBalances,
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
    await expect(query('readside_balances', 'journal', 'select 1')).rejects.toThrow(
      'permission denied',
    );
    await expect(query('readside_balances', 'postgres', 'select 1')).rejects.toThrow(
      'permission denied',
    );
  });

  test('given a write, it is synced before it is answered, on the read side too', async () => {
    const show = 'show synchronous_commit';
    expect(await query('journal', 'journal', show)).toEqual([{ synchronous_commit: 'on' }]);
    // A projection remembers what it wrote: what a crash took back would be a permanent hole.
    expect(await query('readside_balances', 'readside', show)).toEqual([
      { synchronous_commit: 'on' },
    ]);
  });

  test('given a query of the read side, an index answers it, not the whole table', async () => {
    const show = 'show plan_cache_mode';
    const custom = [{ plan_cache_mode: 'force_custom_plan' }];
    expect(await query('readside_balances', 'readside', show)).toEqual(custom);
  });

  test('given root, PostgreSQL is a user that nothing else on the machine is', () => {
    const { uid, mode } = statSync(join(dataDir, 'postgres'));
    const own = process.getuid!();
    expect([uid, mode & 0o777]).toEqual([own === 0 ? 64_000 + 32 * instance : own, 0o700]);
  });

  test('given no credentials, the broker lets nobody in', async () => {
    const servers = `127.0.0.1:${bank.instance.ports.nats}`;
    await expect(connect({ servers, maxReconnectAttempts: 0 })).rejects.toThrow(/authorization/i);
  });

  test('given commands of one id, the broker keeps all, also after another start', async () => {
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
    await provisionNats(bank.instance, secrets);
    expect(await kept()).toEqual([false, false, false]);
  });

  test('given a lane that is full, it refuses more and keeps all; others go on', async () => {
    const secrets = loadSecrets(dataDir);
    await asAdmin(bank.instance, secrets, async (connection) => {
      const client = jetstream(connection);
      const { streams } = await client.jetstreamManager();
      const { config } = await streams.info('ACCOUNT_COMMANDS_BULK');
      expect([config.max_bytes, config.max_msgs]).toEqual([256 * 1024 * 1024, 100_000]);
      await streams.update('ACCOUNT_COMMANDS_BULK', { max_msgs: 2 });
      const send = (topic: string) => client.publish(topic, '{}');
      await send('account-commands.bulk');
      await send('account-commands.bulk');
      await expect(send('account-commands.bulk')).rejects.toThrow('maximum messages exceeded');
      expect((await send('account-commands')).duplicate).toBe(false);
      expect((await streams.info('ACCOUNT_COMMANDS_BULK')).state.messages).toBe(2);
      for (const name of ['ACCOUNT_COMMANDS', 'ACCOUNT_COMMANDS_BULK']) await streams.purge(name);
    });
    await provisionNats(bank.instance, secrets);
  });

  const STREAMS = brokerPlanOf(process.cwd()).streams;
  const SUBJECTS = [
    ...Object.values(STREAMS),
    ...Object.keys(STREAMS).flatMap((stream) => [
      ...APPS.flatMap((app) => [
        `$JS.API.CONSUMER.INFO.${stream}.${app}`,
        `$JS.API.CONSUMER.CREATE.${stream}.${app}.${STREAMS[stream]}`,
        `$JS.API.CONSUMER.DELETE.${stream}.${app}`,
        `$JS.ACK.${stream}.${app}.1.1.1.1.0`,
      ]),
      ...['PURGE', 'DELETE', 'INFO', 'UPDATE', 'MSG.GET'].map(
        (call) => `$JS.API.STREAM.${call}.${stream}`,
      ),
    ]),
    'deliver.event-source.x',
    '_INBOX.x.y',
  ];
  const HEARD = ['>', '$JS.>', '_INBOX.>', '_INBOX.x', '_INBOX_ADMIN.>', 'deliver.>'];

  /** What of all that the broker does for a user. */
  async function allowedTo(user: string): Promise<string[]> {
    const secrets = loadSecrets(dataDir);
    const servers = `127.0.0.1:${bank.instance.ports.nats}`;
    const connection = await connect({ servers, user, pass: brokerPassword(secrets, user) });
    const refused = new Set<string>();
    const told = (async () => {
      for await (const status of connection.status()) {
        if (status.type === 'close') return;
        if (status.type !== 'error' || !(status.error instanceof PermissionViolationError))
          continue;
        refused.add(`${status.error.operation} ${status.error.subject}`);
      }
    })();
    const heard = [...HEARD, ...Object.values(STREAMS), ...APPS.map((app) => `deliver.${app}.x`)];
    for (const subject of SUBJECTS) connection.publish(subject, '{}');
    for (const subject of heard) connection.subscribe(subject, { callback: () => undefined });
    await connection.flush();
    await connection.close();
    await told;
    const all = [
      ...SUBJECTS.map((subject) => `publish ${subject}`),
      ...heard.map((subject) => `subscription ${subject}`),
    ];
    return all.filter((act) => !refused.has(act));
  }

  const consumer = (stream: string, app: string): string[] => [
    `publish $JS.API.CONSUMER.INFO.${stream}.${app}`,
    `publish $JS.ACK.${stream}.${app}.1.1.1.1.0`,
    `subscription deliver.${app}.x`,
  ];

  test.each([
    ['bank-account-actor', ['publish account-events']],
    [
      'event-source',
      ['publish ledger', 'publish audit', ...consumer('ACCOUNT_EVENTS', 'event-source')],
    ],
    ['projection-balances', consumer('LEDGER', 'projection-balances')],
    ['projection-history', consumer('LEDGER', 'projection-history')],
    [
      'core-bank-api',
      [
        'publish account-commands',
        'publish account-commands.bulk',
        'publish account-command-results',
        'publish account-commands-dead',
        ...consumer('ACCOUNT_COMMANDS', 'core-bank-api'),
        ...consumer('ACCOUNT_COMMANDS_BULK', 'core-bank-api'),
      ],
    ],
    [
      'integration-feed',
      [
        'publish bank-events',
        'publish $JS.API.STREAM.INFO.BANK_EVENTS',
        'publish $JS.API.STREAM.MSG.GET.BANK_EVENTS',
      ],
    ],
  ])('given the broker user of %s, it may do exactly what is its own', async (user, own) => {
    expect((await allowedTo(user)).sort()).toEqual([...new Set(own)].sort());
  });

  test(
    'given new passwords, a second start gives them to all and finds everything within 20 s',
    async () => {
      const at = new Date().toISOString();
      await query('journal', 'journal', `select journal.set_mark('whole', '${at}')`);
      await bank.stop();
      const before = loadSecrets(dataDir);
      keepPostgresAdmin(bank.instance, before.postgresAdmin);
      replaceSecrets(dataDir, secretsOf('passwords'));
      const started = Date.now();
      bank = await start();
      expect(Date.now() - started).toBeLessThan(WARM_START_MS_MAX);
      expect(await query('journal', 'journal', 'select * from journal.get_mark()')).toEqual([
        { state: 'whole', at },
      ]);
      const connection = { servers: `127.0.0.1:${bank.instance.ports.nats}`, user: 'reader' };
      const old = connect({ ...connection, pass: before.natsReader, maxReconnectAttempts: 0 });
      await expect(old).rejects.toThrow(/authorization/i);
    },
    START_MS_MAX,
  );
});
