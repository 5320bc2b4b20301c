import type { StreamId } from '../domain/ids.ts';

/** How many rows the store keeps for one host's list of unsettled streams. */
export const SLOTS = 256;
const SLOT_STREAMS_MAX = 128;
const MERGE_ABOVE_SLOTS = 192;
const MERGE_GAIN_SLOTS_MIN = 16;
const MERGED_SLOT_STREAMS_MAX = 1_024;
const MERGE_STREAMS_MAX = 16 * MERGED_SLOT_STREAMS_MAX;
/**
 * As many streams of one host may be unsettled at once: those with a hold that expires, with
 * a pending transfer, or with events on their way to the log.
 */
export const UNSETTLED_STREAMS_MAX = MERGE_ABOVE_SLOTS * MERGED_SLOT_STREAMS_MAX;

/** No slot is left, so nothing was written. */
export class SlotsFull extends Error {}

/** A slot's whole new content, to be written in the transaction that makes it necessary. */
export interface SlotWrite {
  readonly slot: number;
  readonly streams: readonly StreamId[];
}

/** Slots to write and slots to delete, in one transaction. */
export interface SlotMerge {
  readonly writes: readonly SlotWrite[];
  readonly gone: readonly number[];
}

/**
 * Which streams may have events that are not in the log yet, or work to end, spread over a fixed
 * number of durable slots so that a restarted host reads them all at once. A commit of a stream
 * that no slot lists writes a slot in its own transaction; so nothing can be committed without
 * being listed. A stream that is busy all the time stays listed and costs nothing more.
 */
export function unsettledSlots() {
  const slots = new Map<number, Set<StreamId>>();
  const slotOf = new Map<StreamId, number>();
  // A slot that is being written or deleted is nobody else's, so that no write overtakes another.
  const busy = new Set<number>();
  // Streams that only a write of unknown outcome has listed: the store may not have them.
  const uncertain = new Set<StreamId>();

  const choose = (more: number): number => {
    for (const [slot, listed] of slots) {
      if (!busy.has(slot) && listed.size + more <= SLOT_STREAMS_MAX) return slot;
    }
    for (let slot = 0; slot < SLOTS; slot += 1) {
      if (!slots.has(slot) && !busy.has(slot)) return slot;
    }
    throw new SlotsFull('all slots of unsettled streams are in use');
  };
  const drop = (slot: number): void => {
    for (const stream of slots.get(slot) ?? []) {
      if (slotOf.get(stream) === slot) unlist(stream);
    }
    slots.delete(slot);
  };
  const unlist = (stream: StreamId): void => {
    slotOf.delete(stream);
    uncertain.delete(stream);
  };
  const list = ({ slot, streams }: SlotWrite): void => {
    slots.set(slot, new Set(streams));
    for (const stream of streams) {
      slotOf.set(stream, slot);
      uncertain.delete(stream);
    }
  };
  const doomed = new Set<number>();
  let planned: SlotMerge | undefined;

  const plan = (isSettled: (stream: StreamId) => boolean): SlotMerge | undefined => {
    const listed = [...slots].filter(([slot]) => !busy.has(slot));
    const emptiest = listed
      .map(([slot, ids]) => {
        return { slot, kept: [...ids].filter((id) => slotOf.get(id) === slot && !isSettled(id)) };
      })
      .sort((left, right) => left.kept.length - right.kept.length);
    const kept: StreamId[] = [];
    const taken: number[] = [];
    for (const one of emptiest) {
      if (kept.length + one.kept.length > MERGE_STREAMS_MAX) break;
      kept.push(...one.kept);
      taken.push(one.slot);
    }
    const writes: SlotWrite[] = [];
    for (let at = 0; at < kept.length; at += MERGED_SLOT_STREAMS_MAX) {
      const streams = kept.slice(at, at + MERGED_SLOT_STREAMS_MAX);
      writes.push({ slot: taken[writes.length] as number, streams });
    }
    if (taken.length - writes.length < MERGE_GAIN_SLOTS_MIN) return undefined;
    const keeps = new Set(kept);
    for (const slot of taken) {
      busy.add(slot);
      for (const id of slots.get(slot) ?? []) {
        if (slotOf.get(id) === slot && !keeps.has(id)) unlist(id);
      }
    }
    return { writes, gone: taken.slice(writes.length) };
  };

  return {
    streams: (): StreamId[] => [...slotOf.keys()],

    /** The slot to write with a commit of these streams; undefined when all are listed. */
    reserve(streams: readonly StreamId[]): SlotWrite | undefined {
      const unlisted = streams.filter((stream) => !slotOf.has(stream) || uncertain.has(stream));
      if (unlisted.length === 0) return undefined;
      const slot = choose(unlisted.length);
      busy.add(slot);
      return { slot, streams: [...new Set([...(slots.get(slot) ?? []), ...unlisted])] };
    },

    /** The slot was written: its streams are listed. */
    wrote(write: SlotWrite): void {
      busy.delete(write.slot);
      list(write);
    },

    /**
     * Nobody knows whether the slot was written: its new streams are kept in it, because their
     * commit may be there, and their next commit lists them again, because it may not.
     */
    mayHaveWritten(write: SlotWrite): void {
      const known = slots.get(write.slot);
      const added = write.streams.filter((id) => !known?.has(id) || uncertain.has(id));
      busy.delete(write.slot);
      list(write);
      for (const stream of added) uncertain.add(stream);
    },

    /** The slot was certainly not written: it lists what it did. */
    unwritten: ({ slot }: SlotWrite): void => void busy.delete(slot),

    /**
     * Slots to delete from the store, because no stream of theirs needs its listing any more.
     * Their streams count as unlisted at once, the slots as free only after `deleted`.
     */
    takeSettled(isSettled: (stream: StreamId) => boolean): number[] {
      for (const [slot, listed] of slots) {
        if (busy.has(slot) || ![...listed].every(isSettled)) continue;
        drop(slot);
        busy.add(slot);
        doomed.add(slot);
      }
      return [...doomed];
    },

    deleted(gone: readonly number[]): void {
      for (const slot of gone) {
        doomed.delete(slot);
        busy.delete(slot);
      }
    },

    /**
     * When slots run low: the emptiest ones packed together, as far as that gains anything. What
     * is settled in them counts as unlisted at once. The same plan again until it is `merged`.
     */
    merge(isSettled: (stream: StreamId) => boolean): SlotMerge | undefined {
      if (planned === undefined && slots.size >= MERGE_ABOVE_SLOTS) planned = plan(isSettled);
      return planned;
    },

    /** The merge was written. */
    merged({ writes, gone }: SlotMerge): void {
      planned = undefined;
      for (const slot of gone) slots.delete(slot);
      for (const write of writes) list(write);
      for (const slot of [...gone, ...writes.map((write) => write.slot)]) busy.delete(slot);
    },
  };
}
