-- The journal's tables. Applied by the runtime at every start, as the role that owns them.
create schema if not exists journal;
revoke all on schema journal from public;

create table if not exists journal.streams (
  stream text primary key,
  version bigint not null,
  digest text not null,
  state text not null,
  logged bigint not null,
  -- JSON array of the events after `logged`; nothing for none.
  unlogged text not null,
  -- Epoch milliseconds.
  due bigint,
  quarantine text,
  secret text,
  changed_at timestamptz not null,
  -- Of its own, because an index on what every commit changes would cost each its HOT update.
  unsettled boolean not null
) with (fillfactor = 70);
-- Compressing what is overwritten in a moment costs more than it saves.
alter table journal.streams alter column unlogged set storage external;
create index if not exists streams_unsettled on journal.streams (unsettled) where unsettled;
create index if not exists streams_due on journal.streams (due) where due is not null;
create index if not exists streams_quarantine on journal.streams (stream)
  where quarantine is not null;

-- Command ids and what is begun or ended once: the id is a digest of stream and name.
create table if not exists journal.names (id uuid primary key, version bigint not null);

create table if not exists journal.marks (
  one boolean primary key default true check (one),
  mark jsonb not null
);
