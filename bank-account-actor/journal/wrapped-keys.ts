import type { StreamId } from '../../domain/ids.ts';
import type { KeyRing, KeyRingSource } from '../../platform/key-ring.ts';
import type { Journal, SecretChange, StoredKeys, StoredStream } from './journal.ts';

const PAGE_KEYS = 200;

/** A journal whose rows hold the keys of persons wrapped; who uses it sees them in clear. */
export interface WrappedKeys {
  readonly journal: Journal;
  /**
   * Reads the ring again. Rejects with KeysUnavailable when it lacks a key that the first rows
   * need.
   */
  readonly check: () => Promise<KeyRing>;
  /**
   * Wraps every key by the current key of the ring, as it is now; returns how many were wrapped by
   * an older one.
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

  const rewrap = async (): Promise<number> => {
    const { currentPrefix, wrap, unwrap } = await reload();
    for (let [after, replaced] = ['', 0]; ;) {
      const page = await journal.keysOtherThan(currentPrefix, after, PAGE_KEYS);
      if (page.length === 0) return replaced;
      const changes = page.map(({ stream, secret }) => ({
        stream,
        before: secret,
        after: wrap(stream, unwrap(stream, secret)),
      }));
      replaced += await journal.replaceKeys(changes);
      after = page.at(-1)!.stream;
    }
  };

  return {
    check: async () => {
      const known = await reload();
      const page = await journal.keysOtherThan(known.currentPrefix, '', PAGE_KEYS);
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
      commit: async (turn) => journal.commit({ ...turn, writes: await wrapped(turn.writes) }),
      claimUnsettled: async (idleMs, limit) => opened(await journal.claimUnsettled(idleMs, limit)),
      restore: async (streams, names) => journal.restore(await wrapped(streams), names),
    },
  };
}
