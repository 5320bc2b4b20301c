import type { AccountId } from '../domain/ids.ts';

/** How many rows the store keeps for one host's list of unsettled accounts. */
export const SLOTS = 256;
const SLOT_ACCOUNTS_MAX = 128;
const MERGE_ABOVE_SLOTS = 192;
const MERGE_GAIN_SLOTS_MIN = 16;
const MERGED_SLOT_ACCOUNTS_MAX = 1_024;
const MERGE_ACCOUNTS_MAX = 16 * MERGED_SLOT_ACCOUNTS_MAX;
/**
 * As many accounts of one host may be unsettled at once: those with a hold that expires, with
 * a pending transfer, or with events on their way to the log.
 */
export const UNSETTLED_ACCOUNTS_MAX = MERGE_ABOVE_SLOTS * MERGED_SLOT_ACCOUNTS_MAX;

/** No slot is left, so nothing was written. */
export class SlotsFull extends Error {}

/** A slot's whole new content, to be written in the transaction that makes it necessary. */
export interface SlotWrite {
  readonly slot: number;
  readonly accountIds: readonly AccountId[];
}

/** Slots to write and slots to delete, in one transaction. */
export interface SlotMerge {
  readonly writes: readonly SlotWrite[];
  readonly gone: readonly number[];
}

/**
 * Which accounts may have events that are not in the log yet, or work to end, spread over a fixed number of
 * durable slots so that a restarted host reads them all at once. A commit of an account that no
 * slot lists writes a slot in its own transaction; so nothing can be committed without being
 * listed. An account that is busy all the time stays listed and costs nothing more.
 */
export function unsettledSlots() {
  const slots = new Map<number, Set<AccountId>>();
  const slotOf = new Map<AccountId, number>();
  // A slot that is being written or deleted is nobody else's, so that no write overtakes another.
  const busy = new Set<number>();

  const choose = (more: number): number => {
    for (const [slot, listed] of slots) {
      if (!busy.has(slot) && listed.size + more <= SLOT_ACCOUNTS_MAX) return slot;
    }
    for (let slot = 0; slot < SLOTS; slot += 1) {
      if (!slots.has(slot) && !busy.has(slot)) return slot;
    }
    throw new SlotsFull('all slots of unsettled accounts are in use');
  };
  const drop = (slot: number): void => {
    for (const accountId of slots.get(slot) ?? []) {
      if (slotOf.get(accountId) === slot) slotOf.delete(accountId);
    }
    slots.delete(slot);
  };
  const list = ({ slot, accountIds }: SlotWrite): void => {
    slots.set(slot, new Set(accountIds));
    for (const accountId of accountIds) slotOf.set(accountId, slot);
  };
  const doomed = new Set<number>();
  let planned: SlotMerge | undefined;

  const plan = (isSettled: (accountId: AccountId) => boolean): SlotMerge | undefined => {
    const listed = [...slots].filter(([slot]) => !busy.has(slot));
    const emptiest = listed
      .map(([slot, ids]) => {
        return { slot, kept: [...ids].filter((id) => slotOf.get(id) === slot && !isSettled(id)) };
      })
      .sort((left, right) => left.kept.length - right.kept.length);
    const kept: AccountId[] = [];
    const taken: number[] = [];
    for (const one of emptiest) {
      if (kept.length + one.kept.length > MERGE_ACCOUNTS_MAX) break;
      kept.push(...one.kept);
      taken.push(one.slot);
    }
    const writes: SlotWrite[] = [];
    for (let at = 0; at < kept.length; at += MERGED_SLOT_ACCOUNTS_MAX) {
      const accountIds = kept.slice(at, at + MERGED_SLOT_ACCOUNTS_MAX);
      writes.push({ slot: taken[writes.length] as number, accountIds });
    }
    if (taken.length - writes.length < MERGE_GAIN_SLOTS_MIN) return undefined;
    const keeps = new Set(kept);
    for (const slot of taken) {
      busy.add(slot);
      for (const id of slots.get(slot) ?? []) {
        if (slotOf.get(id) === slot && !keeps.has(id)) slotOf.delete(id);
      }
    }
    return { writes, gone: taken.slice(writes.length) };
  };

  return {
    accounts: (): AccountId[] => [...slotOf.keys()],

    /** The slot to write with a commit of these accounts; undefined when all are listed. */
    reserve(accountIds: readonly AccountId[]): SlotWrite | undefined {
      const unlisted = accountIds.filter((accountId) => !slotOf.has(accountId));
      if (unlisted.length === 0) return undefined;
      const slot = choose(unlisted.length);
      busy.add(slot);
      return { slot, accountIds: [...(slots.get(slot) ?? []), ...unlisted] };
    },

    /** The slot was written, or may have been: its accounts count as listed. */
    wrote(write: SlotWrite): void {
      busy.delete(write.slot);
      list(write);
    },

    /** The slot was certainly not written: it lists what it did. */
    unwritten: ({ slot }: SlotWrite): void => void busy.delete(slot),

    /**
     * Slots to delete from the store, because no account of theirs needs its listing any more.
     * Their accounts count as unlisted at once, the slots as free only after `deleted`.
     */
    takeSettled(isSettled: (accountId: AccountId) => boolean): number[] {
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
    merge(isSettled: (accountId: AccountId) => boolean): SlotMerge | undefined {
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
