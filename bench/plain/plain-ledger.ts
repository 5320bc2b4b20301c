import { createHash, randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import express, { type Express, type Request, type Response } from 'express';
import { Pool } from 'pg';

/**
 * What a good engineer writes in an afternoon: accounts with a balance, entries, keys, one
 * transaction per request. No log, no proofs, no read side. The bench measures it alongside the
 * bank, because it is what the bank has to be worth more than.
 */
const POOL = 16;
const UNIQUE_VIOLATION = '23505';
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const AMOUNT = /^(0|[1-9]\d{0,12})(?:\.(\d{1,2}))?$/;

const SCHEMA = `
create table if not exists accounts (
  id uuid primary key, owner text not null, currency text not null,
  balance bigint not null check (balance >= 0)) with (fillfactor = 70);
create table if not exists entries (
  id bigint generated always as identity primary key, account uuid not null,
  amount bigint not null, balance bigint not null, key text not null,
  at timestamptz not null default now());
create index if not exists entries_of_account on entries (account, id);
create table if not exists idempotency_keys (
  key text primary key, request bytea not null, status int not null, answer text not null);

-- A deposit has no source, a withdrawal no target. Of two that use one new key at the same time the
-- later one fails at the primary key of its last statement, and is asked again.
create or replace function post(
  the_key text, the_request bytea, source uuid, target uuid, units bigint,
  out status int, out answer text) language plpgsql as $$
declare known idempotency_keys; wanted int; present int; left_over bigint; grown bigint;
begin
  select * into known from idempotency_keys where key = the_key;
  if found then
    status := known.status; answer := known.answer;
    if known.request <> the_request then
      status := 422; answer := '{"title":"This key was used for another request"}';
    end if;
    return;
  end if;
  wanted := num_nonnulls(source, target);
  perform from accounts where id in (source, target) order by id for update;
  get diagnostics present = row_count;
  status := 201;
  if present < wanted then
    status := 404; answer := '{"title":"There is no such account"}';
  elsif source is not null then
    update accounts set balance = balance - units where id = source and balance >= units
      returning balance into left_over;
    if not found then
      status := 422; answer := '{"title":"Insufficient funds"}';
    end if;
  end if;
  if status = 201 then
    if target is not null then
      update accounts set balance = balance + units where id = target
        returning balance into grown;
    end if;
    insert into entries (account, amount, balance, key)
      select *, the_key from (values (source, -units, left_over), (target, units, grown))
        legs (account, amount, balance) where account is not null;
    answer := json_build_object('key', the_key, 'from', source, 'to', target,
      'balance', round(coalesce(left_over, grown) / 100.0, 2)::text)::text;
  end if;
  insert into idempotency_keys values (the_key, the_request, status, answer);
end $$;`;

interface Body {
  readonly amount?: unknown;
  readonly fromAccountId?: string;
  readonly toAccountId?: string;
}

/** Hundredths, as text for a bigint; undefined for what is no amount above zero. */
function units(amount: unknown): string | undefined {
  const found = typeof amount === 'string' ? AMOUNT.exec(amount) : null;
  const value = found === null ? 0n : BigInt(`${found[1]}${(found[2] ?? '').padEnd(2, '0')}`);
  return value > 0n ? String(value) : undefined;
}

/** Makes the tables and the app over them. */
export async function plainLedger(pool: Pool): Promise<Express> {
  await pool.query(SCHEMA);
  const post = async (values: readonly unknown[]) => {
    const query = { name: 'post', text: 'select * from post($1, $2, $3, $4, $5)' };
    const { rows } = await pool.query<{ status: number; answer: string }>({
      ...query,
      values: [...values],
    });
    return rows[0] as { status: number; answer: string };
  };
  type Legs = (request: Request<{ id: string }>, body: Body) => readonly (string | undefined)[];
  const moves = (legs: Legs) => async (request: Request<{ id: string }>, response: Response) => {
    const body = request.body as Body;
    const [source, target] = legs(request, body);
    const amount = units(body.amount);
    const valid = [source, target].every((id) => id === undefined || ID.test(id));
    if (amount === undefined || source === target || !valid) {
      response.status(400).json({ title: 'Amount or accounts are not valid' });
      return;
    }
    const key = request.get('idempotency-key') ?? randomUUID();
    const digest = createHash('sha256').update(request.path).update(JSON.stringify(body)).digest();
    const values = [key, digest, source ?? null, target ?? null, amount];
    const again = (error: { code?: string }) => {
      if (error.code === UNIQUE_VIOLATION) return post(values);
      throw error;
    };
    const { status, answer } = await post(values).catch(again);
    response.status(status).type('application/json').send(answer);
  };
  const app = express().disable('x-powered-by').disable('etag').use(express.json());
  app.get('/health', (_request, response) => void response.json({ ok: true }));
  app.post('/v1/accounts', async (request, response) => {
    const { ownerId, currency, initialDeposit = '0' } = request.body as Record<string, string>;
    const accountId = randomUUID();
    const text = 'insert into accounts values ($1, $2, $3, $4)';
    await pool.query(text, [accountId, ownerId, currency, units(initialDeposit) ?? 0]);
    response.status(201).json({ accountId });
  });
  app.post(
    '/v1/accounts/:id/deposits',
    moves(({ params }) => [undefined, params.id]),
  );
  app.post(
    '/v1/accounts/:id/withdrawals',
    moves(({ params }) => [params.id]),
  );
  app.post(
    '/v1/transfers',
    moves((_request, body) => [body.fromAccountId, body.toAccountId]),
  );
  return app;
}

/** Serves it on that loopback port until it is stopped. */
async function serve(port: number, connectionString: string): Promise<Server> {
  const pool = new Pool({ connectionString, max: POOL });
  // A connection that is lost while it is idle is replaced by the pool.
  pool.on('error', () => undefined);
  return (await plainLedger(pool)).listen(port, '127.0.0.1');
}

const { PLAIN_PORT, PLAIN_DATABASE } = process.env;
if (PLAIN_PORT !== undefined && PLAIN_DATABASE !== undefined) {
  void serve(Number(PLAIN_PORT), PLAIN_DATABASE);
}
