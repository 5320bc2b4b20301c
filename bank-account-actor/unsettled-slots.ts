import type { AccountId } from '../domain/ids.ts';

/** How many rows the store keeps for one host's list of unsettled accounts. */
export const SLOTS = 256;
const SLOT_ACCOUNTS_MAX = 128;
const MERGE_ABOVE_SLOTS = 192;

/** A slot's whole new content, to be written in the transaction that makes it necessary. */
export interface SlotWrite {
  readonly slot: number;
  readonly accountIds: readonly AccountId[];
}

/**
 * Which accounts may have events that are not in the log yet, spread over a fixed number of
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
    throw new Error('all slots of unsettled accounts are in use');
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

    /** When slots run low: one slot to write with all that others list, which are deleted. */
    merge(): { write: SlotWrite; gone: number[] } | undefined {
      if (slots.size < MERGE_ABOVE_SLOTS) return undefined;
      const gone = [...slots.keys()].filter((slot) => !busy.has(slot));
      const accountIds = gone.flatMap((slot) => [...(slots.get(slot) ?? [])]);
      const write = { slot: choose(SLOT_ACCOUNTS_MAX), accountIds };
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
