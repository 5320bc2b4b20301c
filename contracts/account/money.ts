import { available, type ExistingAccount } from '../../domain/account.ts';
import type { Command, TransferCommand } from '../../domain/account-commands.ts';
import type { AccountEvent, Limits } from '../../domain/account-events.ts';
import type { Currency } from '../../domain/currency.ts';
import { formatAmount, readAmount, type Minor } from '../../domain/money.ts';
import { z } from 'zod';

/** The members of an object with amounts as decimal text; all others are unchanged. */
export const writeMoney = (members: object, currency: Currency): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(members).map(([name, member]) => [
      name,
      typeof member === 'bigint' ? formatAmount(member as Minor, currency) : member,
    ]),
  );

/** The members of a command, an event or a limit that the domain counts in minor units. */
type MoneyIn<One> = One extends unknown
  ? { [Name in keyof One]-?: Minor extends One[Name] ? Name : never }[keyof One]
  : never;
const MONEY: Readonly<Record<MoneyIn<Command | TransferCommand | AccountEvent | Limits>, true>> = {
  amount: true,
  released: true,
  aboveHold: true,
  left: true,
  overdraftLimit: true,
  initialDeposit: true,
  perWithdrawal: true,
  perDay: true,
};
/** Whether a member of this name is an amount, in every event, command and state of the bank. */
export const isMoney = (name: string): boolean => Object.hasOwn(MONEY, name);
/**
 * The members of an object with amounts in minor units, as `writeMoney` wrote them.
 * @throws Error for an amount that is not as `writeMoney` writes it.
 */
export function readMoney(members: object, currency: Currency): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(members)) {
    if (member === undefined) continue;
    read[name] = isMoney(name) ? readAmount(String(member), currency) : member;
  }
  return read;
}

/** The limits of an account with amounts as decimal text. */
export const limitsSchema = z.strictObject({
  perWithdrawal: z.string().optional(),
  perDay: z.string().optional(),
  captureAboveHold: z.literal(true).optional(),
});

/** Balance after an event, as the actor saw it; the audit raises an alarm when a replay differs. */
export const balanceSchema = z.strictObject({
  ledger: z.string(),
  held: z.string(),
  available: z.string(),
});
/** Decimal text in the account's currency. */
export type Balance = z.infer<typeof balanceSchema>;
/** Whether two balances of one currency are equal. */
export const sameBalance = (one: Balance, other: Balance): boolean =>
  one.ledger === other.ledger && one.held === other.held && one.available === other.available;

/** The balance of an account as decimal text. */
export function balanceOf(account: ExistingAccount): Balance {
  const write = (units: Minor) => formatAmount(units, account.currency);
  return {
    ledger: write(account.ledger),
    held: write(account.held),
    available: write(available(account)),
  };
}
