import { join } from 'node:path';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import type { Client, ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { logFile, type Instance } from '../instance.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { LOOPBACK } from '../ports.ts';
import { signingKeyFile } from '../signing-keys.ts';
import { type Secrets } from '../secrets.ts';
import { nicenessOf } from '../supervisor/scheduling.ts';
import { asOwnUser, handOver, ownFolder, userOf } from '../users.ts';

/** Name of the log's database. */
export const LOG_DATABASE = 'corebank';
/** The user that writes the log. */
export const LOG_USER = 'corebank';
/** The user that only reads it, for audits and the check of backups. */
export const LOG_READER = 'corebank_reader';
const ADMIN = 'immudb';
const CALL_TIMEOUT_MS = 5_000;
const USERS = [
  { name: LOG_USER, secret: 'immudbWriter', permission: 2 },
  { name: LOG_READER, secret: 'immudbReader', permission: 1 },
] as const;
/**
 * Anyone who may read or write has them by default; what SQL writes would be no entry of the log.
 */
const SQL_PRIVILEGES = ['SELECT', 'CREATE', 'INSERT', 'UPDATE', 'DELETE', 'DROP', 'ALTER'];
const ALREADY_EXISTS = /already exists/i;
/**
 * Set at creation: they bound a batch and immudb's memory. Each of its transaction buffers has
 * place for the largest batch, so there are as many as one writer and its proofs need; what it
 * takes by default in addition (30 buffers, 1,000 cached transactions, 48 MiB for writing hashes)
 * is live memory that every collection goes through.
 *
 * The index is a tree that is rewritten along each changed path, and what is old in it goes
 * only in whole files, with a flush that is synced. So nodes are small, files too, and each flush
 * takes a part of the oldest nodes along (docs/decisions/0013-bytes-at-rest.md).
 */
const SETTINGS = {
  maxTxEntries: { value: 4096 },
  maxKeyLen: { value: 256 },
  maxConcurrency: { value: 16 },
  txLogCacheSize: { value: 100 },
  ahtSettings: { writeBufferSize: { value: 1 << 20 } },
  syncFrequency: { value: 2 },
  fileSize: { value: 64 << 20 },
  indexSettings: {
    flushThreshold: { value: 30_000 },
    syncThreshold: { value: 60_000 },
    maxNodeSize: { value: 2048 },
    cleanupPercentage: { value: 20 },
  },
};

type Reply = Readonly<Record<string, unknown>>;

interface AdminClient {
  readonly call: (method: string, request: object, session?: string) => Promise<Reply>;
  readonly close: () => void;
}

/** Read once: health is asked every moment. */
let Service: ServiceClientConstructor | undefined;
const serviceOf = ({ root }: Instance): ServiceClientConstructor => {
  const file = join(root, 'event-source', 'immudb', 'immudb.proto');
  const packages = loadPackageDefinition(loadSync(file, { keepCase: true }));
  return (packages as unknown as { immudb: { schema: { ImmuService: ServiceClientConstructor } } })
    .immudb.schema.ImmuService;
};

const openClient = (instance: Instance): AdminClient => {
  Service ??= serviceOf(instance);
  const address = `${LOOPBACK}:${instance.ports.immudb}`;
  const client: Client = new Service(address, credentials.createInsecure());
  type Call = (
    request: object,
    metadata: Metadata,
    options: object,
    done: (error: Error | null, reply: Reply) => void,
  ) => void;
  const call = (method: string, request: object, session?: string): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const metadata = new Metadata();
      if (session !== undefined) metadata.set('sessionid', session);
      const rpc = (client as unknown as Record<string, Call>)[method] as Call;
      const options = { deadline: Date.now() + CALL_TIMEOUT_MS };
      rpc.call(client, request, metadata, options, (error, reply) =>
        error === null ? resolve(reply) : reject(error),
      );
    });
  return { call, close: () => client.close() };
};

const withSession = async (
  client: AdminClient,
  user: string,
  password: string,
  database: string,
  work: (session: string) => Promise<void>,
): Promise<void> => {
  const reply = await client.call('OpenSession', {
    username: Buffer.from(user),
    password: Buffer.from(password),
    databaseName: database,
  });
  const session = String(reply['sessionID']);
  try {
    await work(session);
  } finally {
    // Whose password is replaced has no session any more.
    await client.call('CloseSession', {}, session).catch(() => undefined);
  }
};

const isHealthy = async (instance: Instance): Promise<boolean> => {
  const client = openClient(instance);
  try {
    return (await client.call('Health', {}))['status'] === true;
  } catch {
    return false;
  } finally {
    client.close();
  }
};

/** The folder of the log's files. */
export const logFolder = (instance: Instance): string => join(instance.dataDir, 'immudb', 'data');

/** The immutable log's server. It syncs every commit: without that a kill ruins its files. */
export const immudbProgram = (
  instance: Instance,
  secrets: Secrets,
  command: string,
): ProgramSpec => {
  const own = asOwnUser(instance, 'immudb', command);
  handOver(signingKeyFile(instance.dataDir, 'log'), own.user);
  return { ...immudbOn(instance, secrets, own.command, logFolder(instance)), ...own };
};

/** The same server on a copy of the log, which belongs to who looks at it and who runs it. */
export const immudbOnCopy = (
  instance: Instance,
  secrets: Secrets,
  command: string,
  dir: string,
): ProgramSpec => immudbOn(instance, secrets, command, dir);

const immudbOn = (
  instance: Instance,
  secrets: Secrets,
  command: string,
  dir: string,
): ProgramSpec => {
  const cwd = join(instance.dataDir, 'immudb');
  ownFolder(cwd, userOf(instance.number, 'immudb'));
  const off = ['metrics-server', 'web-server', 'pgsql-server', 'grpc-reflection', 'swaggerui'];
  return {
    name: 'immudb',
    command,
    args: [
      '--dir',
      dir,
      '--address',
      LOOPBACK,
      '--auth',
      '--port',
      String(instance.ports.immudb),
      ...off.map((server) => `--${server}=false`),
      '--signingKey',
      signingKeyFile(instance.dataDir, 'log'),
      '--logformat',
      'text',
      // The password of its data folder is the one of the secrets, also after a rotation.
      '--force-admin-password',
    ],
    env: {
      HOME: cwd,
      IMMUDB_ADMIN_PASSWORD: secrets.immudbAdmin,
      // Collects early; a limit near what it needs would make it collect without end.
      GOGC: '50',
      GOMEMLIMIT: '1GiB',
    },
    cwd,
    logFile: logFile(instance, 'immudb'),
    port: instance.ports.immudb,
    layer: 0,
    niceness: nicenessOf('immudb'),
    ready: () => isHealthy(instance),
  };
};

type LogSecrets = Pick<Secrets, 'immudbAdmin' | 'immudbWriter' | 'immudbReader'>;

/**
 * Creates the log's database and its users, who have access to nothing else and to no SQL, and
 * gives them the passwords of the secrets. Idempotent.
 */
export const provisionImmudb = async (instance: Instance, secrets: LogSecrets): Promise<void> => {
  const client = openClient(instance);
  const nothing = async (): Promise<void> => undefined;
  try {
    for (const user of USERS) {
      const password = secrets[user.secret];
      await withSession(client, user.name, password, LOG_DATABASE, nothing).catch(() =>
        withSession(client, ADMIN, secrets.immudbAdmin, 'defaultdb', (session) =>
          provideUser(client, session, user, password),
        ),
      );
    }
  } finally {
    client.close();
  }
};

/** Gives the administrator another password while the log runs; a start has that of the secrets. */
export const replaceImmudbAdmin = async (
  instance: Instance,
  before: LogSecrets,
  now: LogSecrets,
): Promise<void> => {
  const client = openClient(instance);
  const user = Buffer.from(ADMIN);
  const [oldPassword, newPassword] = [before, now].map((all) => Buffer.from(all.immudbAdmin));
  try {
    const hasIt = withSession(client, ADMIN, now.immudbAdmin, 'defaultdb', async () => undefined);
    await hasIt.catch(() =>
      withSession(client, ADMIN, before.immudbAdmin, 'defaultdb', async (session) => {
        await client.call('ChangePassword', { user, oldPassword, newPassword }, session);
      }),
    );
  } finally {
    client.close();
  }
};

/** The last transaction of the log. */
export const lastTransaction = async (instance: Instance, secrets: LogSecrets): Promise<number> => {
  const client = openClient(instance);
  let last = 0;
  try {
    await withSession(client, LOG_READER, secrets.immudbReader, LOG_DATABASE, async (session) => {
      last = Number((await client.call('CurrentState', {}, session))['txId']);
    });
    return last;
  } finally {
    client.close();
  }
};

async function provideUser(
  { call }: AdminClient,
  session: string,
  { name, permission }: (typeof USERS)[number],
  password: string,
): Promise<void> {
  const database = { name: LOG_DATABASE, ifNotExists: true, settings: SETTINGS };
  await call('CreateDatabaseV2', database, session);
  const user = Buffer.from(name);
  const newPassword = Buffer.from(password);
  try {
    const made = { user, password: newPassword, permission, database: LOG_DATABASE };
    await call('CreateUser', made, session);
  } catch (error) {
    if (!ALREADY_EXISTS.test(String(error))) throw error;
    await call('ChangePassword', { user, newPassword }, session);
  }
  const all = { username: name, database: LOG_DATABASE, privileges: SQL_PRIVILEGES };
  await call('ChangeSQLPrivileges', { ...all, action: 'REVOKE' }, session);
}
