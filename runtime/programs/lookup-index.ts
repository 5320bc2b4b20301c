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
export const LOOKUP_INDEX_SQL = `
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
