import type { StreamId } from '../../domain/ids.ts';
import { CLAIM_BYTES_MAX, KeyRetired, nameId, rowBytes, wrappingKey } from './journal.ts';
import type { ExecutedName, Journal, JournalMark, SecretChange, SettledStream } from './journal.ts';
import type { StoredKeys } from './journal.ts';
import type { RestoredStream, StoredStream, StreamName, StreamWrite } from './journal.ts';
import type { DuePlace, Turn, TurnOutcome, WaitingStream } from './journal.ts';
import { checkRestored, checkTurn, storableReason } from './row-check.ts';

interface Row {
  readonly stored: StoredStream;
  readonly due: number | null;
  /** Epoch ms of the last write or claim, by `now`. */
  readonly touchedAt: number;
  /** Epoch ms until which the due time is claimed, by the clocks of the claiming hosts. */
  readonly dueClaimed: number;
}

/**
 * The journal without a database, for tests and simulations; it passes the same contract suite. Its
 * only clock is `now` (epoch ms), and each call is done before it returns its promise.
 */
export function memoryJournal(now: () => number = Date.now): Journal & StoredKeys {
  const rows = new Map<StreamId, Row>();
  const names = new Map<string, number>();
  const retired = new Set<string>();
  let mark: JournalMark | undefined;

  const known = (asked: readonly StreamName[]): ExecutedName[] =>
    asked.flatMap(({ stream, name }) => {
      const version = names.get(nameId({ stream, name }));
      return version === undefined ? [] : [{ stream, name, version }];
    });
  const standsAt = (stream: StreamId, version: number): boolean => {
    const stored = rows.get(stream)?.stored;
    return (stored?.version ?? 0) === version && stored?.quarantine === undefined;
  };
  const open = (): Row[] =>
    [...rows.values()]
      .filter(({ stored }) => stored.quarantine === undefined)
      .sort((a, b) => (a.stored.stream < b.stored.stream ? -1 : 1));
  const write = (made: Omit<StreamWrite, 'expected'>): void => {
    const { stream, version, digest, state, logged, unlogged, due, secret } = made;
    const before = rows.get(stream);
    const quarantine = before?.stored.quarantine;
    const key = keyAfter(before?.stored.secret, secret);
    rows.set(stream, {
      stored: {
        stream,
        version,
        digest,
        state,
        logged,
        unlogged: [...unlogged],
        ...(quarantine === undefined ? {} : { quarantine }),
        ...(key === undefined ? {} : { secret: key }),
      },
      due,
      touchedAt: now(),
      dueClaimed: before?.due === due ? before.dueClaimed : 0,
    });
  };
  const admitKeys = (changes: readonly (SecretChange | undefined)[]): void => {
    for (const change of changes) {
      if (typeof change !== 'object' || !retired.has(wrappingKey(change.keep))) continue;
      throw new KeyRetired('the key-encryption key was retired');
    }
  };
  const commit = (turn: Turn): TurnOutcome => {
    checkTurn(turn);
    admitKeys(turn.writes.map(({ secret }) => secret));
    const read = [
      ...turn.writes.map(({ stream, expected }) => ({ stream, version: expected })),
      ...turn.guards,
    ];
    const overtaken = read.filter(({ stream, version }) => !standsAt(stream, version));
    if (overtaken.length > 0) {
      return { outcome: 'overtaken', streams: overtaken.map(({ stream }) => stream) };
    }
    const before = known([...turn.names, ...turn.unknown]);
    const isOther = ({ version, ...name }: ExecutedName): boolean =>
      names.get(nameId(name)) !== version;
    const agreed = turn.agreed.filter((name) => before.length > 0 || isOther(name));
    const executed = [...before, ...known(agreed)];
    if (executed.length > 0) return { outcome: 'known', names: executed };
    for (const made of turn.writes) write(made);
    for (const name of [...turn.names, ...turn.agreed]) names.set(nameId(name), name.version);
    return { outcome: 'committed' };
  };
  const settle = ({ stream, version, digest }: SettledStream): void => {
    const row = rows.get(stream);
    if (row?.stored.version !== version || row.stored.digest !== digest) return;
    rows.set(stream, { ...row, stored: { ...row.stored, logged: version, unlogged: [] } });
  };
  const claimUnsettled = (idleMs: number, limit: number): StoredStream[] => {
    const at = now();
    const claimed: StoredStream[] = [];
    let bytes = 0;
    for (const row of open()) {
      const { stored, touchedAt } = row;
      const isIdle = touchedAt <= at - idleMs || touchedAt > at;
      if (stored.logged === stored.version || !isIdle) continue;
      bytes += rowBytes(stored);
      if (claimed.length === limit || (claimed.length > 0 && bytes > CLAIM_BYTES_MAX)) break;
      rows.set(stored.stream, { ...row, touchedAt: at });
      claimed.push(stored);
    }
    return claimed;
  };
  const claimDue = (at: number, leaseMs: number, limit: number): StreamId[] => {
    const dueAt = ({ due }: Row): number => due ?? Infinity;
    const isFree = ({ dueClaimed }: Row): boolean => dueClaimed <= at || dueClaimed > at + leaseMs;
    const claimed = open()
      .filter((row) => dueAt(row) <= at && isFree(row))
      .sort((a, b) => dueAt(a) - dueAt(b))
      .slice(0, limit);
    for (const row of claimed) rows.set(row.stored.stream, { ...row, dueClaimed: at + leaseMs });
    return claimed.map(({ stored }) => stored.stream);
  };
  const waiting = (after: DuePlace | undefined, limit: number): WaitingStream[] =>
    open()
      .flatMap(({ due, stored: { stream, state } }) =>
        due === null || !stream.startsWith('approval/') ? [] : [{ stream, due, state }],
      )
      .filter((one) => after === undefined || byDue(one, after) > 0)
      .sort(byDue)
      .slice(0, limit);
  const restore = (restored: readonly RestoredStream[], told: readonly ExecutedName[]): number => {
    checkRestored(restored);
    admitKeys(restored.map(({ secret }) => secret));
    const newer = restored.filter((row) => isForward(rows.get(row.stream)?.stored, row));
    for (const row of newer) write({ ...row, logged: row.version, unlogged: [] });
    const changed = restored.filter((made) => {
      const row = rows.get(made.stream)!;
      const { secret, ...keyless } = row.stored;
      const { version, digest } = row.stored;
      const isSame = version === made.version && digest === made.digest;
      const forgets = made.secret === 'forget' && secret !== undefined;
      const keeps = typeof made.secret === 'object' && secret === undefined && isSame;
      const key = keyAfter(secret, made.secret);
      if (!forgets && !keeps) return false;
      rows.set(made.stream, {
        ...row,
        stored: { ...keyless, ...(key === undefined ? {} : { secret: key }) },
      });
      return true;
    });
    for (const name of told) {
      if (!names.has(nameId(name))) names.set(nameId(name), name.version);
    }
    return newer.length + changed.length;
  };
  const dropStory = (stream: StreamId, digest: string, gone: readonly ExecutedName[]): boolean => {
    const stored = rows.get(stream)?.stored;
    if (stored?.digest !== digest) return false;
    const quarantine = stored.quarantine ?? 'its story was dropped, a restore has not ended';
    const empty = { version: 1, digest: '', state: '', logged: 0, unlogged: [], quarantine };
    const touchedAt = now();
    rows.set(stream, { stored: { ...stored, ...empty }, due: null, touchedAt, dueClaimed: 0 });
    for (const name of gone) {
      if (names.get(nameId(name)) === name.version) names.delete(nameId(name));
    }
    return true;
  };
  const release = (stream: StreamId): void => {
    const row = rows.get(stream);
    if (row === undefined || row.stored.unlogged.length > 0) return;
    const { quarantine: _ended, ...stored } = row.stored;
    if (stored.digest === '') rows.delete(stream);
    else rows.set(stream, { ...row, stored });
  };

  const replaceKey = (change: Parameters<StoredKeys['replaceKeys']>[0][number]): boolean => {
    const row = rows.get(change.stream);
    if (row?.stored.secret !== change.before) return false;
    rows.set(change.stream, { ...row, stored: { ...row.stored, secret: change.after } });
    return true;
  };

  return {
    load: async (streams, asked = []) => ({
      streams: [...new Set(streams)].flatMap((stream) => rows.get(stream)?.stored ?? []),
      names: known(asked),
    }),
    commit: async (turn) => commit(turn),
    settle: async (streams) => streams.forEach(settle),
    quarantine: async (stream, reason) => {
      const row = rows.get(stream);
      if (row === undefined || row.stored.quarantine !== undefined) return;
      rows.set(stream, { ...row, stored: { ...row.stored, quarantine: storableReason(reason) } });
    },
    heads: async (after, limit) =>
      [...rows.values()]
        .map(({ stored: { stream, version, digest, quarantine } }) => ({
          stream,
          version,
          digest,
          quarantined: quarantine !== undefined,
        }))
        .filter(({ stream }) => stream > after)
        .sort((a, b) => (a.stream < b.stream ? -1 : 1))
        .slice(0, limit),
    quarantined: async (limit) =>
      [...rows.values()]
        .flatMap(({ stored: { stream, quarantine } }) =>
          quarantine === undefined ? [] : [{ stream, reason: quarantine }],
        )
        .sort((a, b) => (a.stream < b.stream ? -1 : 1))
        .slice(0, limit),
    claimUnsettled: async (idleMs, limit) => claimUnsettled(idleMs, limit),
    claimDue: async (at, leaseMs, limit) => claimDue(at, leaseMs, limit),
    waiting: async (after, limit) => waiting(after, limit),
    mark: async () => mark,
    setMark: async (next) => {
      if (mark !== undefined && isBefore(next, mark)) throw new Error('a later mark stands');
      mark = next;
    },
    restore: async (streams, told) => restore(streams, told),
    dropStory: async (stream, digest, gone) => dropStory(stream, digest, gone),
    release: async (stream) => release(stream),
    keysOtherThan: async (id, limit) =>
      [...rows.values()]
        .flatMap(({ stored: { stream, secret } }) =>
          secret === undefined || wrappingKey(secret) === id ? [] : [{ stream, secret }],
        )
        .slice(0, limit),
    retireKeys: async (ids) => ids.forEach((id) => retired.add(id)),
    replaceKeys: async (changes) => {
      admitKeys(changes.map(({ after }) => ({ keep: after })));
      return changes.filter(replaceKey).length;
    },
  };
}

const byDue = (one: DuePlace, other: DuePlace): number =>
  one.due - other.due || (one.stream < other.stream ? -1 : one.stream > other.stream ? 1 : 0);

const keyAfter = (key: string | undefined, change: SecretChange | undefined): string | undefined =>
  change === undefined ? key : change === 'forget' ? undefined : change.keep;

const isForward = (stored: StoredStream | undefined, row: RestoredStream): boolean =>
  stored === undefined || stored.version < row.version || stored.digest === '';

// Of one millisecond the end of a restore is the later.
const isBefore = (a: JournalMark, b: JournalMark): boolean =>
  a.at < b.at || (a.at === b.at && a.state === 'restoring' && b.state === 'whole');
