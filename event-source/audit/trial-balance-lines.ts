import type { TrialBalanceAnswer, TrialBalanceLine } from '../../contracts/log/audit.ts';
import type { Currency } from '../../domain/currency.ts';
import { isBalanced, type TrialBalance } from '../../domain/invariants.ts';
import { formatAmount } from '../../domain/money.ts';

export type Totals = ReadonlyMap<Currency, TrialBalance>;
type Sums = Pick<TrialBalanceAnswer, 'currencies' | 'verdict'>;

/** The totals as they are told, and what they say, of a log that is sound or not. */
export function sumsOf(totals: Totals, isLogSound: boolean): Sums {
  const currencies = [...totals].map(([currency, sums]) => lineOf(currency, sums));
  currencies.sort((a, b) => (a.currency < b.currency ? -1 : 1));
  const isSound = isLogSound && currencies.every(({ balanced }) => balanced);
  // A look that saw no account proves nothing of money.
  const verdict = !isSound ? 'violated' : currencies.length === 0 ? 'nothing-checked' : 'balanced';
  return { currencies, verdict };
}

function lineOf(currency: Currency, totals: TrialBalance): TrialBalanceLine {
  const write = (units: TrialBalance['ledgers']): string => formatAmount(units, currency);
  return {
    currency,
    externalIn: write(totals.externalIn),
    externalOut: write(totals.externalOut),
    ledgers: write(totals.ledgers),
    inFlight: write(totals.inFlight),
    balanced: isBalanced(totals),
  };
}
