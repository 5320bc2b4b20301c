import type { AccountId } from '../domain/ids.ts';

/** How many rows the store keeps for one host's list of unsettled accounts. */
export const SLOTS = 256;
const MERGE_ABOVE_SLOTS = 192;

export interface SlotWrite {
  readonly slot: number;
  readonly accountIds: readonly AccountId[];
}

/**
 * Which accounts may have events that are not in the log yet, spread over a fixed number of
 * durable slots so that a restarted host reads them all in one call. A commit of an account
 * that no slot lists writes a slot in its own transaction; so nothing can be committed without
 * being listed. An account that is busy all the time stays listed and costs nothing more.
 */
export function unsettledSlots() {
  const slots = new Map<number, Set<AccountId>>();
  const slotOf = new Map<AccountId, number>();
  const reserved = new Set<number>();
  const doomed = new Set<number>();

  const free = (): number => {
    for (let slot = 0; slot < SLOTS; slot += 1) {
      if (!slots.has(slot) && !reserved.has(slot) && !doomed.has(slot)) return slot;
    }
    throw new Error('all slots of unsettled accounts are in use');
  };
  const drop = (slot: number): void => {
    for (const accountId of slots.get(slot) ?? []) {
      if (slotOf.get(accountId) === slot) slotOf.delete(accountId);
    }
    slots.delete(slot);
  };

  return {
    accounts: (): AccountId[] => [...slotOf.keys()],

    /** The slot to write with a commit of these accounts; undefined when all are listed. */
    reserve(accountIds: readonly AccountId[]): SlotWrite | undefined {
      const unlisted = accountIds.filter((accountId) => !slotOf.has(accountId));
      if (unlisted.length === 0) return undefined;
      const slot = free();
      reserved.add(slot);
      return { slot, accountIds: unlisted };
    },

    /** The slot was written, or may have been: its accounts count as listed. */
    wrote({ slot, accountIds }: SlotWrite): void {
      reserved.delete(slot);
      slots.set(slot, new Set(accountIds));
      for (const accountId of accountIds) slotOf.set(accountId, slot);
    },

    /** The slot was certainly not written. */
    unwritten: ({ slot }: SlotWrite): void => void reserved.delete(slot),

    /**
     * Slots to delete from the store, because no account of theirs needs its listing any more.
     * Their accounts count as unlisted at once, the slots as free only after `deleted`.
     */
    takeSettled(isSettled: (accountId: AccountId) => boolean): number[] {
      const settled = [...slots].filter(([, ids]) => [...ids].every(isSettled));
      for (const [slot] of settled) {
        drop(slot);
        doomed.add(slot);
      }
      return [...doomed];
    },

    deleted: (gone: readonly number[]): void => gone.forEach((slot) => void doomed.delete(slot)),

    /** When slots run low: one slot to write with all that the others list, to be deleted. */
    merge(): { write: SlotWrite; gone: number[] } | undefined {
      if (slots.size < MERGE_ABOVE_SLOTS) return undefined;
      const gone = [...slots.keys()];
      const write = { slot: free(), accountIds: [...slotOf.keys()] };
      reserved.add(write.slot);
      return { write, gone };
    },

    /** The merge of those slots was written. */
    merged({ write, gone }: { write: SlotWrite; gone: readonly number[] }): void {
      const moved = new Set(write.accountIds);
      for (const slot of gone) slots.delete(slot);
      reserved.delete(write.slot);
      slots.set(write.slot, moved);
      for (const accountId of moved) slotOf.set(accountId, write.slot);
    },
  };
}
