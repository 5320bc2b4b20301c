import { available, evolve, NO_ACCOUNT, type Account, type AccountEvent } from './account.ts';
import type { Currency } from './currency.ts';
import { unreachable } from './ids.ts';
import { minor, ZERO, type Minor } from './money.ts';

/** One entry of the log, in log order. */
export interface LogStep {
  readonly accountId: string;
  readonly version: number;
  readonly commandId: string;
  readonly event: AccountEvent;
  /** The ledger balance that the event claims to leave. */
  readonly ledgerAfter: Minor;
}

export type InvariantName =
  'conservation' | 'overdraft-floor' | 'version-order' | 'command-once' | 'fold';

export interface Violation {
  readonly invariant: InvariantName;
  readonly accountId: string;
  readonly version: number;
  readonly detail: string;
}

/** Money that came into the bank and left it, and what the accounts hold, of one currency. */
export interface TrialBalance {
  readonly externalIn: Minor;
  readonly externalOut: Minor;
  readonly ledgers: Minor;
  readonly inFlight: Minor;
}

const NOTHING: TrialBalance = {
  externalIn: ZERO,
  externalOut: ZERO,
  ledgers: ZERO,
  inFlight: ZERO,
};

/** I1: what the accounts hold and what is in flight is what came in less what went out. */
export function isBalanced(totals: TrialBalance): boolean {
  return totals.ledgers + totals.inFlight === totals.externalIn - totals.externalOut;
}

/**
 * Follows a log entry by entry and says what breaks the invariants I1, I2, I3, I6 and I9 of the
 * design. It is the one statement of them: property tests, fault runs and the audit use it.
 */
export function createLedgerCheck() {
  const accounts = new Map<string, Account>();
  const totals = new Map<Currency, TrialBalance>();
  const commandAt = new Map<string, number>();
  let steps = 0;

  const move = (currency: Currency, event: AccountEvent, by: Minor): boolean => {
    const before = totals.get(currency) ?? NOTHING;
    const after = {
      ...before,
      ...externalOf(before, event),
      ledgers: minor(before.ledgers + by),
    };
    totals.set(currency, after);
    return isBalanced(after);
  };

  return {
    /** Takes the next entry of the log; answers what is wrong with it, or nothing. */
    observe(step: LogStep): Violation[] {
      steps += 1;
      const { accountId, version, event } = step;
      const found: Violation[] = [];
      const violated = (invariant: InvariantName, detail: string): void => {
        found.push({ invariant, accountId, version, detail });
      };
      const before = accounts.get(accountId) ?? NO_ACCOUNT;
      if (version !== before.version + 1) {
        violated('version-order', `follows version ${before.version}`);
        return found;
      }
      const command = `${accountId} ${step.commandId}`;
      const earlier = commandAt.get(command);
      if (earlier !== undefined && earlier !== version - 1) {
        violated('command-once', `command ${step.commandId} was executed at ${earlier} already`);
      }
      commandAt.set(command, version);
      const after = evolve(before, event);
      accounts.set(accountId, after);
      const ledgerBefore = before.status === 'none' ? ZERO : before.ledger;
      if (!move(after.currency, event, minor(after.ledger - ledgerBefore))) {
        violated('conservation', `totals of ${after.currency} do not balance`);
      }
      if (event.type === 'money-withdrawn' && available(after) < 0n) {
        violated('overdraft-floor', `available fell to ${available(after)}`);
      }
      if (step.ledgerAfter !== after.ledger) {
        violated('fold', `claims ${step.ledgerAfter}, but the events make ${after.ledger}`);
      }
      return found;
    },
    account: (accountId: string): Account => accounts.get(accountId) ?? NO_ACCOUNT,
    accounts: (): ReadonlyMap<string, Account> => accounts,
    totals: (): ReadonlyMap<Currency, TrialBalance> => totals,
    /** How many entries were seen: a check that saw too little proves nothing. */
    steps: (): number => steps,
  };
}

function externalOf(before: TrialBalance, event: AccountEvent): Partial<TrialBalance> {
  switch (event.type) {
    case 'account-opened':
      return {};
    case 'money-deposited':
      return { externalIn: minor(before.externalIn + event.amount) };
    case 'money-withdrawn':
      return { externalOut: minor(before.externalOut + event.amount) };
    default:
      return unreachable(event);
  }
}
