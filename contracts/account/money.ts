import { available, type ExistingAccount } from '../../domain/account.ts';
import type { Command, TransferCommand } from '../../domain/account-commands.ts';
import type { AccountEvent, Limits } from '../../domain/account-events.ts';
import type { Currency } from '../../domain/currency.ts';
import { formatAmount, readAmount, type Minor } from '../../domain/money.ts';
import { z } from 'zod';

/** Minor units as text, all else as it is. */
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
  overdraftLimit: true,
  initialDeposit: true,
  perWithdrawal: true,
  perDay: true,
};
export const isMoney = (name: string): boolean => Object.hasOwn(MONEY, name);
/** The way back: the members that are money in every event, command and state of the bank. */
export function readMoney(members: object, currency: Currency): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(members)) {
    if (member === undefined) continue;
    read[name] = isMoney(name) ? readAmount(String(member), currency) : member;
  }
  return read;
}

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
