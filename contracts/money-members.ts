import type { Currency } from '../domain/currency.ts';
import { formatAmount, readAmount, type Minor } from '../domain/money.ts';

/** Minor units as text, all else as it is. */
export const writeMoney = (members: object, currency: Currency): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(members).map(([name, member]) => [
      name,
      typeof member === 'bigint' ? formatAmount(member as Minor, currency) : member,
    ]),
  );

const MONEY = new Set([
  'amount',
  'released',
  'overdraftLimit',
  'initialDeposit',
  'perWithdrawal',
  'perDay',
]);
export const isMoney = (name: string): boolean => MONEY.has(name);
/** The way back: the members that are money in every event, command and state of the bank. */
export const readMoney = (members: object, currency: Currency): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, member]) => {
      if (member === undefined) return [];
      return [[name, isMoney(name) ? readAmount(String(member), currency) : member]];
    }),
  );
