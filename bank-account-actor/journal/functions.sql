-- All that the application's role may do. Every write is conditional on what it replaces, so one
-- that comes late, twice or out of order changes nothing that is newer.

create or replace function journal.commit_turn(
  p_streams text[], p_expected bigint[], p_versions bigint[], p_digests text[], p_states text[],
  p_logged bigint[], p_unlogged text[], p_due bigint[], p_secrets text[],
  g_streams text[], g_versions bigint[],
  n_ids uuid[], n_versions bigint[], u_ids uuid[]
) returns table (kind text, id text, at bigint)
language plpgsql security definer set search_path = journal, pg_temp as $$
declare
  written bigint;
begin
  -- One order for all, so that turns wait for each other and never in a circle.
  if cardinality(p_streams) > 0 then
    perform 1 from streams s where s.stream = any (p_streams || g_streams)
      order by s.stream for update;
  end if;
  return query
    select 'overtaken'::text, w.stream, coalesce(s.version, 0)
    from unnest(p_streams || g_streams, p_expected || g_versions) w (stream, expected)
    left join streams s on s.stream = w.stream
    -- A host that has not heard of a quarantine must load the row and see it.
    where coalesce(s.version, 0) <> w.expected or s.quarantine is not null;
  if found then return; end if;
  return query select 'known'::text, n.id::text, n.version from names n
    where n.id = any (n_ids || u_ids);
  if found or cardinality(p_streams) = 0 then return; end if;

  update streams s set
    version = w.version, digest = w.digest, state = w.state, logged = w.logged,
    unlogged = w.unlogged, unsettled = true, due = w.due, changed_at = clock_timestamp(),
    secret = case when w.secret is null then s.secret else nullif(w.secret, '') end
  from unnest(p_streams, p_expected, p_versions, p_digests, p_states, p_logged, p_unlogged, p_due,
      p_secrets) w (stream, expected, version, digest, state, logged, unlogged, due, secret)
  where s.stream = w.stream and s.version = w.expected;
  get diagnostics written = row_count;
  if written < cardinality(p_streams) then
    insert into streams (stream, version, digest, state, logged, unlogged, due, secret,
      changed_at, unsettled)
    select w.stream, w.version, w.digest, w.state, w.logged, w.unlogged, w.due,
      nullif(w.secret, ''), clock_timestamp(), true
    from unnest(p_streams, p_expected, p_versions, p_digests, p_states, p_logged, p_unlogged,
        p_due, p_secrets) w (stream, expected, version, digest, state, logged, unlogged, due, secret)
    where w.expected = 0
    on conflict do nothing;
    get diagnostics written = row_count;
    if written < (select count(*) from unnest(p_expected) e where e = 0) then
      raise exception 'another turn opened the stream' using errcode = '40001';
    end if;
  end if;
  insert into names (id, version)
    select w.id, w.version from unnest(n_ids, n_versions) w (id, version) on conflict do nothing;
  get diagnostics written = row_count;
  if written < cardinality(n_ids) then
    raise exception 'another turn took the name' using errcode = '40001';
  end if;
end $$;

create or replace function journal.load_streams(p_streams text[], p_ids uuid[])
returns table (
  stream text, version bigint, digest text, state text, logged bigint, unlogged text,
  quarantine text, secret text, name uuid
)
language sql stable security definer set search_path = journal, pg_temp as $$
  select s.stream, s.version, s.digest, s.state, s.logged, s.unlogged, s.quarantine, s.secret,
    null::uuid
  from streams s where s.stream = any (p_streams)
  union all
  select null, n.version, null, null, null, null, null, null, n.id
  from names n where n.id = any (p_ids)
$$;

create or replace function journal.settle(
  p_streams text[], p_versions bigint[], p_digests text[]
) returns void
language sql security definer set search_path = journal, pg_temp as $$
  -- A row that is locked is being moved on, and takes along what the log has confirmed.
  with exact as (
    select s.stream from streams s
    join unnest(p_streams, p_versions, p_digests) w (stream, version, digest)
      on s.stream = w.stream and s.version = w.version and s.digest = w.digest
    where s.unsettled
    order by s.stream for update of s skip locked
  )
  update streams s set logged = s.version, unlogged = '', unsettled = false
  from exact where s.stream = exact.stream
$$;

create or replace function journal.quarantine(p_stream text, p_reason text) returns void
language sql security definer set search_path = journal, pg_temp as $$
  update streams set quarantine = coalesce(quarantine, p_reason) where stream = p_stream
$$;

create or replace function journal.quarantined(p_limit integer)
returns table (stream text, reason text)
language sql stable security definer set search_path = journal, pg_temp as $$
  select s.stream, s.quarantine from streams s where s.quarantine is not null
  order by s.stream limit p_limit
$$;

create or replace function journal.claim_unsettled(p_idle_ms bigint, p_limit integer)
returns table (
  stream text, version bigint, digest text, state text, logged bigint, unlogged text,
  quarantine text, secret text, name uuid
)
language sql security definer set search_path = journal, pg_temp as $$
  with idle as (
    select s.stream from streams s
    where s.unsettled and s.quarantine is null
      and s.changed_at <= clock_timestamp() - p_idle_ms * interval '1 millisecond'
    limit p_limit for update skip locked
  )
  update streams s set changed_at = clock_timestamp() from idle where s.stream = idle.stream
  returning s.stream, s.version, s.digest, s.state, s.logged, s.unlogged, s.quarantine, s.secret,
    null::uuid
$$;

create or replace function journal.claim_due(p_now bigint, p_lease_ms bigint, p_limit integer)
returns table (stream text)
language sql security definer set search_path = journal, pg_temp as $$
  with ready as (
    select s.stream from streams s where s.due <= p_now
    order by s.due limit p_limit for update skip locked
  )
  update streams s set due = p_now + p_lease_ms from ready where s.stream = ready.stream
  returning s.stream
$$;

create or replace function journal.get_mark() returns jsonb
language sql stable security definer set search_path = journal, pg_temp as $$
  select mark from marks
$$;

create or replace function journal.set_mark(p_mark jsonb) returns void
language sql security definer set search_path = journal, pg_temp as $$
  insert into marks (mark) values (p_mark) on conflict (one) do update set mark = excluded.mark
$$;

create or replace function journal.restore_streams(
  p_streams text[], p_versions bigint[], p_digests text[], p_states text[], p_due bigint[],
  p_secrets text[], n_ids uuid[], n_versions bigint[]
) returns bigint
language plpgsql security definer set search_path = journal, pg_temp as $$
declare
  written bigint;
begin
  insert into names (id, version)
    select w.id, w.version from unnest(n_ids, n_versions) w (id, version) on conflict do nothing;
  update streams s set secret = w.secret
  from unnest(p_streams, p_versions, p_digests, p_secrets) w (stream, version, digest, secret)
  where s.stream = w.stream and s.version = w.version and s.digest = w.digest
    and s.secret is null and w.secret is not null;
  insert into streams (stream, version, digest, state, logged, unlogged, due, secret, changed_at,
    unsettled)
  select w.stream, w.version, w.digest, w.state, w.version, '', w.due, w.secret,
    clock_timestamp(), false
  from unnest(p_streams, p_versions, p_digests, p_states, p_due, p_secrets)
    w (stream, version, digest, state, due, secret)
  on conflict (stream) do update set
    version = excluded.version, digest = excluded.digest, state = excluded.state,
    logged = excluded.logged, unlogged = '', due = excluded.due, secret = excluded.secret,
    changed_at = excluded.changed_at, unsettled = false
  where streams.version < excluded.version;
  get diagnostics written = row_count;
  return written;
end $$;
