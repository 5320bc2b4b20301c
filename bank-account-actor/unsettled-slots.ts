import type { StreamId } from '../domain/ids.ts';

/** How many rows the store keeps for one host's list of unsettled streams. */
export const SLOTS = 256;
const SLOT_STREAMS_MAX = 128;
const MERGE_ABOVE_SLOTS = 192;

/** A slot's whole new content, to be written in the transaction that makes it necessary. */
export interface SlotWrite {
  readonly slot: number;
  readonly streams: readonly StreamId[];
}

/**
 * Which streams may have events that are not in the log yet, spread over a fixed number of
 * durable slots so that a restarted host reads them all at once. A commit of a stream that no
 * slot lists writes a slot in its own transaction; so nothing can be committed without being
 * listed. A stream that is busy all the time stays listed and costs nothing more.
 */
export function unsettledSlots() {
  const slots = new Map<number, Set<StreamId>>();
  const slotOf = new Map<StreamId, number>();
  // A slot that is being written or deleted is nobody else's, so that no write overtakes another.
  const busy = new Set<number>();

  const choose = (more: number): number => {
    for (const [slot, listed] of slots) {
      if (!busy.has(slot) && listed.size + more <= SLOT_STREAMS_MAX) return slot;
    }
    for (let slot = 0; slot < SLOTS; slot += 1) {
      if (!slots.has(slot) && !busy.has(slot)) return slot;
    }
    throw new Error('all slots of unsettled streams are in use');
  };
  const drop = (slot: number): void => {
    for (const stream of slots.get(slot) ?? []) {
      if (slotOf.get(stream) === slot) slotOf.delete(stream);
    }
    slots.delete(slot);
  };
  const list = ({ slot, streams }: SlotWrite): void => {
    slots.set(slot, new Set(streams));
    for (const stream of streams) slotOf.set(stream, slot);
  };
  const doomed = new Set<number>();

  return {
    streams: (): StreamId[] => [...slotOf.keys()],

    /** The slot to write with a commit of these streams; undefined when all are listed. */
    reserve(streams: readonly StreamId[]): SlotWrite | undefined {
      const unlisted = streams.filter((stream) => !slotOf.has(stream));
      if (unlisted.length === 0) return undefined;
      const slot = choose(unlisted.length);
      busy.add(slot);
      return { slot, streams: [...(slots.get(slot) ?? []), ...unlisted] };
    },

    /** The slot was written, or may have been: its streams count as listed. */
    wrote(write: SlotWrite): void {
      busy.delete(write.slot);
      list(write);
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

    /** When slots run low: one slot to write with all that others list, which are deleted. */
    merge(): { write: SlotWrite; gone: number[] } | undefined {
      if (slots.size < MERGE_ABOVE_SLOTS) return undefined;
      const gone = [...slots.keys()].filter((slot) => !busy.has(slot));
      const streams = gone.flatMap((slot) => [...(slots.get(slot) ?? [])]);
      const write = { slot: choose(SLOT_STREAMS_MAX), streams };
      for (const slot of [...gone, write.slot]) busy.add(slot);
      return { write, gone };
    },

    /** The merge of those slots was written. */
    merged({ write, gone }: { write: SlotWrite; gone: readonly number[] }): void {
      for (const slot of gone) {
        slots.delete(slot);
        busy.delete(slot);
      }
      busy.delete(write.slot);
      list(write);
    },
  };
}
