-- All that the role journal may do. Arrays come sorted by stream; every statement that takes more
-- than one lock takes them in that order. Lists of texts are joined with U+001E, which costs less
-- than arrays on both sides (docs/decisions/0003-journal.md).
do $$
declare
  old regprocedure;
begin
  for old in select oid from pg_proc where pronamespace = 'journal'::regnamespace loop
    execute format('drop function %s', old);
  end loop;
end $$;

-- Refuses keys that are wrapped by a retired one (SQLSTATE BK001): nothing is written then. The end
-- of a retirement waits for all that was admitted before, and what comes later sees it. It is the
-- first lock of who calls it.
create function journal.admit_keys(p_changes text[]) returns void
language plpgsql security definer set search_path = journal, pg_temp as $$
declare
  v_ids text[];
begin
  select array_agg(distinct split_part(substr(c.change, 2), '.', 1)) into v_ids
  from unnest(p_changes) as c (change) where left(c.change, 1) = '+';
  if v_ids is null then return; end if;
  perform pg_advisory_xact_lock_shared(1, 1);
  if exists (select from retired_keys r where r.id = any (v_ids)) then
    raise exception 'the key-encryption key was retired' using errcode = 'BK001';
  end if;
end $$;

-- One row 'committed'; or, with nothing written, rows 'overtaken' with a stream, or rows 'known'
-- with the id and the version of a name. SQLSTATE 40001: a rival was first to insert.
create function journal.commit_turn(
  p_streams text, p_expected bigint[], p_versions bigint[], p_digests text, p_states text,
  p_logged bigint[], p_unlogged text, p_due bigint[], p_secrets text,
  p_guards text, p_guard_versions bigint[],
  p_names uuid[], p_name_versions bigint[],
  p_agreed uuid[], p_agreed_versions bigint[], p_unknown uuid[]
) returns table (outcome text, id text, at bigint)
language plpgsql security definer set search_path = journal, pg_temp as $$
declare
  v_streams text[] := string_to_array(p_streams, e'\x1e');
  v_guards text[] := string_to_array(p_guards, e'\x1e');
  v_digests text[];
  v_states text[];
  v_unlogged text[];
  v_secrets text[];
  v_new integer := cardinality(array_positions(p_expected, 0));
  v_rows integer;
  v_known boolean := false;
begin
  -- Few turns keep a key; the others pay for a look at a text.
  if strpos(p_secrets, '+') > 0 then
    perform admit_keys(string_to_array(p_secrets, e'\x1e'));
  end if;

  -- A row that is missing cannot be locked, so its name is: of two turns that find a stream
  -- missing, one to write it and the other to read it, one waits for the other.
  if v_new > 0 or 0 = any (p_guard_versions) then
    perform case when m.writes then pg_advisory_xact_lock(m.key)
                 else pg_advisory_xact_lock_shared(m.key) end
    from (
      select hashtextextended(u.stream, 0) as key, bool_or(u.writes) as writes
      from (
        select w.stream, true from unnest(v_streams, p_expected) as w (stream, version)
        where w.version = 0
        union all
        select g.stream, false from unnest(v_guards, p_guard_versions) as g (stream, version)
        where g.version = 0
      ) as u (stream, writes)
      group by 1 order by 1
    ) as m;
  end if;

  return query
    select 'overtaken', u.stream, null::bigint
    from (
      select w.stream, w.version, true from unnest(v_streams, p_expected) as w (stream, version)
      union all
      select g.stream, g.version, false
      from unnest(v_guards, p_guard_versions) as g (stream, version)
      order by 1
    ) as u (stream, version, writes)
    left join lateral (
      select s.version, s.quarantine from streams s
      where u.writes and s.stream = u.stream for no key update
    ) as w on true
    left join lateral (
      select s.version, s.quarantine from streams s
      where not u.writes and s.stream = u.stream for share
    ) as g on true
    where coalesce(w.version, g.version, 0) <> u.version
      or w.quarantine is not null or g.quarantine is not null;
  if found then return; end if;

  if cardinality(p_names) + cardinality(p_unknown) > 0 then
    return query
      select 'known', n.id::text, n.version from names n where n.id = any (p_names || p_unknown);
    v_known := found;
  end if;

  if cardinality(p_agreed) > 0 then
    return query
      select 'known', n.id::text, n.version
      from unnest(p_agreed, p_agreed_versions) as u (id, version)
      join names n on n.id = u.id and (v_known or n.version <> u.version);
    v_known := v_known or found;
  end if;
  if v_known then return; end if;

  v_digests := string_to_array(p_digests, e'\x1e');
  v_states := string_to_array(p_states, e'\x1e');
  v_unlogged := string_to_array(p_unlogged, e'\x1e');
  v_secrets := string_to_array(p_secrets, e'\x1e');
  if v_new < cardinality(v_streams) then
    update streams s
    set version = u.version, digest = u.digest, state = u.state, logged = u.logged,
      unlogged = coalesce(u.unlogged, ''), unsettled = u.logged < u.version, due = u.due,
      due_claimed = case when s.due = u.due then s.due_claimed else 0 end,
      touched_at = clock_timestamp(), secret = key_after(s.secret, u.secret)
    from unnest(v_streams, p_expected, p_versions, v_digests, v_states, p_logged, v_unlogged,
        p_due, v_secrets)
      as u (stream, expected, version, digest, state, logged, unlogged, due, secret)
    where s.stream = u.stream and u.expected > 0;
  end if;
  if v_new > 0 then
    insert into streams
      (stream, version, digest, state, logged, unlogged, unsettled, due, touched_at, secret)
    select u.stream, u.version, u.digest, u.state, u.logged,
      coalesce(u.unlogged, ''), u.logged < u.version, u.due, clock_timestamp(),
      key_after(null, u.secret)
    from unnest(v_streams, p_expected, p_versions, v_digests, v_states, p_logged, v_unlogged,
        p_due, v_secrets)
      as u (stream, expected, version, digest, state, logged, unlogged, due, secret)
    where u.expected = 0
    on conflict (stream) do nothing;
    get diagnostics v_rows = row_count;
    if v_rows < v_new then
      raise exception 'a rival made one of the streams'
        using errcode = '40001', constraint = 'streams_pkey';
    end if;
  end if;

  -- A rival that is recording the same is waited for.
  if cardinality(p_agreed) > 0 then
    insert into names (id, version)
    select u.id, u.version from unnest(p_agreed, p_agreed_versions) as u (id, version) order by 1
    on conflict do nothing;
    get diagnostics v_rows = row_count;
    if v_rows < cardinality(p_agreed) and exists (
      select from unnest(p_agreed, p_agreed_versions) as u (id, version)
      join names n on n.id = u.id and n.version <> u.version
    ) then
      raise exception 'a rival agreed otherwise' using errcode = '40001', constraint = 'agreed';
    end if;
  end if;

  if cardinality(p_names) > 0 then
    insert into names (id, version)
    select u.id, u.version from unnest(p_names, p_name_versions) as u (id, version) order by 1
    on conflict do nothing;
    get diagnostics v_rows = row_count;
    if v_rows < cardinality(p_names) then
      raise exception 'a rival executed one of the names'
        using errcode = '40001', constraint = 'names_pkey';
    end if;
  end if;
  return query select 'committed', null::text, null::bigint;
end $$;

-- '' stays, '-' is forgotten, '+...' is kept.
create function journal.key_after(p_before text, p_change text) returns text
language sql immutable as $$
  select case left(p_change, 1) when '+' then substr(p_change, 2) when '-' then null
    else p_before end
$$;

-- Rows with a digest are streams; those without are names, with their id in place of the stream.
create function journal.load_streams(p_streams text, p_names uuid[])
returns table (stream text, version bigint, digest text, state text, logged bigint,
  unlogged text, quarantine text, secret text)
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  return query
    select s.stream, s.version, s.digest, s.state, s.logged, s.unlogged, s.quarantine, s.secret
    from streams s where s.stream = any (string_to_array(p_streams, e'\x1e'))
    union all
    select n.id::text, n.version, null, null, null, null, null, null
    from names n where n.id = any (p_names);
end $$;

create function journal.settle(p_streams text, p_versions bigint[], p_digests text) returns void
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  update streams s set logged = s.version, unlogged = '', unsettled = false
  from (
    select l.stream
    from unnest(string_to_array(p_streams, e'\x1e'), p_versions,
        string_to_array(p_digests, e'\x1e')) as u (stream, version, digest)
    cross join lateral (
      select t.stream from streams t
      where t.stream = u.stream and t.version = u.version and t.digest = u.digest and t.unsettled
      for no key update
    ) as l
  ) as exact
  where s.stream = exact.stream;
end $$;

create function journal.quarantine(p_stream text, p_reason text) returns void
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  update streams s set quarantine = p_reason where s.stream = p_stream and s.quarantine is null;
end $$;

create function journal.heads(p_after text, p_limit bigint)
returns table (stream text, version bigint, digest text, quarantined boolean)
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  return query
    select s.stream, s.version, s.digest, s.quarantine is not null
    from streams s where s.stream > p_after order by s.stream limit p_limit;
end $$;

create function journal.quarantined(p_limit bigint) returns table (stream text, reason text)
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  return query
    select s.stream, s.quarantine from streams s where s.quarantine is not null
    order by s.stream limit p_limit;
end $$;

create function journal.claim_unsettled(p_idle_ms bigint, p_limit bigint, p_bytes bigint)
returns table (stream text, version bigint, digest text, state text, logged bigint,
  unlogged text, quarantine text, secret text)
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  return query
    with idle as materialized (
      select s.stream, octet_length(s.state) + octet_length(s.unlogged) as bytes
      from streams s
      where s.unsettled and s.quarantine is null
        -- What is of the future was written before this clock was set back.
        and (s.touched_at <= clock_timestamp() - p_idle_ms * interval '1 ms'
          or s.touched_at > clock_timestamp())
      order by s.stream limit p_limit
      for no key update skip locked
    ), summed as (
      select i.stream, sum(i.bytes) over w as bytes, row_number() over w as nth
      from idle i window w as (order by i.stream)
    )
    update streams s set touched_at = clock_timestamp()
    from summed u where s.stream = u.stream and (u.bytes <= p_bytes or u.nth = 1)
    returning s.stream, s.version, s.digest, s.state, s.logged, s.unlogged, s.quarantine, s.secret;
end $$;

create function journal.claim_due(p_now bigint, p_lease_ms bigint, p_limit bigint)
returns table (stream text)
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  return query
    with ended as materialized (
      select s.stream from streams s
      where s.due <= p_now and s.quarantine is null
        -- A claim that ends later than it could was made by a host whose clock was ahead.
        and (s.due_claimed <= p_now or s.due_claimed > p_now + p_lease_ms)
      order by s.due limit p_limit
      for no key update skip locked
    )
    update streams s set due_claimed = p_now + p_lease_ms
    from ended e where s.stream = e.stream
    returning s.stream;
end $$;

-- The condition is that of the index streams_waiting, word for word.
create function journal.waiting(p_due bigint, p_stream text, p_limit bigint)
returns table (stream text, due bigint, state text)
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  return query
    select s.stream, s.due, s.state from streams s
    where s.due is not null and s.quarantine is null
      and s.stream >= 'approval/' and s.stream < 'approval0'
      and (s.due, s.stream) > (p_due, p_stream)
    order by s.due, s.stream limit p_limit;
end $$;

-- The number of rows written. Of several versions under one name the first counts, as at a commit.
create function journal.restore_streams(
  p_streams text, p_versions bigint[], p_digests text, p_states text, p_due bigint[],
  p_secrets text, p_names uuid[], p_name_versions bigint[]
) returns bigint
language plpgsql security definer set search_path = journal, pg_temp as $$
declare
  v_streams text[] := string_to_array(p_streams, e'\x1e');
  v_digests text[] := string_to_array(p_digests, e'\x1e');
  v_states text[] := string_to_array(p_states, e'\x1e');
  v_secrets text[] := string_to_array(p_secrets, e'\x1e');
  v_inserted bigint;
  v_updated bigint;
  v_keys bigint;
begin
  perform admit_keys(v_secrets);
  -- First what is missing, then what is behind: a row that somebody makes in between is seen.
  insert into streams
    (stream, version, digest, state, logged, unlogged, unsettled, due, touched_at, secret)
  select u.stream, u.version, u.digest, u.state, u.version, '', false, u.due, clock_timestamp(),
    key_after(null, u.secret)
  from unnest(v_streams, p_versions, v_digests, v_states, p_due, v_secrets)
    as u (stream, version, digest, state, due, secret)
  order by 1
  on conflict (stream) do nothing;
  get diagnostics v_inserted = row_count;
  update streams s
  set version = u.version, digest = u.digest, state = u.state, logged = u.version, unlogged = '',
    unsettled = false, due = u.due,
    due_claimed = case when s.due = u.due then s.due_claimed else 0 end,
    touched_at = clock_timestamp(), secret = key_after(s.secret, u.secret)
  from unnest(v_streams, p_versions, v_digests, v_states, p_due, v_secrets)
    as u (stream, version, digest, state, due, secret)
  where s.stream = u.stream and (s.version < u.version or s.digest = '');
  get diagnostics v_updated = row_count;
  -- A key goes whatever the row says; it comes to exactly the row that was looked at.
  update streams s set secret = key_after(s.secret, u.secret)
  from unnest(v_streams, p_versions, v_digests, v_secrets) as u (stream, version, digest, secret)
  where s.stream = u.stream
    and case left(u.secret, 1) when '-' then s.secret is not null
      when '+' then s.secret is null and s.version = u.version and s.digest = u.digest end;
  get diagnostics v_keys = row_count;
  insert into names (id, version)
  select u.id, u.version from unnest(p_names, p_name_versions) as u (id, version) order by 1, 2
  on conflict do nothing;
  return v_inserted + v_updated + v_keys;
end $$;

-- Empties a row that still has this digest, for a restore to fill it from the log; it stays in
-- quarantine and keeps its key. With it go the names that its events executed. False when the row
-- is another one.
create function journal.drop_story(
  p_stream text, p_digest text, p_names uuid[], p_name_versions bigint[]
) returns boolean
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  update streams s
  set version = 1, digest = '', state = '', logged = 0, unlogged = '', unsettled = false,
    due = null, due_claimed = 0, touched_at = clock_timestamp(),
    quarantine = coalesce(s.quarantine, 'its story was dropped, a restore has not ended')
  where s.stream = p_stream and s.digest = p_digest;
  if not found then return false; end if;
  delete from names n using unnest(p_names, p_name_versions) as u (id, version)
  where n.id = u.id and n.version = u.version;
  return true;
end $$;

-- A row that no restore filled is of a stream that the log does not have.
create function journal.release(p_stream text) returns void
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  delete from streams s where s.stream = p_stream and s.digest = '';
  update streams s set quarantine = null where s.stream = p_stream and s.unlogged = '';
end $$;

-- At most so many keys that another one than this has wrapped, in no order.
create function journal.keys_other_than(p_id text, p_limit bigint)
returns table (stream text, secret text)
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  -- Two ranges of the index: with <> all rows would be read.
  return query
    (select s.stream, s.secret from streams s
     where s.secret is not null and split_part(s.secret, '.', 1) collate "C" < p_id
     limit p_limit)
    union all
    (select s.stream, s.secret from streams s
     where s.secret is not null and split_part(s.secret, '.', 1) collate "C" > p_id
     limit p_limit)
    limit p_limit;
end $$;

-- The number of keys that were still what p_before says.
create function journal.replace_keys(p_streams text, p_before text, p_after text) returns bigint
language plpgsql security definer set search_path = journal, pg_temp as $$
declare
  v_after text[] := string_to_array(p_after, e'\x1e');
  v_replaced bigint;
begin
  perform admit_keys(array(select '+' || a from unnest(v_after) as u (a)));
  update streams s set secret = u.after
  from unnest(string_to_array(p_streams, e'\x1e'), string_to_array(p_before, e'\x1e'), v_after)
    as u (stream, before, after)
  where s.stream = u.stream and s.secret = u.before;
  get diagnostics v_replaced = row_count;
  return v_replaced;
end $$;

-- From its end on nothing is written that one of these keys has wrapped.
create function journal.retire_keys(p_ids text) returns void
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  perform pg_advisory_xact_lock(1, 1);
  insert into retired_keys (id) select unnest(string_to_array(p_ids, e'\x1e')) order by 1
  on conflict do nothing;
end $$;

create function journal.get_mark() returns table (state text, at text)
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  return query select m.state, m.at from marks m;
end $$;

-- False when a later mark stands; of one millisecond 'whole' is the later.
create function journal.set_mark(p_state text, p_at text) returns boolean
language plpgsql security definer set search_path = journal, pg_temp as $$
begin
  insert into marks as m (state, at) values (p_state, p_at)
  on conflict (single) do update set state = excluded.state, at = excluded.at
  where (m.at, m.state = 'whole') <= (excluded.at, excluded.state = 'whole');
  return found;
end $$;

revoke all on all functions in schema journal from public;
grant usage on schema journal to journal;
grant execute on all functions in schema journal to journal;
