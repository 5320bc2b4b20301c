-- The journal's tables (docs/decisions/0003-journal.md). runtime/programs/journal-database.ts applies
-- this file and functions.sql as the role journal_owner, in its schema journal; applying it again
-- changes nothing.
create table if not exists journal.streams (
  stream text collate "C" primary key,
  version bigint not null check (version >= 1),
  digest text not null,
  -- Text, not jsonb: nothing here looks into it, so nobody should pay for parsing it.
  state text not null,
  logged bigint not null check (logged between 0 and version),
  -- One event a line, oldest first; events are JSON, which has no raw line end.
  unlogged text not null,
  unsettled boolean not null,
  due bigint,
  due_claimed bigint not null default 0,
  touched_at timestamptz not null,
  quarantine text,
  -- The key of a person, wrapped by a key that is not in this database.
  secret text
) with (fillfactor = 70);

-- A busy stream stays unsettled from commit to commit, so none of the indexed columns changes and
-- its next version finds room in the same page without a write to any index (HOT).
create index if not exists streams_unsettled on journal.streams (stream)
  where unsettled and quarantine is null;
create index if not exists streams_due on journal.streams (due)
  where due is not null and quarantine is null;
create index if not exists streams_waiting on journal.streams (due, stream)
  where due is not null and quarantine is null
    and stream >= 'approval/' and stream < 'approval0';
-- By the id of the wrapping key, so that a host's start finds at once that none has another one. A
-- commit that leaves the key as it is writes nothing to it.
create index if not exists streams_key_ids
  on journal.streams ((split_part(secret, '.', 1) collate "C"))
  where secret is not null;
create index if not exists streams_quarantined on journal.streams (stream)
  where quarantine is not null;

-- Half a SHA-256 of stream and name: what was executed once, for ever.
create table if not exists journal.names (
  id uuid primary key,
  version bigint not null
);

-- Ids of keys that wrap nothing any more: a host that hung and still has one is refused.
create table if not exists journal.retired_keys (
  id text collate "C" primary key
);

create table if not exists journal.marks (
  single boolean primary key default true check (single),
  state text not null,
  at text collate "C" not null
);
