import type { StreamId } from '../domain/ids.ts';
import { NO_HEAD, type Commit, type Journal, type JournalFilling } from './journal.ts';
import type { JournalHead, JournalMark, JournalRow } from './journal.ts';

/** The journal without a database, for tests and simulations; same contract suite. */
export function memoryJournal(): Journal & JournalFilling {
  const rows = new Map<string, JournalRow>();
  const heads = new Map<StreamId, JournalHead>();
  const secrets = new Map<StreamId, string>();
  const listed = new Set<StreamId>();
  let mark: JournalMark | undefined;
  const key = (stream: StreamId, commit: number) => `${stream}.${commit}`;

  return {
    load: (stream) => {
      const head = heads.get(stream) ?? NO_HEAD;
      const found: JournalRow[] = [];
      for (let commit = head.from; ; commit += 1) {
        const row = rows.get(key(stream, commit));
        if (row === undefined) break;
        found.push(structuredClone(row));
      }
      return Promise.resolve({ head, rows: found });
    },
    commit: ({ stream, commit, row, head, newHead, secret }: Commit) => {
      if (rows.has(key(stream, commit))) return Promise.resolve('conflict');
      rows.set(key(stream, commit), structuredClone(row));
      listed.add(stream);
      if (secret === 'forget') secrets.delete(stream);
      else if (secret !== undefined) secrets.set(stream, secret.keep);
      if (newHead !== undefined) {
        heads.set(stream, newHead);
        for (let old = head.first; old < newHead.first; old += 1) rows.delete(key(stream, old));
      }
      return Promise.resolve('committed');
    },
    secrets: (streams) => Promise.resolve(streams.map((stream) => secrets.get(stream))),
    mark: () => Promise.resolve(mark),
    setMark: (next) => {
      mark = next;
      return Promise.resolve();
    },
    areEmpty: (streams) =>
      Promise.resolve(streams.map((stream) => !heads.has(stream) && !rows.has(key(stream, 1)))),
    fill: (filled) => {
      const taken = filled.find(({ stream }) => rows.has(key(stream, 1)));
      if (taken !== undefined) return Promise.resolve('conflict');
      for (const { stream, row } of filled) rows.set(key(stream, 1), structuredClone(row));
      return Promise.resolve('committed');
    },
    keepSecrets: (kept) => {
      for (const [stream, secret] of kept) secrets.set(stream, secret);
      return Promise.resolve();
    },
    unsettled: () => Promise.resolve([...listed]),
    settle: (isSettled) => {
      for (const stream of listed) if (isSettled(stream)) listed.delete(stream);
      return Promise.resolve();
    },
  };
}
