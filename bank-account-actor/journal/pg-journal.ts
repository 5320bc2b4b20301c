import { DatabaseError, Pool, type QueryResultRow } from 'pg';
import type { JournalHead } from '../../contracts/log/journal-heads.ts';
import type { StreamId } from '../../domain/ids.ts';
import { CLAIM_BYTES_MAX, journalMark, KeyRetired, nameId } from './journal.ts';
import type { ExecutedName, Journal, SecretChange, StoredStream, StreamName } from './journal.ts';
import type { DuePlace, StoredKeys, Turn, TurnOutcome } from './journal.ts';
import { checkRestored, checkTurn, EVENT_END, storableReason, VALUE_END } from './row-check.ts';

const CONNECTIONS_MAX = 8;
/** For a connection, a new one or one that others use: with the next, at most 10 s for a call. */
const CONNECT_MS_MAX = 3_000;
const ANSWER_MS_MAX = 7_000;
/** The server gives up first, so that few statements outlive the call that waits for them. */
const STATEMENT_MS_MAX = 6_000;
/** Of PostgreSQL and of our functions: a rival was first. */
const SERIALIZATION_FAILURE = '40001';
/** Of our functions. */
const KEY_RETIRED = 'BK001';

/** A journal in a database; `end` closes its connections and rejects the calls that still wait. */
export interface PgJournal extends Journal, StoredKeys {
  end(): Promise<void>;
}

interface StreamRow extends QueryResultRow {
  readonly stream: string;
  readonly version: string;
  /** Null in a row that tells of a name. */
  readonly digest: string | null;
  readonly state: string;
  readonly logged: string;
  readonly unlogged: string;
  readonly quarantine: string | null;
  readonly secret: string | null;
}
interface HeadRow extends QueryResultRow, Omit<JournalHead, 'version'> {
  readonly version: string;
}
type Value = string | number;

/**
 * The journal in PostgreSQL, by the functions of journal/functions.sql.
 * @param url of a role that may execute those functions; it needs no other right.
 * @param onIdleError hears of connections that broke while nothing used them.
 */
export function pgJournal(url: string, onIdleError: (error: Error) => void): PgJournal {
  const pool = new Pool({
    connectionString: url,
    application_name: 'bank-account-actor',
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    keepAlive: true,
  });
  pool.on('error', onIdleError);
  // A call that fails closes its connection (pg-pool), so no late answer meets another call.
  const call = async <Row extends QueryResultRow>(
    name: string,
    values: readonly (Value | null)[],
  ): Promise<Row[]> => {
    const places = values.map((_value, at) => `$${at + 1}`).join(', ');
    const text = `select * from journal.${name}(${places})`;
    try {
      return (await pool.query<Row>({ name, text, values: [...values] })).rows;
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== KEY_RETIRED) throw error;
      throw new KeyRetired(error.message, { cause: error });
    }
  };

  return {
    async load(streams, names = []) {
      const asked = new Map(names.map((name) => [nameId(name), name]));
      const rows = await call<StreamRow>('load_streams', [texts(streams), list(asked.keys())]);
      return {
        streams: rows.filter(({ digest }) => digest !== null).map(storedStream),
        names: rows
          .filter(({ digest }) => digest === null)
          .map((row) => executedName(asked, row.stream, row.version)),
      };
    },
    async commit(turn) {
      checkTurn(turn);
      try {
        return turnOutcome(await call<TurnRow>('commit_turn', turnValues(turn)), turn);
      } catch (error) {
        if (!(error instanceof DatabaseError) || error.code !== SERIALIZATION_FAILURE) throw error;
        return { outcome: 'overtaken', streams: insertedStreams(turn, error.constraint) };
      }
    },
    async settle(streams) {
      const rows = sorted(streams);
      await call('settle', [
        texts(rows.map(({ stream }) => stream)),
        list(rows.map(({ version }) => version)),
        texts(rows.map(({ digest }) => digest)),
      ]);
    },
    async quarantine(stream, reason) {
      await call('quarantine', [stream, storableReason(reason)]);
    },
    heads: async (after, limit) =>
      (await call<HeadRow>('heads', [after, limit])).map(({ version, ...head }) => ({
        ...head,
        version: Number(version),
      })),
    quarantined: (limit) => call<{ stream: StreamId; reason: string }>('quarantined', [limit]),
    claimUnsettled: async (idleMs, limit) =>
      (await call<StreamRow>('claim_unsettled', [idleMs, limit, CLAIM_BYTES_MAX])).map(
        storedStream,
      ),
    claimDue: async (now, leaseMs, limit) =>
      (await call<{ stream: StreamId }>('claim_due', [now, leaseMs, limit])).map(
        ({ stream }) => stream,
      ),
    waiting: async (after = BEFORE_ALL, limit) =>
      (await call<WaitingRow>('waiting', [after.due, after.stream, limit])).map(
        ({ due, ...row }) => ({ ...row, due: Number(due) }),
      ),
    async mark() {
      const [row] = await call('get_mark', []);
      return row === undefined ? undefined : journalMark.parse(row);
    },
    async setMark({ state, at }) {
      const [row] = await call<{ set_mark: boolean }>('set_mark', [state, at]);
      if (row?.set_mark !== true) throw new Error('a later mark stands');
    },
    async restore(streams, names) {
      checkRestored(streams);
      const rows = sorted(streams);
      const [answer] = await call<{ restore_streams: string }>('restore_streams', [
        texts(rows.map(({ stream }) => stream)),
        list(rows.map(({ version }) => version)),
        texts(rows.map(({ digest }) => digest)),
        texts(rows.map(({ state }) => state)),
        list(rows.map(({ due }) => due)),
        texts(rows.map(({ secret }) => keyChange(secret))),
        list(names.map(nameId)),
        list(names.map(({ version }) => version)),
      ]);
      return Number(answer?.restore_streams);
    },
    async dropStory(stream, digest, names) {
      const [row] = await call<{ drop_story: boolean }>('drop_story', [
        stream,
        digest,
        list(names.map(nameId)),
        list(names.map(({ version }) => version)),
      ]);
      return row?.drop_story === true;
    },
    async release(stream) {
      await call('release', [stream]);
    },
    keysOtherThan: (id, limit) =>
      call<{ stream: StreamId; secret: string }>('keys_other_than', [id, limit]),
    async retireKeys(ids) {
      await call('retire_keys', [texts(ids)]);
    },
    async replaceKeys(changes) {
      const rows = sorted(changes);
      const [row] = await call<{ replace_keys: string }>('replace_keys', [
        texts(rows.map(({ stream }) => stream)),
        texts(rows.map(({ before }) => before)),
        texts(rows.map(({ after }) => after)),
      ]);
      return Number(row?.replace_keys);
    },
    end: () => pool.end(),
  };
}

type WaitingRow = Readonly<Record<'due' | 'state', string>> & { readonly stream: StreamId };
/** Before every time that a row can have. */
const BEFORE_ALL: DuePlace = { due: -1, stream: '' };

type TurnRow = Readonly<Record<'outcome' | 'id' | 'at', string>>;

/** The parameters of commit_turn, in its order. */
function turnValues({ writes, guards, names, agreed, unknown }: Turn): Value[] {
  const rows = sorted(writes);
  const read = sorted(guards);
  return [
    texts(rows.map(({ stream }) => stream)),
    list(rows.map(({ expected }) => expected)),
    list(rows.map(({ version }) => version)),
    texts(rows.map(({ digest }) => digest)),
    texts(rows.map(({ state }) => state)),
    list(rows.map(({ logged }) => logged)),
    texts(rows.map(({ unlogged }) => unlogged.join(EVENT_END))),
    list(rows.map(({ due }) => due)),
    texts(rows.map(({ secret }) => keyChange(secret))),
    texts(read.map(({ stream }) => stream)),
    list(read.map(({ version }) => version)),
    list(names.map(nameId)),
    list(names.map(({ version }) => version)),
    list(agreed.map(nameId)),
    list(agreed.map(({ version }) => version)),
    list(unknown.map(nameId)),
  ];
}

function turnOutcome(rows: readonly TurnRow[], turn: Turn): TurnOutcome {
  const outcome = rows[0]?.outcome;
  switch (outcome) {
    case 'committed':
      return { outcome };
    case 'overtaken':
      return { outcome, streams: rows.map(({ id }) => id as StreamId) };
    case 'known': {
      const asked = new Map(
        [...turn.names, ...turn.agreed, ...turn.unknown].map((name) => [nameId(name), name]),
      );
      return { outcome, names: rows.map(({ id, at }) => executedName(asked, id, at)) };
    }
    default:
      throw new Error(`commit_turn answers ${outcome}`);
  }
}

/** Those of which a rival may have made one at the same time: load them again. */
const insertedStreams = (turn: Turn, constraint: string | undefined): StreamId[] => {
  switch (constraint) {
    case 'names_pkey':
      return [...new Set(turn.names.map(({ stream }) => stream))];
    case 'agreed':
      return [];
    default:
      return turn.writes.filter(({ expected }) => expected === 0).map(({ stream }) => stream);
  }
};

const sorted = <Row extends { readonly stream: StreamId }>(rows: readonly Row[]): Row[] =>
  [...rows].sort((a, b) => (a.stream < b.stream ? -1 : 1));
const texts = (values: readonly string[]): string => values.join(VALUE_END);
const list = (values: Iterable<Value | null>): string =>
  `{${Array.from(values, (value) => value ?? 'NULL').join()}}`;
const keyChange = (change: SecretChange | undefined): string =>
  change === undefined ? '' : change === 'forget' ? '-' : `+${change.keep}`;

const storedStream = (row: StreamRow): StoredStream => ({
  stream: row.stream as StreamId,
  version: Number(row.version),
  digest: row.digest ?? '',
  state: row.state,
  logged: Number(row.logged),
  unlogged: row.unlogged === '' ? [] : row.unlogged.split(EVENT_END),
  ...(row.quarantine === null ? {} : { quarantine: row.quarantine }),
  ...(row.secret === null ? {} : { secret: row.secret }),
});

function executedName(
  asked: ReadonlyMap<string, StreamName>,
  id: string,
  version: string,
): ExecutedName {
  const name = asked.get(id);
  if (name === undefined) throw new Error(`the journal tells of ${id}, which nobody asked for`);
  return { ...name, version: Number(version) };
}
