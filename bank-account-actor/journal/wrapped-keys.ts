import type { StreamId } from '../../domain/ids.ts';
import type { KeyRing, KeyRingSource } from '../../platform/key-ring.ts';
import { KeyRetired } from './journal.ts';
import type { Journal, SecretChange, StoredKeys, StoredStream } from './journal.ts';

const PAGE_KEYS = 200;
/** Of one call, so that it is answered in time. */
const REWRAP_PAGES_MAX = 50;

/** A journal whose rows hold the keys of persons wrapped; who uses it sees them in clear. */
export interface WrappedKeys {
  readonly journal: Journal;
  /**
   * Reads the ring again. Rejects with KeysUnavailable when it lacks a key that the first rows
   * need.
   */
  readonly check: () => Promise<KeyRing>;
  /**
   * Has all hosts refused that still write keys wrapped by an older key of the ring, as it is now,
   * and wraps up to 10,000 keys by the current one; returns how many, 0 when none is left.
   */
  readonly rewrap: () => Promise<number>;
}

/**
 * Puts the ring between a journal and its user. The ring is read at the first call, and again when
 * a row names a key that it lacks: another host may have begun to wrap with a newer one. Calls
 * that meet a key which nobody has reject with KeysUnavailable, and with it anyone who waits for
 * them: a person whose key cannot be unwrapped must not be taken for one who was erased.
 */
export function withWrappedKeys(journal: Journal & StoredKeys, source: KeyRingSource): WrappedKeys {
  let ring: KeyRing | undefined;
  const reload = async (): Promise<KeyRing> => (ring = await source());

  const opened = async (rows: readonly StoredStream[]): Promise<StoredStream[]> => {
    if (rows.every(({ secret }) => secret === undefined)) return [...rows];
    const open = ({ unwrap }: KeyRing): StoredStream[] =>
      rows.map((row) => {
        if (row.secret === undefined) return row;
        return { ...row, secret: unwrap(row.stream, row.secret) };
      });
    const known = ring ?? (await reload());
    try {
      return open(known);
    } catch {
      return open(await reload());
    }
  };
  const wrapped = async <Row extends { stream: StreamId; secret?: SecretChange }>(
    rows: readonly Row[],
  ): Promise<readonly Row[]> => {
    const keeps = ({ secret }: Row): boolean => typeof secret === 'object';
    if (!rows.some(keeps)) return rows;
    const { wrap } = ring ?? (await reload());
    return rows.map((row) => {
      if (typeof row.secret !== 'object') return row;
      return { ...row, secret: { keep: wrap(row.stream, row.secret.keep) } };
    });
  };

  /**
   * Another host may have retired the key with which this one still wraps, however long it hung in
   * between: then the ring in its place has a newer one.
   */
  const written = async <Row extends { stream: StreamId; secret?: SecretChange }, Answer>(
    rows: readonly Row[],
    write: (rows: readonly Row[]) => Promise<Answer>,
  ): Promise<Answer> => {
    const texts = await wrapped(rows);
    try {
      return await write(texts);
    } catch (error) {
      if (!(error instanceof KeyRetired)) throw error;
      await reload();
      return write(await wrapped(rows));
    }
  };

  const rewrap = async (): Promise<number> => {
    const { current, others, wrap, unwrap } = await reload();
    await journal.retireKeys(others);
    let replaced = 0;
    for (let pages = 0; pages < REWRAP_PAGES_MAX; pages += 1) {
      const page = await journal.keysOtherThan(current, PAGE_KEYS);
      if (page.length === 0) break;
      const changes = page.map(({ stream, secret }) => ({
        stream,
        before: secret,
        after: wrap(stream, unwrap(stream, secret)),
      }));
      replaced += await journal.replaceKeys(changes);
    }
    return replaced;
  };

  return {
    check: async () => {
      const known = await reload();
      const page = await journal.keysOtherThan(known.current, PAGE_KEYS);
      for (const { stream, secret } of page) known.unwrap(stream, secret);
      return known;
    },
    rewrap,
    journal: {
      ...journal,
      async load(streams, names) {
        const found = await journal.load(streams, names);
        return { ...found, streams: await opened(found.streams) };
      },
      commit: (turn) => written(turn.writes, (writes) => journal.commit({ ...turn, writes })),
      claimUnsettled: async (idleMs, limit) => opened(await journal.claimUnsettled(idleMs, limit)),
      restore: (streams, names) => written(streams, (rows) => journal.restore(rows, names)),
    },
  };
}
