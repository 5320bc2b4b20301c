import { canonicalJson } from '../contracts/canonical-json.ts';
import { streamOfEvent, type BankEvent } from '../contracts/bank-events.ts';
import { namesOf } from '../contracts/events.ts';
import type { StreamId, CommandId } from '../domain/ids.ts';
import type { Outcome } from './event-log.ts';

/** An event that is to be appended, with what its place in the log depends on. */
export interface Candidate {
  readonly stream: StreamId;
  readonly version: number;
  readonly commandId: CommandId;
  /** What the event settles for ever, so that no other event may settle it again. */
  readonly settles?: CommandId;
  readonly json: string;
}

export interface StoredEvent {
  readonly position: number;
  readonly json: string;
}

/** What the log is known, or hoped, to hold. */
export interface Knowledge {
  event(stream: StreamId, version: number): StoredEvent | undefined;
  /** Whether the event is there, where its content does not matter. */
  has(stream: StreamId, version: number): boolean;
  /** Version of the first event of a command. */
  firstOf(stream: StreamId, commandId: CommandId): number | undefined;
  head(stream: StreamId): number;
}

export interface Write extends Candidate {
  /** The first event of a command brings the command's key. */
  readonly opensCommand: boolean;
}

export interface AppendPlan {
  readonly writes: readonly Write[];
  /** One for each candidate: its outcome, or the index of the write that brings it. */
  readonly steps: readonly (Outcome | { readonly outcome: 'write'; readonly write: number })[];
}

export function candidateOf(event: BankEvent): Candidate {
  const [, settles] = namesOf(event);
  return {
    ...(settles === undefined ? {} : { settles: settles as CommandId }),
    stream: streamOfEvent(event),
    version: event.version,
    commandId: event.commandId as CommandId,
    json: canonicalJson(event),
  };
}

/** Decides for every event whether it can be written, is there already, or must not go in. */
export function planAppend(candidates: readonly Candidate[], known: Knowledge): AppendPlan {
  const writes: Write[] = [];
  const planned = new Map<string, number>();
  const firsts = new Map<string, number>();
  const forked = new Map<StreamId, string>();
  const at = (event: Candidate, version: number) => `${event.stream}/${version}`;

  const step = (event: Candidate): AppendPlan['steps'][number] => {
    const { stream, version, commandId } = event;
    const twin = planned.get(at(event, version));
    if (twin !== undefined) {
      const { json } = writes[twin]!;
      return json === event.json ? { outcome: 'write', write: twin } : fork(event, json);
    }
    const stored = known.event(stream, version);
    if (stored !== undefined) {
      if (stored.json !== event.json) return fork(event, stored.json);
      return { outcome: 'duplicate', position: stored.position };
    }
    // What follows a fork continues another history, although its version would fit.
    const other = forked.get(stream);
    if (other !== undefined) return fork(event, other);
    const mate = planned.get(at(event, version - 1));
    if (version > 1 && mate === undefined && !known.has(stream, version - 1)) {
      return { outcome: 'gap', head: known.head(stream) };
    }
    const command = `${stream}/${commandId}`;
    const first = firsts.get(command) ?? known.firstOf(stream, commandId);
    if (first !== undefined) {
      // The events of a command follow each other; else the command was executed twice.
      const before = mate === undefined ? known.event(stream, version - 1) : writes[mate]!;
      if (before === undefined || commandIn(before.json) !== commandId) {
        return fork(event, `command executed at version ${first}`);
      }
    }
    const { settles } = event;
    if (settles !== undefined) {
      const name = `${stream}/${settles}`;
      const settled = firsts.get(name) ?? known.firstOf(stream, settles);
      if (settled !== undefined) return fork(event, `${settles} settled at version ${settled}`);
      firsts.set(name, version);
    }
    firsts.set(command, first ?? version);
    planned.set(at(event, version), writes.length);
    writes.push({ ...event, opensCommand: first === undefined });
    return { outcome: 'write', write: writes.length - 1 };
  };
  const fork = (event: Candidate, stored: string): Outcome => {
    forked.set(event.stream, stored);
    return { outcome: 'fork', stored };
  };
  return { steps: candidates.map(step), writes };
}

export const commandIn = (json: string): string => (JSON.parse(json) as BankEvent).commandId;

/** Whether the event belongs to that command, or is what settled the thing of that name. */
export const belongsTo = (json: string, name: string): boolean =>
  namesOf(JSON.parse(json) as BankEvent).includes(name);

/** The outcomes once the writes stand at these positions; a twin in the batch is a duplicate. */
export function outcomesOf(plan: AppendPlan, positions: readonly number[]): Outcome[] {
  const seen = new Set<number>();
  return plan.steps.map((step) => {
    if (step.outcome !== 'write') return step;
    const position = positions[step.write]!;
    if (seen.has(step.write)) return { outcome: 'duplicate', position };
    seen.add(step.write);
    return { outcome: 'appended', position };
  });
}
