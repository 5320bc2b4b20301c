import type { StreamId } from '../../domain/ids.ts';
import type { Candidate } from '../log/append-plan.ts';

/** What may be held in all and of one stream. More is let go: its journal sends it again. */
const HELD_EVENTS_MAX = 20_000;
const HELD_BYTES_MAX = 64 * 1024 * 1024;
const HELD_OF_STREAM_MAX = 1_000;
const HELD_MS_MAX = 30_000;

/** Events that enter the log together, or one alone. */
type Unit = readonly Candidate[];

interface Held {
  readonly unit: Unit;
  readonly since: number;
}

const placeOf = (stream: StreamId, version: number): string => `${stream}/${version}`;
const keyOf = (unit: Unit): string =>
  unit.map(({ stream, version, digest }) => `${stream}/${version}/${digest}`).join(' ');

/**
 * Events that came before what is before them: of two actor hosts neither waits for the other's
 * messages. They are held until that enters the log; then they are given back to be appended.
 * Nothing rests on it, because the journal keeps what the log has not confirmed.
 */
export function heldEvents(now: () => number) {
  const units = new Map<string, Held>();
  /** Keys of units by the place that they wait for, and by the group that they are part of. */
  const waitingFor = new Map<string, Set<string>>();
  const ofStream = new Map<StreamId, number>();
  let [events, bytes] = [0, 0];

  const needsOf = (unit: Unit): string[] =>
    unit.flatMap(({ stream, version, event: { joint } }) => [
      placeOf(stream, version - 1),
      ...(joint === undefined ? [] : [`joint ${joint.id}`]),
    ]);
  const count = (unit: Unit, sign: 1 | -1): void => {
    events += sign * unit.length;
    for (const { stream, json } of unit) {
      bytes += sign * json.length;
      const left = (ofStream.get(stream) ?? 0) + sign;
      if (left === 0) ofStream.delete(stream);
      else ofStream.set(stream, left);
    }
  };
  const drop = (key: string): Unit => {
    const held = units.get(key);
    if (held === undefined || !units.delete(key)) return [];
    count(held.unit, -1);
    for (const need of needsOf(held.unit)) {
      const keys = waitingFor.get(need);
      if (keys?.delete(key) === true && keys.size === 0) waitingFor.delete(need);
    }
    return held.unit;
  };
  const dropOld = (): void => {
    for (const [key, { since }] of units) {
      if (since > now() - HELD_MS_MAX) return;
      drop(key);
    }
  };
  const release = (need: string): Candidate[] =>
    [...(waitingFor.get(need) ?? [])].flatMap((key) => drop(key));

  return {
    /** Holds a unit that has to wait, if there is room for it. */
    hold(unit: Unit): void {
      dropOld();
      const key = keyOf(unit);
      const isCrowded = unit.some(
        ({ stream }) => (ofStream.get(stream) ?? 0) >= HELD_OF_STREAM_MAX,
      );
      if (units.has(key) || isCrowded) return;
      if (events >= HELD_EVENTS_MAX || bytes >= HELD_BYTES_MAX) return;
      units.set(key, { unit, since: now() });
      count(unit, 1);
      for (const need of needsOf(unit)) {
        const keys = waitingFor.get(need) ?? new Set();
        waitingFor.set(need, keys.add(key));
      }
    },
    /** The log has this event: what waited for it. */
    after: ({ stream, version }: Candidate): Candidate[] => release(placeOf(stream, version)),
    /** What is held of the groups of these events, which may be whole now. */
    companionsOf: (candidates: readonly Candidate[]): Candidate[] =>
      units.size === 0
        ? []
        : candidates.flatMap(({ event: { joint } }) =>
            joint === undefined ? [] : release(`joint ${joint.id}`),
          ),
    count: (): number => events,
  };
}
