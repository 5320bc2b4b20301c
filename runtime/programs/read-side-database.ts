import type { Client } from 'pg';
import type { Instance } from '../instance.ts';
import { LOOPBACK } from '../ports.ts';
import type { Secrets } from '../secrets.ts';
import { withDatabase } from './journal-database.ts';
import { POSTGRES_ADMIN as ADMIN } from './postgres-connection.ts';

/**
 * FerretDB filters with `(_jsonb->'field') @> value`, which its own btree indexes do not
 * serve. This event trigger adds a GIN index for `_id` whenever it makes a table, and one
 * for the first field of every index that it makes; with them an equality takes 1 ms. Without
 * fastupdate=off each search would also scan the list of entries that are not merged yet: a
 * page of history then costs five times as much after a burst of writes.
 *
 * FerretDB also replaces under a condition in two steps: it reads what fulfils the condition and
 * then writes by `_id` alone, so what was read before a pause is written over what came since.
 * On each table that it makes, a row trigger therefore lets no document be replaced by one that
 * tells of the same log position or an earlier one. MongoDB needs no such thing.
 */
const LOOKUP_INDEX_SQL = `
create or replace function public.keep_later() returns trigger language plpgsql as $$
begin
  if (new._jsonb->>'position')::numeric <= (old._jsonb->>'position')::numeric then
    return null;
  end if;
  return new;
end $$;
create or replace function add_lookup_index() returns event_trigger language plpgsql as $$
declare c record; f text; t regclass;
begin
  for c in select * from pg_event_trigger_ddl_commands() where object_type in ('table','index') loop
    if c.object_type = 'table' and exists (
      select 1 from pg_attribute where attrelid = c.objid and attname = '_jsonb') then
      execute format(
        'create index on %s using gin ((_jsonb->''_id'') jsonb_path_ops) with (fastupdate=off)',
        c.object_identity);
      execute format(
        'create trigger keep_later before update on %s '
        'for each row execute function public.keep_later()',
        c.object_identity);
    elsif c.object_type = 'index' then
      select i.indrelid::regclass into t from pg_index i where i.indexrelid = c.objid;
      for f in select m[1] from regexp_matches(
        pg_get_indexdef(c.objid), $re$btree.*?\\(_jsonb -> '([^']+)'::text\\)$re$) m loop
        if f <> '_id' then
          execute format(
            'create index on %s using gin ((_jsonb->%L) jsonb_path_ops) with (fastupdate=off)',
            t, f);
        end if;
      end loop;
    end if;
  end loop;
end $$;
drop event trigger if exists lookup_index;
create event trigger lookup_index on ddl_command_end
  when tag in ('CREATE TABLE','CREATE INDEX') execute function add_lookup_index();
`;

/** FerretDB holds one connection per update of an update command, so each role needs many. */
const POOL_PER_ROLE = 40;
const READER = 'readside_reader';
/** The projection that alone writes each database of the read side, and its role. */
const OWNERS = {
  balances: { app: 'projection-balances', role: 'readside_balances', secret: 'postgresBalances' },
  history: { app: 'projection-history', role: 'readside_history', secret: 'postgresHistory' },
} as const;

/** The role of an app on the read side: that of a projection, or the one that only reads. */
export function readSideRole(
  secrets: Secrets,
  appID: string,
): { readonly role: string; readonly password: string } {
  const owner = Object.values(OWNERS).find(({ app }) => app === appID);
  if (owner === undefined) return { role: READER, password: secrets.postgresReader };
  return { role: owner.role, password: secrets[owner.secret] };
}

const ROLES = [READER, ...Object.values(OWNERS).map(({ role }) => role)];
/** FerretDB makes a database by a right that would let a role make any, so it finds it made. */
const METADATA = '"_ferretdb_database_metadata"';

/**
 * A schema is a database of FerretDB. Its projection owns it and what it makes in it; the reader
 * may read that. All see which collections there are, because FerretDB reads it once for everybody,
 * as anyone who comes first.
 */
const schemaSql = (schema: string, owner: string): string => `
create schema if not exists ${schema} authorization ${owner};
set role ${owner};
create table if not exists ${schema}.${METADATA} (_jsonb jsonb);
create unique index if not exists "_ferretdb_database_metadata_id_idx"
  on ${schema}.${METADATA} (((_jsonb->'_id')));
create unique index if not exists "_ferretdb_database_metadata_table_idx"
  on ${schema}.${METADATA} (((_jsonb->'table')));
grant usage on schema ${schema} to ${ROLES.join(', ')};
grant select on ${schema}.${METADATA} to ${ROLES.join(', ')};
alter default privileges in schema ${schema} grant select on tables to ${READER};
reset role;
`;

/**
 * Creates the database of the read side, which can be derived again from the log, and its roles.
 * Idempotent.
 */
export async function provisionReadSide(instance: Instance, secrets: Secrets): Promise<void> {
  // A crash between the steps below leaves no marker, so the last step decides.
  const ready = 'core-bank readside is ready, with a role for each app';
  const isReady = await withDatabase(instance, secrets, ADMIN, async (admin) => {
    const found = async (sql: string): Promise<boolean> => (await admin.query(sql)).rowCount === 1;
    await provideRoles(admin, secrets, found);
    if (!(await found("select 1 from pg_database where datname = 'readside'"))) {
      await admin.query('create database readside');
    }
    return found(`select 1 from pg_shdescription where description = '${ready}'`);
  });
  if (isReady) return;
  await withDatabase(instance, secrets, 'readside', async (inside) => {
    await inside.query('revoke all on database readside from public');
    await inside.query('revoke create on schema public from public');
    await inside.query(`grant connect on database readside to ${ROLES.join(', ')}`);
    // FerretDB passes the name of the member as a parameter, so only a plan for its value can
    // use an index; a generic plan, liked while the table was small, reads all of it every time.
    await inside.query('alter database readside set plan_cache_mode = force_custom_plan');
    await inside.query(LOOKUP_INDEX_SQL);
    for (const [schema, { role }] of Object.entries(OWNERS)) {
      await inside.query(schemaSql(schema, role));
    }
    await inside.query(`comment on database readside is '${ready}'`);
  });
}

async function provideRoles(
  admin: Client,
  secrets: Secrets,
  found: (sql: string) => Promise<boolean>,
): Promise<void> {
  const passwords = [
    [READER, secrets.postgresReader] as const,
    ...Object.values(OWNERS).map(({ role, secret }) => [role, secrets[secret]] as const),
  ];
  for (const [role, password] of passwords) {
    const verb = (await found(`select 1 from pg_roles where rolname = '${role}'`))
      ? 'alter'
      : 'create';
    const quoted = admin.escapeLiteral(password);
    await admin.query(
      `${verb} role ${role} login password ${quoted} connection limit ${POOL_PER_ROLE + 5}`,
    );
  }
}

/** What FerretDB connects to: without credentials, because those of its clients are passed on. */
export const readsideUrl = (instance: Instance): string =>
  `postgres://${LOOPBACK}:${instance.ports.postgres}/readside?pool_max_conns=${POOL_PER_ROLE}`;
