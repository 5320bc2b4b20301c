import {
  accountOfStream,
  defined,
  movementOfLogged,
  SHOWN,
  type EventMember,
  type LoggedEvent,
} from '../../contracts/account/events.ts';
import type {
  HistoryEntry,
  Checkpoint,
  SetAsideModel,
} from '../../contracts/account/read-models.ts';
import { type PositionedAccountEvent, isOfAccount } from '../../contracts/log/topics.ts';
import { formatAmount, minor, ZERO, type Minor } from '../../domain/money.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { crashPoint } from '../../platform/crash-points.ts';
import { isReadable, type LogEntry, type Projection } from '../follower/projection.ts';
import { faultAt, faultOf, UNREADABLE, type SetAside } from '../follower/set-aside.ts';
import { type HistoryLine, BEGINNING, type HistoryStore } from '../read-store/read-store.ts';
import { listWriter } from './list-writer.ts';

type Shown = {
  [Name in EventMember]: (typeof SHOWN)[Name]['history'] extends true ? Name : never;
}[EventMember];
/** A member that history shows compiles only with a schema in the line. */
type ShownMembers = Partial<Pick<HistoryEntry, Shown>>;

function shownMembers({ data }: LoggedEvent): ShownMembers {
  const members = Object.entries(data).filter(([name]) => SHOWN[name as EventMember].history);
  return Object.fromEntries(members) as ShownMembers;
}

const abs = (units: Minor): Minor => (units < ZERO ? minor(-units) : units);

/** The line of an event in the history of its account. */
export function historyLine({ event, position }: PositionedAccountEvent): HistoryLine {
  const { ledger } = movementOfLogged(event);
  const { currency, balance: balanceAfter } = event.data;
  // What is set aside moves no money yet, so its line shows how much it is about.
  const about = 'amount' in event.data ? event.data.amount : formatAmount(ZERO, currency);
  const entry = defined({
    version: event.version,
    type: event.type,
    direction: ledger > ZERO ? 'credit' : ledger < ZERO ? 'debit' : 'none',
    amount: ledger === ZERO ? about : formatAmount(abs(ledger), currency),
    currency,
    balanceAfter,
    ...shownMembers(event),
    commandId: event.commandId,
    by: event.by,
    approvedBy: event.approvedBy,
    causationId: event.causationId,
    eventId: event.id,
    at: event.at,
    position,
  } as const);
  return { accountId: accountOfStream(event.stream), entry };
}

/** The checkpoint is written at least this often while events come. */
const CHECKPOINT_EVERY_MS = 500;
/** The checkpoint is written at least once in this many events. */
const CHECKPOINT_EVERY_EVENTS = 1_000;
const VERSIONS_REMEMBERED = 100_000;

/** Where the projection writes. */
export interface HistoryStores {
  readonly history: HistoryStore;
  readonly setAside: SetAside;
  readonly now?: () => number;
}

/**
 * Writes one line per event. The checkpoint follows a little later: what is applied again after a
 * crash is already there and stays as it is. An event that makes no line, or does not follow the
 * previous one, is set aside; the other lines of its account are written all the same.
 */
export function historyProjection({
  history: store,
  setAside,
  now = () => performance.now(),
}: HistoryStores): Projection {
  const versions = boundedMap<string, number>(VERSIONS_REMEMBERED);
  const lists = listWriter(store);
  let reached = BEGINNING;
  let saved = reached;
  let savedAt = now();

  const save = async (): Promise<void> => {
    if (reached.position === saved.position) return;
    crashPoint('projection:before-checkpoint');
    const checkpoint: Checkpoint = reached;
    await store.saveCheckpoint(checkpoint);
    saved = checkpoint;
    savedAt = now();
  };

  const project = (entries: readonly LogEntry[]) => {
    const next = new Map<string, number>();
    const lines: HistoryLine[] = [];
    const faults: SetAsideModel[] = [];
    const told: PositionedAccountEvent[] = [];
    for (const entry of entries) {
      if (!isReadable(entry)) faults.push(faultAt(entry, UNREADABLE));
      if (!isReadable(entry) || !isOfAccount(entry)) continue;
      const { id, stream, version } = entry.event;
      const before = next.get(stream) ?? versions.get(stream);
      // Of an account not seen since the start nothing is known; the balances check it.
      if (before !== undefined && version !== before + 1) {
        faults.push(faultAt(entry, `${id} follows version ${before} of its account`));
      }
      next.set(stream, version);
      try {
        lines.push(historyLine(entry));
        told.push(entry);
      } catch (error) {
        faults.push(faultAt(entry, faultOf(error)));
      }
    }
    return { next, lines, told, faults };
  };

  return {
    async restore() {
      versions.clear();
      lists.forget();
      reached = saved = (await store.checkpoint()) ?? BEGINNING;
      await setAside.restore();
      return reached;
    },
    async apply(entries) {
      const { next, lines, told, faults } = project(entries);
      await setAside.add(faults);
      // Before the lines: who reads a line finds the transfer that it is of.
      await lists.write(told);
      if (lines.length > 0) await store.insertLines(lines);
      for (const [stream, version] of next) versions.set(stream, version);
      const last = entries.at(-1)!;
      const events = reached.events + entries.length;
      reached = { position: last.position, lastEventId: last.event.id, events };
    },
    async rest() {
      const due = now() - savedAt >= CHECKPOINT_EVERY_MS;
      if (due || reached.events - saved.events >= CHECKPOINT_EVERY_EVENTS) await save();
    },
    flush: save,
    setAside: () => setAside.list(),
  };
}
