import { available, dayOf, spentOn, type ExistingAccount } from './account.ts';
import { refuse, type Decision } from './account-commands.ts';
import { minor, type Minor } from './money.ts';

/** The refusal when the amount may not leave the account now: limits, then what is available. */
export function whyNotSpend(
  account: ExistingAccount,
  amount: Minor,
  at: string,
): Decision | undefined {
  const { perWithdrawal, perDay } = account.limits;
  if (perWithdrawal !== undefined && amount > perWithdrawal) {
    return refuse({ code: 'limit-exceeded', limit: 'perWithdrawal', allowed: perWithdrawal });
  }
  const used = spentOn(account, dayOf(at));
  if (perDay !== undefined && used + amount > perDay) {
    const resetsAt = midnightAfter(at);
    return refuse({ code: 'limit-exceeded', limit: 'perDay', allowed: perDay, used, resetsAt });
  }
  return whyNotLower(account, amount);
}

const midnightAfter = (at: string): string => {
  const next = new Date(`${dayOf(at)}T00:00:00.000Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString();
};

/** The refusal when `by` is more than what is available. */
export function whyNotLower(account: ExistingAccount, by: Minor): Decision | undefined {
  const spendable = available(account);
  if (by <= spendable) return undefined;
  const shortfall = minor(by - spendable);
  return refuse({ code: 'insufficient-funds', available: spendable, shortfall });
}
