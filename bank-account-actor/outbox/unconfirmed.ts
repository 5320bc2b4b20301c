import { jointStreamsOf, type BankEvent } from '../../contracts/log/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Committed } from '../turn/draft.ts';

/** A committed event that the log has not confirmed. */
export interface Entry {
  readonly stream: StreamId;
  readonly version: number;
  readonly json: string;
  readonly digest: string;
  readonly joint: BankEvent['joint'];
  /** Streams that have events which are joint with it, as far as it tells. */
  readonly others: readonly StreamId[];
  /** On the steady clock; undefined before the first time. */
  sentAt: number | undefined;
  isQueued: boolean;
  isConfirmed: boolean;
}

/** The events that the log has not confirmed, by stream in version order, and by joint group. */
export function unconfirmed() {
  const streams = new Map<StreamId, Entry[]>();
  /** Events that must enter the log in one transaction, and so leave in one message. */
  const groups = new Map<string, Entry[]>();
  let events = 0;
  let size = 0;

  /** The event with those that are joint with it, as far as they are known here. */
  const unitOf = (entry: Entry): readonly Entry[] => groups.get(entry.joint?.id ?? '') ?? [entry];
  const isOver = (entry: Entry): boolean => unitOf(entry).every(({ isConfirmed }) => isConfirmed);
  const count = ({ json }: Entry, sign: 1 | -1): void => {
    events += sign;
    size += sign * json.length;
  };

  return {
    unitOf,
    isOver,
    isWhole: (entry: Entry): boolean => unitOf(entry).length === (entry.joint?.events ?? 1),
    of: (stream: StreamId): readonly Entry[] => streams.get(stream) ?? [],
    all: (): Iterable<readonly [StreamId, readonly Entry[]]> => streams,
    /** Takes an event; undefined when it is there already. */
    take(stream: StreamId, { event, json, digest }: Committed): Entry | undefined {
      const entries = streams.get(stream) ?? [];
      const { version, joint } = event;
      if ((entries.at(-1)?.version ?? 0) >= version) return undefined;
      const others = joint === undefined ? [] : jointStreamsOf(event);
      const state = { sentAt: undefined, isQueued: false, isConfirmed: false };
      const entry = { stream, version, json, digest, joint, others, ...state };
      streams.set(stream, entries);
      entries.push(entry);
      count(entry, 1);
      if (joint === undefined) return entry;
      // A row that is loaded again brings the same events again.
      const isOther = (one: Entry) => one.stream !== stream || one.version !== version;
      groups.set(joint.id, [...unitOf(entry).filter(isOther), entry]);
      return entry;
    },
    /** The log has a stream up to a version: gives what it lacks of it. */
    confirm(stream: StreamId, version: number): readonly Entry[] {
      const entries = streams.get(stream) ?? [];
      const left = entries.filter((entry) => entry.version > version);
      for (const entry of entries.slice(0, entries.length - left.length)) {
        entry.isConfirmed = true;
        count(entry, -1);
        if (entry.joint !== undefined && isOver(entry)) groups.delete(entry.joint.id);
      }
      if (left.length > 0) streams.set(stream, left);
      else streams.delete(stream);
      return left;
    },
    /** Drops a stream. Its part of a joint group stays as long as another part is open. */
    drop(stream: StreamId): void {
      const entries = streams.get(stream) ?? [];
      streams.delete(stream);
      for (const entry of entries) {
        count(entry, -1);
        const isOpen = unitOf(entry).some((other) => streams.has(other.stream));
        if (entry.joint !== undefined && !isOpen) groups.delete(entry.joint.id);
      }
    },
    /** The stream comes after all others. */
    moveBack(stream: StreamId): void {
      const entries = streams.get(stream);
      if (entries !== undefined && streams.delete(stream)) streams.set(stream, entries);
    },
    events: (): number => events,
    size: (): number => size,
    streams: (): number => streams.size,
  };
}
