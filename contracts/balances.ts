import { z } from 'zod';
import { available, type ExistingAccount } from '../domain/account.ts';
import { formatAmount, type Minor } from '../domain/money.ts';

/** Balance after the event, as the actor saw it: a fold that differs is an alarm. */
export const balanceSchema = z.strictObject({
  ledger: z.string(),
  held: z.string(),
  available: z.string(),
});
export type Balance = z.infer<typeof balanceSchema>;
export const sameBalance = (one: Balance, other: Balance): boolean =>
  one.ledger === other.ledger && one.held === other.held && one.available === other.available;

export function balanceOf(account: ExistingAccount): Balance {
  const write = (units: Minor) => formatAmount(units, account.currency);
  return {
    ledger: write(account.ledger),
    held: write(account.held),
    available: write(available(account)),
  };
}
