import { available, evolve, NO_ACCOUNT, type Account } from './account.ts';
import { settledBy, type AccountEvent } from './account-events.ts';
import type { Currency } from './currency.ts';
import { minor, ZERO, type Minor } from './money.ts';
import { createTransferLegs, type OpenTransfer } from './transfer-legs.ts';

export type { OpenTransfer };

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
  | 'conservation'
  | 'overdraft-floor'
  | 'settled-once'
  | 'version-order'
  | 'command-once'
  | 'fold'
  | 'transfer-legs';

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
 * Follows a log entry by entry and says what breaks the invariants I1, I2, I3, I6, I8 and I9 of the
 * design. It is the one statement of them: property tests, fault runs and the audit use it.
 */
export function createLedgerCheck() {
  const accounts = new Map<string, Account>();
  const totals = new Map<Currency, TrialBalance>();
  const commandAt = new Map<string, number>();
  const legs = createTransferLegs();
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
      const settled = settledBy(event);
      if (settled !== undefined) {
        const once = `${accountId} ${settled}`;
        const before = commandAt.get(once);
        if (before !== undefined) violated('settled-once', `${settled} ended at ${before} already`);
        commandAt.set(once, version);
      }
      const wrongLeg = legs.observe(event);
      if (wrongLeg !== undefined) violated('transfer-legs', wrongLeg);
      const after = evolve(before, event);
      accounts.set(accountId, after);
      const ledgerBefore = before.status === 'none' ? ZERO : before.ledger;
      if (!move(after.currency, event, minor(after.ledger - ledgerBefore))) {
        violated('conservation', `totals of ${after.currency} do not balance`);
      }
      if (available(after) < 0n) {
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
    /** Transfers that have not ended with both legs or none; after a while there are none. */
    openTransfers: (): readonly OpenTransfer[] => legs.open(),
    transfers: (): number => legs.count(),
    /** How many entries were seen: a check that saw too little proves nothing. */
    steps: (): number => steps,
  };
}

/** What an event does to the totals beside the ledger of its own account. */
function externalOf(before: TrialBalance, event: AccountEvent): Partial<TrialBalance> {
  const into = (by: Minor) => ({ externalIn: minor(before.externalIn + by) });
  const out = (by: Minor) => ({ externalOut: minor(before.externalOut + by) });
  const flying = (by: bigint) => ({ inFlight: minor(before.inFlight + by) });
  switch (event.type) {
    case 'money-deposited':
      return into(event.amount);
    case 'money-withdrawn':
    case 'hold-captured':
      return out(event.amount);
    case 'movement-reversed':
      return event.direction === 'credit' ? into(event.amount) : out(event.amount);
    // The target may have the money before the source's ledger gives it up: it is held there.
    case 'transfer-received':
      return flying(-event.amount);
    case 'transfer-sent':
      return flying(event.amount);
    default:
      return {};
  }
}
