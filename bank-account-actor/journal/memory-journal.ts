import type { StreamId } from '../../domain/ids.ts';
import type { Journal, JournalMark, KnownName, StoredStream, Turn } from './journal.ts';
import type { StreamName, StreamWrite, TurnOutcome } from './journal.ts';

interface Row extends StoredStream {
  readonly due: number | null;
  readonly changedAt: number;
}

const keyOf = ({ stream, name }: StreamName): string => `${stream}\n${name}`;

/** The journal without a database, for tests and simulations; it passes the same contract suite. */
export function memoryJournal(now: () => number = Date.now): Journal {
  const rows = new Map<StreamId, Row>();
  const names = new Map<string, KnownName>();
  let mark: JournalMark | undefined;

  const put = (row: Row): void => void rows.set(row.stream, row);
  const secretAfter = (row: Row | undefined, secret: StreamWrite['secret']) => {
    if (secret === undefined) return row?.secret;
    return secret === 'forget' ? undefined : secret.keep;
  };
  const commit = ({ writes, guards, names: added, unknown }: Turn): TurnOutcome => {
    const expected = [
      ...writes.map(({ stream, expected: version }) => ({ stream, version })),
      ...guards,
    ];
    const overtaken = expected
      .filter(({ stream, version }) => {
        const row = rows.get(stream);
        return (row?.version ?? 0) !== version || row?.quarantine !== undefined;
      })
      .map(({ stream }) => stream);
    if (overtaken.length > 0) return { outcome: 'overtaken', streams: overtaken };
    const known = [...added, ...unknown].flatMap((name) => names.get(keyOf(name)) ?? []);
    if (known.length > 0) return { outcome: 'known', names: known };
    for (const { expected: _expected, secret, ...write } of writes) {
      const row = rows.get(write.stream);
      const kept = { quarantine: row?.quarantine, secret: secretAfter(row, secret) };
      put({ ...write, ...kept, changedAt: now() });
    }
    for (const name of added) names.set(keyOf(name), name);
    return { outcome: 'committed' };
  };

  return {
    load: (streams, asked = []) =>
      Promise.resolve({
        streams: [...new Set(streams)].flatMap((stream) => rows.get(stream) ?? []),
        names: asked.flatMap((name) => names.get(keyOf(name)) ?? []),
      }),
    commit: (turn) => Promise.resolve(commit(structuredClone(turn))),
    settle(streams) {
      for (const { stream, version, digest } of streams) {
        const row = rows.get(stream);
        if (row?.version !== version || row.digest !== digest) continue;
        put({ ...row, logged: version, unlogged: [] });
      }
      return Promise.resolve();
    },
    quarantine(stream, reason) {
      const row = rows.get(stream);
      if (row !== undefined) put({ ...row, quarantine: row.quarantine ?? reason });
      return Promise.resolve();
    },
    quarantined: (limit) =>
      Promise.resolve(
        [...rows.values()]
          .flatMap(({ stream, quarantine: reason }) => (reason ? [{ stream, reason }] : []))
          .slice(0, limit),
      ),
    claimUnsettled(idleMs, limit) {
      const claimed = [...rows.values()]
        .filter(({ version, logged, quarantine, changedAt }) => {
          return logged < version && quarantine === undefined && changedAt <= now() - idleMs;
        })
        .slice(0, limit);
      for (const row of claimed) put({ ...row, changedAt: now() });
      return Promise.resolve(claimed);
    },
    claimDue(at, leaseMs, limit) {
      const claimed = [...rows.values()]
        .filter(({ due }) => due !== null && due <= at)
        .slice(0, limit);
      for (const row of claimed) put({ ...row, due: at + leaseMs });
      return Promise.resolve(claimed.map(({ stream }) => stream));
    },
    mark: () => Promise.resolve(mark),
    setMark(next) {
      mark = next;
      return Promise.resolve();
    },
    restore(streams, added) {
      let written = 0;
      for (const { secret, ...told } of streams) {
        const row = rows.get(told.stream);
        const isSame = row?.version === told.version && row.digest === told.digest;
        if (isSame && row.secret === undefined) put({ ...row, secret });
        if ((row?.version ?? 0) >= told.version) continue;
        const { version: logged } = told;
        const kept = { secret, quarantine: row?.quarantine };
        put({ ...told, logged, unlogged: [], ...kept, changedAt: now() });
        written += 1;
      }
      for (const name of added) {
        if (!names.has(keyOf(name))) names.set(keyOf(name), structuredClone(name));
      }
      return Promise.resolve(written);
    },
  };
}
