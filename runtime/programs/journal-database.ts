import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import type { Instance } from '../instance.ts';
import { connectToPostgres, POSTGRES_ADMIN as ADMIN } from './postgres-connection.ts';
import { LOOPBACK } from '../ports.ts';
import { CannotRun } from '../progress.ts';
import type { Secrets } from '../secrets.ts';

/** Goes up with every change of the SQL that an older checkout must not revert. */
const VERSION = 3;
const DATABASE = 'journal';
const ROOM = 'bank-account-actor/journal';
const APP_CONNECTIONS_MAX = 40;
/** Holds off a second program that applies the SQL at the same time. */
const APPLYING = 4_103_826_901;

type JournalSecrets = Pick<Secrets, 'postgresAdmin' | 'postgresJournal'>;

/** What the actor host connects to; a secret. */
export const journalUrl = (instance: Instance, secrets: JournalSecrets): string =>
  `postgres://journal:${secrets.postgresJournal}@${LOOPBACK}:${instance.ports.postgres}/journal`;

/**
 * Creates the journal's database, the role that owns it and the one of the app, which may execute
 * its functions and nothing else, and applies the SQL of this checkout. Idempotent. Rejects with a
 * CannotRun for a database of the first release.
 */
export async function provisionJournal(instance: Instance, secrets: JournalSecrets): Promise<void> {
  await withDatabase(instance, secrets, ADMIN, async (admin) => {
    const hasRole = async (role: string) =>
      (await admin.query('select 1 from pg_roles where rolname = $1', [role])).rowCount === 1;
    if (!(await hasRole('journal_owner'))) await admin.query('create role journal_owner nologin');
    const verb = (await hasRole('journal')) ? 'alter' : 'create';
    const password = admin.escapeLiteral(secrets.postgresJournal);
    await admin.query(
      `${verb} role journal login password ${password} connection limit ${APP_CONNECTIONS_MAX}`,
    );
    const known = await admin.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (known.rowCount === 0) await admin.query(`create database journal owner journal_owner`);
  });
  const sql = ['schema.sql', 'functions.sql'].map((file) =>
    readFileSync(join(instance.root, ROOM, file), 'utf8'),
  );
  await withDatabase(instance, secrets, DATABASE, async (admin) => {
    await refuseFirstRelease(admin);
    for (const statement of RIGHTS) await admin.query(statement);
    await applySql(admin, sql.join('\n'));
  });
}

/** Drops the journal and creates an empty one, to be filled from the log by a restore. */
export async function recreateJournal(instance: Instance, secrets: JournalSecrets): Promise<void> {
  await withDatabase(instance, secrets, ADMIN, async (admin) => {
    await admin.query('drop database if exists journal with (force)');
  });
  await provisionJournal(instance, secrets);
}

// Without these settings a plan that was made while the tables were small would always read
// all of them. Every statement finds its rows by a key.
const RIGHTS = [
  'alter database journal owner to journal_owner',
  'revoke all on database journal from public',
  'revoke all on schema public from public',
  'grant connect on database journal to journal',
  ...['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'].map(
    (setting) => `alter role journal in database journal set ${setting} = off`,
  ),
];

async function refuseFirstRelease(admin: Client): Promise<void> {
  const { rowCount } = await admin.query(
    "select 1 from pg_tables where schemaname = 'public' and tablename = 'state'",
  );
  if (rowCount === 0) return;
  throw new CannotRun(
    'The data folder is of an older release: "npm run reset" empties it, or "npm run restore" ' +
      'makes the journal again from the log.',
  );
}

async function applySql(admin: Client, sql: string): Promise<void> {
  const digest = createHash('sha256').update(sql).digest('hex');
  await admin.query('begin');
  await admin.query(`select pg_advisory_xact_lock(${APPLYING})`);
  await admin.query('set local role journal_owner');
  await admin.query(
    'create schema if not exists journal; create table if not exists journal.applied_sql ' +
      '(version integer primary key, digest text not null)',
  );
  const { rows } = await admin.query<{ version: number; digest: string }>(
    'select version, digest from journal.applied_sql order by version desc limit 1',
  );
  const [last] = rows;
  if (last !== undefined && last.version > VERSION) {
    throw new CannotRun(
      `The journal's tables are of version ${last.version}, newer than this checkout, which ` +
        `knows ${VERSION}: start the newer release.`,
    );
  }
  if (last?.version !== VERSION || last.digest !== digest) {
    await admin.query(sql);
    await admin.query(
      'insert into journal.applied_sql values ($1, $2) ' +
        'on conflict (version) do update set digest = excluded.digest',
      [VERSION, digest],
    );
  }
  // A connection that ends before this leaves nothing of it.
  await admin.query('commit');
}

/** Works on a database as the administrator, on a connection that is closed then. */
export async function withDatabase<Result>(
  instance: Instance,
  secrets: JournalSecrets,
  database: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = await connectToPostgres(instance, secrets, database);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
