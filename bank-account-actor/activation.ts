import type { BankEvent } from '../contracts/bank-events.ts';
import type { ActorKind } from './actor-kind.ts';
import { commandMemory, type CommandMemory } from './command-memory.ts';
import { PRUNE_ROWS_MAX, type JournalHead, type Loaded } from './journal.ts';

/** A row stays at least this long after its commit, whatever the log says. */
export const PRUNE_AGE_MS = 10 * 60_000;
/**
 * How long an activation trusts that no other host has committed since it last knew. Far less
 * than PRUNE_AGE_MS: so a row that a rival wrote meanwhile is still there to collide with.
 */
export const TRUST_MS = 60_000;
const HEAD_EVERY_COMMITS = 16;
const MARKS_MAX = 1_024;

/** Milliseconds that count a suspended machine too: whichever clock saw more time pass. */
export interface Stamp {
  readonly steady: number;
  readonly wall: number;
}
export const stamp = (): Stamp => ({ steady: performance.now(), wall: Date.now() });
export const elapsedMs = (since: Stamp, now: Stamp): number =>
  Math.max(now.steady - since.steady, now.wall - since.wall);

interface Mark {
  readonly commit: number;
  readonly at: Stamp;
}

/** One actor in this host's memory: a cache of the journal, thrown away on any doubt. */
export interface Activation<State, Event extends BankEvent> {
  state: State;
  /** Number of the last commit. */
  commit: number;
  head: JournalHead;
  /** When it was last certain that `commit` was the last one. */
  trustedAt: Stamp;
  readonly memory: CommandMemory<Event>;
  /** Commits not known to be in the log: the version that each reached. */
  unconfirmed: { commit: number; version: number }[];
  marks: Mark[];
}

/** Makes an activation of what the journal has; `asked` is when it was asked. */
export function activate<State, Event extends BankEvent>(
  kind: Pick<ActorKind<State, Event, never, never>, 'nothing' | 'stateOf'>,
  { head, rows }: Loaded,
  asked: Stamp,
): Activation<State, Event> {
  const last = rows.at(-1);
  const memory = commandMemory<Event>();
  // Any of them may be unconfirmed, so none is forgotten yet.
  for (const row of rows) memory.remember(row.events as Event[], 1);
  return {
    state: last === undefined ? kind.nothing : kind.stateOf(last),
    commit: head.from + rows.length - 1,
    head,
    trustedAt: asked,
    memory,
    unconfirmed: rows.map((row, index) => ({
      commit: head.from + index,
      version: versionAfter(row.events),
    })),
    // How old the loaded rows are is not known: they count as of now.
    marks: rows.length === 0 ? [] : [{ commit: head.from + rows.length - 1, at: asked }],
  };
}

/** The version of a stream after these events. */
const versionAfter = (events: readonly BankEvent[]): number => events.at(-1)?.version ?? 0;

/** Every event that the rows hold, in version order. */
export const eventsOf = ({ rows }: Loaded): BankEvent[] => rows.flatMap(({ events }) => events);

/** Where the journal's head should move with the next commit; undefined to leave it. */
export function nextHead(
  activation: Activation<unknown, BankEvent>,
  firstUnconfirmed: number | undefined,
  now: Stamp,
): JournalHead | undefined {
  const next = activation.commit + 1;
  if (next % HEAD_EVERY_COMMITS !== 0) return undefined;
  const isConfirmed = ({ version }: { version: number }): boolean =>
    firstUnconfirmed === undefined || version < firstUnconfirmed;
  activation.unconfirmed = activation.unconfirmed.filter((commit) => !isConfirmed(commit));
  const from = activation.unconfirmed[0]?.commit ?? next;
  const old = activation.marks.findLast(({ at }) => elapsedMs(at, now) > PRUNE_AGE_MS);
  const prunable = Math.min(from, old?.commit ?? 0, activation.head.first + PRUNE_ROWS_MAX);
  return { first: Math.max(activation.head.first, prunable), from };
}

/** Notes a commit that succeeded; `sent` is when its write was sent. */
export function advance<State, Event extends BankEvent>(
  activation: Activation<State, Event>,
  state: State,
  events: readonly Event[],
  head: JournalHead | undefined,
  sent: Stamp,
): void {
  activation.state = state;
  activation.commit += 1;
  activation.head = head ?? activation.head;
  activation.trustedAt = sent;
  activation.unconfirmed.push({ commit: activation.commit, version: versionAfter(events) });
  if (activation.commit % HEAD_EVERY_COMMITS === 0) {
    activation.marks.push({ commit: activation.commit, at: sent });
    activation.marks = activation.marks.filter(({ commit }) => commit >= activation.head.first);
    if (activation.marks.length > MARKS_MAX) activation.marks.splice(1, 1);
  }
}
