import { available, evolve, NO_ACCOUNT, type Account, type ExistingAccount } from './account.ts';
import { onceNamesOf, type AccountEvent } from './account-events.ts';
import type { Currency } from './currency.ts';
import { minor, ZERO, type Minor } from './money.ts';
import { createStreamCheck, type OnceNames, type StreamHead } from './stream-check.ts';
import { createTransferLegs, type OpenTransfer } from './transfer-legs.ts';
import { isBalanced, moved, type TrialBalance } from './trial-balance.ts';

export { createStreamCheck, isBalanced };
export type { OnceNames, OpenTransfer, StreamHead, TrialBalance };

/** One entry of the log, in log order. */
export interface LogStep {
  readonly accountId: string;
  readonly version: number;
  readonly commandId: string;
  readonly event: AccountEvent;
  /** The ledger balance that the event claims to leave. */
  readonly ledgerAfter: Minor;
  /** And the rest of the balance, where it is known. */
  readonly heldAfter?: Minor;
  readonly availableAfter?: Minor;
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

/** What of the past the check must know: how it is kept decides how long a log it can follow. */
export interface LedgerMemory {
  readonly accounts: AccountMemory;
  readonly once: OnceNames;
}
export interface AccountMemory {
  get(accountId: string): Account | undefined;
  set(accountId: string, account: Account): unknown;
}

/**
 * Follows a log entry by entry and says what breaks the invariants I1, I2, I3, I6, I8 and I9 of the
 * design. It is the one statement of them: property tests, fault runs and the audit use it. Between
 * the two legs of a transfer money is in flight: whoever knows where a transaction ends says so,
 * and then it must not be.
 */
export function createLedgerCheck(
  { accounts, once }: LedgerMemory = { accounts: new Map(), once: new Set() },
) {
  const totals = new Map<Currency, TrialBalance>();
  const streams = createStreamCheck(once);
  const legs = createTransferLegs();
  /** What was in flight where the last transaction ended: it is told of once. */
  const flying = new Map<Currency, Minor>();
  let steps = 0;

  const move = (currency: Currency, event: AccountEvent, by: Minor): boolean => {
    const after = moved(totals.get(currency), event, by);
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
      const outOfOrder = streams.follow(accountId, version, step.commandId);
      if (outOfOrder !== undefined) violated(...outOfOrder);
      if (outOfOrder?.[0] === 'version-order') return found;
      for (const ended of onceNamesOf(event)) {
        // The target of a transfer bears its name as command id too, which is looked at above.
        if (ended === step.commandId) continue;
        const name = `${accountId} ${ended}`;
        if (once.has(name)) violated('settled-once', `${ended} was there before`);
        once.add(name);
      }
      const before = accounts.get(accountId) ?? NO_ACCOUNT;
      const after = evolve(before, event);
      accounts.set(accountId, after);
      const wrongLeg = legs.observe(event, accountId, after.currency);
      if (wrongLeg !== undefined) violated('transfer-legs', wrongLeg);
      const ledgerBefore = before.status === 'none' ? ZERO : before.ledger;
      if (!move(after.currency, event, minor(after.ledger - ledgerBefore))) {
        violated('conservation', `totals of ${after.currency} do not balance`);
      }
      if (available(after) < 0n) {
        violated('overdraft-floor', `available fell to ${available(after)}`);
      }
      const wrong = foldFault(step, after);
      if (wrong !== undefined) violated('fold', wrong);
      return found;
    },
    /** The entries up to here are whole transactions: no leg stands alone, nothing is in flight. */
    endOfTransaction(): Violation[] {
      const found = legs.endOfTransaction().map(({ accountId, detail }): Violation => {
        const { version } = streams.head(accountId);
        return { invariant: 'transfer-legs', accountId, version, detail };
      });
      for (const [currency, { inFlight }] of totals) {
        if (inFlight === (flying.get(currency) ?? ZERO)) continue;
        flying.set(currency, inFlight);
        const detail = `${inFlight} ${currency} (minor units) stay in flight`;
        found.push({ invariant: 'conservation', accountId: '', version: 0, detail });
      }
      return found;
    },
    account: (accountId: string): Account => accounts.get(accountId) ?? NO_ACCOUNT,
    /** The ids of all accounts that were seen. */
    accountIds: streams.streams,
    accountCount: streams.count,
    head: streams.head,
    totals: (): ReadonlyMap<Currency, TrialBalance> => totals,
    /** Transfers that are pending, or within a transaction have one leg only. */
    openTransfers: (): readonly OpenTransfer[] => legs.open(),
    transfers: (): number => legs.count(),
    /** How many entries were seen: a check that saw too little proves nothing. */
    steps: (): number => steps,
  };
}

function foldFault(claimed: LogStep, after: ExistingAccount): string | undefined {
  const { ledgerAfter, heldAfter = after.held, availableAfter = available(after) } = claimed;
  const isRight =
    ledgerAfter === after.ledger && heldAfter === after.held && availableAfter === available(after);
  if (isRight) return undefined;
  const claims = `${ledgerAfter}, ${heldAfter} held, ${availableAfter} available`;
  const makes = `${after.ledger}, ${after.held} held, ${available(after)} available`;
  return `claims ${claims}, but the events make ${makes} (minor units)`;
}
