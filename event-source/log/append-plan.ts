import { canonicalJson } from '../../contracts/canonical-json.ts';
import { streamOfEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { eventDigest } from '../../contracts/digest.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Outcome, Refused } from './event-log.ts';

/** An event that is to be appended, with what its place in the log depends on. */
export interface Candidate {
  readonly event: BankEvent;
  readonly stream: StreamId;
  readonly version: number;
  /** Canonical JSON, as the log stores it. */
  readonly json: string;
  readonly digest: string;
}

/** What the log is known, or assumed, to have. */
export interface Knowledge {
  /** Digest of the event there, or what is there instead; undefined for nothing. */
  digest(stream: StreamId, version: number): string | undefined;
  latestVersion(stream: StreamId): number;
}

type Step = Outcome | { readonly outcome: 'write'; readonly write: number };

/** Which events to write, and what comes of each candidate. */
export interface AppendPlan {
  readonly writes: readonly Candidate[];
  /** One for each candidate: its outcome, or the index of the write that brings it. */
  readonly steps: readonly Step[];
}

const candidates = new WeakMap<BankEvent, Candidate>();

/** Made once for each event, although it is needed repeatedly: text and digest are expensive. */
export function candidateOf(event: BankEvent): Candidate {
  const known = candidates.get(event);
  if (known !== undefined) return known;
  const json = canonicalJson(event);
  const { version } = event;
  const stream = streamOfEvent(event);
  const made = { event, stream, version, json, digest: eventDigest(json) };
  candidates.set(event, made);
  return made;
}

/** The events that enter the log together: those of a joint group, or one alone. */
export function unitsOf<Item>(
  items: readonly Item[],
  jointOf: (item: Item) => BankEvent['joint'],
): Item[][] {
  const groups = new Map<string, Item[]>();
  const units: Item[][] = [];
  for (const item of items) {
    const id = jointOf(item)?.id;
    const group = id === undefined ? undefined : groups.get(id);
    if (group !== undefined) group.push(item);
    else {
      const unit = [item];
      units.push(unit);
      if (id !== undefined) groups.set(id, unit);
    }
  }
  return units;
}

type Look = 'fits' | 'there' | 'gap' | { readonly fork: string };
const placeOf = (stream: StreamId, version: number): string => `${stream}/${version}`;

/**
 * Decides for every event whether it can be written, is already there, must wait or must be
 * refused. Joint events are decided together; those that wait for a later event of the batch are
 * decided again after it.
 */
export function planAppend(
  all: readonly Candidate[],
  known: Knowledge,
  refused: Refused = () => undefined,
): AppendPlan {
  const writes: Candidate[] = [];
  const steps = new Map<Candidate, Step>();
  const planned = new Map<string, number>();
  const forked = new Map<StreamId, string>();

  const look = (one: Candidate, own: ReadonlyMap<string, Candidate>): Look => {
    const { stream, version, digest } = one;
    const at = (wanted: number): string | undefined => {
      const place = placeOf(stream, wanted);
      const write = planned.get(place);
      const brought = own.get(place) ?? (write === undefined ? undefined : writes[write]);
      return brought?.digest ?? known.digest(stream, wanted);
    };
    const stored = at(version);
    if (stored === digest) return 'there';
    if (stored !== undefined) {
      return { fork: `${one.event.id} is ${stored} in the log, and came as ${digest}` };
    }
    // What follows a fork continues another history, although its version would fit.
    const why = forked.get(stream) ?? refused(stream);
    if (why !== undefined) return { fork: why };
    if (version === 1) return 'fits';
    const before = at(version - 1);
    if (before === undefined) return 'gap';
    if (before === one.event.prev) return 'fits';
    return { fork: `${one.event.id} follows ${one.event.prev}, but the log has ${before} there` };
  };
  const write = (one: Candidate): void => {
    const place = placeOf(one.stream, one.version);
    if (!planned.has(place)) planned.set(place, writes.push(one) - 1);
    steps.set(one, { outcome: 'write', write: planned.get(place)! });
  };
  const refuse = (unit: readonly Candidate[], why: string): void => {
    for (const one of unit) {
      if (!forked.has(one.stream)) forked.set(one.stream, why);
      steps.set(one, { outcome: 'fork', why });
    }
  };
  /** False while the unit has to wait. */
  const decide = (unit: readonly Candidate[]): boolean => {
    const own = new Map<string, Candidate>();
    let [isMissing, there] = [false, 0];
    for (const one of unit) {
      const place = placeOf(one.stream, one.version);
      const isTwin = own.get(place)?.digest === one.digest;
      const seen = isTwin ? 'fits' : look(one, own);
      if (typeof seen === 'object') return (refuse(unit, seen.fork), true);
      if (seen === 'gap') isMissing = true;
      if (seen === 'there') there += 1;
      else if (!isTwin) own.set(place, one);
    }
    if (there === unit.length) {
      for (const one of unit) {
        if (planned.has(placeOf(one.stream, one.version))) write(one);
        else steps.set(one, { outcome: 'duplicate' });
      }
      return true;
    }
    const { joint } = unit[0]!.event;
    if (there > 0) return (refuse(unit, `a part of ${joint?.id} is in the log without it`), true);
    if (isMissing || own.size < (joint?.events ?? 1)) return false;
    unit.forEach(write);
    return true;
  };

  let open = unitsOf(all, ({ event }) => event.joint);
  for (let before = Infinity; open.length < before;) {
    before = open.length;
    open = open.filter((unit) => !decide(unit));
  }
  for (const one of open.flat()) {
    steps.set(one, { outcome: 'gap', latestVersion: known.latestVersion(one.stream) });
  }
  return { writes, steps: all.map((one) => steps.get(one)!) };
}

/** The outcomes once the writes have these positions; a second copy in the batch is a duplicate. */
export function outcomesOf(plan: AppendPlan, positions: readonly number[]): Outcome[] {
  const seen = new Set<number>();
  return plan.steps.map((step) => {
    if (step.outcome !== 'write') return step;
    if (seen.has(step.write)) return { outcome: 'duplicate' };
    seen.add(step.write);
    return { outcome: 'appended', position: positions[step.write]! };
  });
}

/** What an append reports as added; the parsed form saves followers a parse. */
export const entryOfWrite = ({ event, json }: Candidate, position: number) => ({
  position,
  json: Buffer.from(json),
  event,
});
