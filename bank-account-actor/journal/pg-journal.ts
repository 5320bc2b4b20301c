import { createHash } from 'node:crypto';
import pg from 'pg';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import type { StreamId } from '../../domain/ids.ts';
import { JournalRefused, journalMark } from './journal.ts';
import type { Journal, StoredStream, StreamName } from './journal.ts';
import type { StreamWrite, Turn, TurnOutcome } from './journal.ts';

const CONNECTIONS_MAX = 8;
const CONNECT_MS_MAX = 2_000;
const ANSWER_MS_MAX = 10_000;
/** PostgreSQL gives up before its client does, so that few outcomes stay unknown. */
const STATEMENT_MS_MAX = 8_000;
/** Serialization failure, which the functions raise, and a deadlock: nothing was written. */
const OVERTAKEN = new Set(['40001', '40P01']);
/** Data exceptions and limits of the program: it will never be written as it is. */
const REFUSED = /^(?:22|54)/;

interface Row {
  readonly stream: StreamId | null;
  readonly version: string;
  readonly digest: string;
  readonly state: string;
  readonly logged: string;
  readonly unlogged: string;
  readonly quarantine: string | null;
  readonly secret: string | null;
  readonly name: string | null;
}

export type PgJournal = Journal & { close(): Promise<void> };

/**
 * The journal in PostgreSQL, reached by the functions of functions.sql and nothing else. `url` is a
 * secret. A call without an answer in time rejects and its connection is dropped.
 */
export function pgJournal(url: string): PgJournal {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  });
  // A connection that dies while nobody uses it is replaced when it is needed.
  pool.on('error', () => undefined);

  const call = async <Result extends pg.QueryResultRow>(
    name: string,
    values: readonly unknown[],
  ): Promise<Result[]> => {
    const places = values.map((_value, index) => `$${index + 1}`).join(',');
    const client = await pool.connect();
    try {
      const text = `select * from journal.${name}(${places})`;
      const { rows } = await client.query<Result>({ name, text, values: [...values] });
      client.release();
      return rows;
    } catch (error) {
      // One that PostgreSQL answered is in order; any other may still be at work.
      client.release(error instanceof pg.DatabaseError ? undefined : true);
      throw error;
    }
  };

  return {
    async load(streams, names = []) {
      const ids = new Map(names.map((name) => [idOf(name), name]));
      const asked = [texts([...new Set(streams)]), plain([...ids.keys()])];
      const rows = await call<Row>('load_streams', asked);
      return {
        streams: rows.filter(({ stream }) => stream !== null).map(storedOf),
        names: rows.flatMap(({ name, version }) => {
          return name === null ? [] : [{ ...ids.get(name)!, version: Number(version) }];
        }),
      };
    },
    commit: (turn) => commit(turn, call),
    async settle(streams) {
      await call('settle', [
        texts(streams.map(({ stream }) => stream)),
        plain(streams.map(({ version }) => version)),
        texts(streams.map(({ digest }) => digest)),
      ]);
    },
    async quarantine(stream, reason) {
      await call('quarantine', [stream, reason]);
    },
    quarantined: (limit) => call('quarantined', [limit]),
    async claimUnsettled(idleMs, limit) {
      return (await call<Row>('claim_unsettled', [idleMs, limit])).map(storedOf);
    },
    async claimDue(now, leaseMs, limit) {
      const rows = await call<{ stream: StreamId }>('claim_due', [now, leaseMs, limit]);
      return rows.map(({ stream }) => stream);
    },
    async mark() {
      const [row] = await call<{ get_mark: unknown }>('get_mark', []);
      const mark = row?.get_mark ?? undefined;
      return mark === undefined ? undefined : journalMark.parse(mark);
    },
    async setMark(mark) {
      await call('set_mark', [JSON.stringify(mark)]);
    },
    async restore(streams, names) {
      const [row] = await call<{ restore_streams: string }>('restore_streams', [
        texts(streams.map(({ stream }) => stream)),
        plain(streams.map(({ version }) => version)),
        texts(streams.map(({ digest }) => digest)),
        texts(streams.map(({ state }) => state)),
        plain(streams.map(({ due }) => due)),
        texts(streams.map(({ secret }) => secret ?? null)),
        plain(names.map(idOf)),
        plain(names.map(({ version }) => version)),
      ]);
      return Number(row?.restore_streams ?? 0);
    },
    close: () => pool.end(),
  };
}

type Call = <Result extends pg.QueryResultRow>(
  name: string,
  values: readonly unknown[],
) => Promise<Result[]>;

async function commit({ writes, guards, names, unknown }: Turn, call: Call): Promise<TurnOutcome> {
  const ids = new Map<string, StreamName>([...names, ...unknown].map((name) => [idOf(name), name]));
  const of = <Value>(member: (write: StreamWrite) => Value): Value[] => writes.map(member);
  try {
    const rows = await call<{ kind: 'overtaken' | 'known'; id: string; at: string }>(
      'commit_turn',
      [
        texts(of(({ stream }) => stream)),
        plain(of(({ expected }) => expected)),
        plain(of(({ version }) => version)),
        texts(of(({ digest }) => digest)),
        texts(of(({ state }) => state)),
        plain(of(({ logged }) => logged)),
        texts(of(({ unlogged }) => `[${unlogged.join(',')}]`)),
        plain(of(({ due }) => due)),
        texts(of(({ secret }) => secretText(secret))),
        texts(guards.map(({ stream }) => stream)),
        plain(guards.map(({ version }) => version)),
        plain(names.map(idOf)),
        plain(names.map(({ version }) => version)),
        plain(unknown.map(idOf)),
      ],
    );
    const [first] = rows;
    if (first === undefined) return { outcome: 'committed' };
    if (first.kind === 'overtaken') {
      return { outcome: 'overtaken', streams: rows.map(({ id }) => id as StreamId) };
    }
    const known = rows.map(({ id, at }) => ({ ...ids.get(id)!, version: Number(at) }));
    return { outcome: 'known', names: known };
  } catch (error) {
    const code = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
    if (OVERTAKEN.has(code)) return { outcome: 'overtaken', streams: of(({ stream }) => stream) };
    if (REFUSED.test(code)) throw new JournalRefused(`the journal refuses it: ${code}`);
    throw error;
  }
}

const secretText = (secret: StreamWrite['secret']): string | null => {
  if (secret === undefined) return null;
  return secret === 'forget' ? '' : secret.keep;
};

/**
 * An array as PostgreSQL reads it, of texts without control characters, as all JSON and all names
 * here are: then JSON's own quoting is the array's too. The driver's costs a fifth of the host.
 */
const texts = (values: readonly (string | null)[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : JSON.stringify(value))).join(',')}}`;
/** The same of numbers and UUIDs. */
const plain = (values: readonly (string | number | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;

/** The first 128 bits of a SHA-256, as PostgreSQL writes a UUID. */
function idOf({ stream, name }: StreamName): string {
  const hex = createHash('sha256').update(`${stream}\n${name}`).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return `${parts.join('-')}-${hex.slice(20, 32)}`;
}

function storedOf(row: Row): StoredStream {
  const { version, logged, unlogged, quarantine, secret, digest, state } = row;
  return {
    stream: row.stream!,
    version: Number(version),
    digest,
    state,
    logged: Number(logged),
    unlogged: unlogged === '' ? [] : (JSON.parse(unlogged) as object[]).map(canonicalJson),
    ...(quarantine === null ? {} : { quarantine }),
    ...(secret === null ? {} : { secret }),
  };
}
