import { z } from 'zod';
import { balanceSchema } from './events.ts';

/** Entries of one page of an account's history: documents are found by the page's key. */
export const HISTORY_PAGE_ENTRIES = 32;

export const READ_DATABASE = 'corebank';

/** Read model of an account, one per account. `version` is the last event that it holds. */
export const accountModel = z.strictObject({
  accountId: z.string(),
  accountNumber: z.string(),
  ownerId: z.string(),
  currency: z.string(),
  status: z.enum(['open', 'frozen', 'closed']),
  version: z.int().min(1),
  balance: balanceSchema,
  overdraftLimit: z.string(),
  name: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  openedAt: z.string(),
  /** Time of the last event. */
  at: z.string(),
  /** Log position of the last event. */
  position: z.int().min(1),
});
export type AccountModel = z.infer<typeof accountModel>;

/** One line of an account's history, immutable once written. */
export const historyEntry = z.strictObject({
  version: z.int().min(1),
  type: z.string(),
  /** What the event did to the ledger balance; "none" moves no money. */
  direction: z.enum(['credit', 'debit', 'none']),
  amount: z.string(),
  currency: z.string(),
  balanceAfter: balanceSchema,
  description: z.string().optional(),
  reference: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  commandId: z.string(),
  eventId: z.string(),
  at: z.string(),
  position: z.int().min(1),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

/** Key of the history page that holds a version. */
export function historyPage(accountId: string, version: number): string {
  return `${accountId}/${Math.floor((version - 1) / HISTORY_PAGE_ENTRIES)}`;
}
