import { type AccountEvent, onceNamesOf, type EventOf } from './account-events.ts';
import { available, evolve, NO_ACCOUNT, type Account, type ExistingAccount } from './account.ts';
import type { Currency } from './currency.ts';
import { minor, ZERO, type Minor } from './money.ts';
import { movementOf } from './movement.ts';
import { createReservedTargets, type LateTarget } from './reserved-targets.ts';
import { differenceOf, retrial } from './retrial.ts';
import {
  createMovementsPast,
  createStreamCheck,
  type OnceNames,
  type StreamFault,
} from './stream-check.ts';
import { createTransferLegs, type OpenTransfer } from './transfer-legs.ts';

/**
 * Of one currency, in minor units: what came into the bank, what left it, and what the accounts
 * hold.
 */
export interface TrialBalance {
  readonly externalIn: Minor;
  readonly externalOut: Minor;
  readonly ledgers: Minor;
  /** Between the two legs of a transfer; zero after each transaction of the log. */
  readonly inFlight: Minor;
}

const NOTHING: TrialBalance = {
  externalIn: ZERO,
  externalOut: ZERO,
  ledgers: ZERO,
  inFlight: ZERO,
};

/** Invariant I1: the accounts and the money in flight equal what came in less what left. */
export function isBalanced({ ledgers, inFlight, externalIn, externalOut }: TrialBalance): boolean {
  return ledgers + inFlight === externalIn - externalOut;
}

/**
 * The totals after one more event.
 * @param before undefined for a currency without events so far.
 * @param change the change of the account's ledger, in minor units.
 */
export function moved(
  before: TrialBalance = NOTHING,
  event: AccountEvent,
  change: Minor,
): TrialBalance {
  const { ledger, external } = movementOf(event);
  const out = external < 0n ? -external : 0n;
  return {
    externalIn: minor(before.externalIn + external + out),
    externalOut: minor(before.externalOut + out),
    ledgers: minor(before.ledgers + change),
    inFlight: minor(before.inFlight + external - ledger),
  };
}

export { createStreamCheck };
export type { OnceNames, OpenTransfer };

/** One entry of the log, in log order. Amounts are minor units. */
export interface LogStep {
  readonly accountId: string;
  readonly version: number;
  readonly commandId: string;
  readonly event: AccountEvent;
  /** How many events its command made; undefined where that is not known. */
  readonly joint?: number;
  /** The currency that the event names; undefined where that is not known. */
  readonly currency?: Currency;
  /** The ledger balance that the event claims to leave. */
  readonly ledgerAfter: Minor;
  /** The rest of the claimed balance; undefined where it is not known. */
  readonly heldAfter?: Minor;
  readonly availableAfter?: Minor;
}

/** The invariant that is broken. */
export type InvariantName =
  | StreamFault[0]
  | 'conservation'
  | 'overdraft-floor'
  | 'settled-once'
  | 'rules'
  | 'fold'
  | 'transfer-legs';

/** A broken invariant: which one, where, and what was seen. It is reported, not thrown. */
export interface Violation {
  readonly invariant: InvariantName;
  readonly accountId: string;
  readonly version: number;
  readonly detail: string;
}

/** See `createLedgerCheck`. */
export type LedgerCheck = ReturnType<typeof createLedgerCheck>;
type Leg = EventOf<'transfer-received'>;

/**
 * Follows a log entry by entry and reports what breaks the invariants I1, I2, I3, I6, I8, I9 and
 * I13 of the design. It is their only statement: property tests, fault runs and the audit all use
 * it. Between the two legs of a transfer money is in flight; a caller that knows where transactions
 * end calls `endOfTransaction`, and then none may be. Memory grows by one number per event, and by
 * `once`, which gets a name for each command and a few more for holds and transfers.
 * @param once where the names are kept; one that takes less memory than a Set may be given.
 * @example
 * const check = createLedgerCheck();
 * const violations = steps.flatMap((step) => check.observe(step));
 * if (check.steps() === 0) throw new Error('nothing was checked');
 */
export function createLedgerCheck(once: OnceNames = new Set()) {
  const accounts = new Map<string, ExistingAccount>();
  const totals = new Map<Currency, TrialBalance>();
  const streams = createStreamCheck(once);
  const legs = createTransferLegs();
  const past = createMovementsPast(once);
  const targets = createReservedTargets();
  /** Within a transaction: of transfers, what the rules decided for the target, and what it got. */
  const decided = new Map<string, AccountEvent>();
  const received = new Map<string, { readonly accountId: string; readonly event: Leg }>();
  /** Accounts that were opened with a deposit which has not been seen yet. */
  const opening = new Set<string>();
  /** What was in flight where the last transaction ended: it is reported once. */
  const flying = new Map<Currency, Minor>();
  let steps = 0;

  const of = (accountId: string): Account => accounts.get(accountId) ?? NO_ACCOUNT;
  const move = (currency: Currency, event: AccountEvent, by: Minor): boolean => {
    const before = totals.get(currency);
    const movement = movementOf(event);
    if (before !== undefined && by === ZERO && movement.ledger === ZERO) return isBalanced(before);
    const after = moved(before, event, by);
    totals.set(currency, after);
    return isBalanced(after);
  };
  /** Once both are known: the target's leg as it was decided, and as it is. */
  const legFault = (id: string): string | undefined => {
    const [made, got] = [decided.get(id), received.get(id)];
    if (made === undefined || got === undefined) return undefined;
    const name = differenceOf(made, got.event);
    return name === undefined ? undefined : `${id}: the rules decide another ${name} at the target`;
  };
  const otherOf = ({ accountId, event }: LogStep, before: Account): Account => {
    if (!('otherAccountId' in event)) return NO_ACCOUNT;
    const other = of(event.otherAccountId);
    if (event.type !== 'transfer-reserved') return other;
    return targets.seen(event, before, accountId, other);
  };
  /** I13, with the number of events that the command made. */
  const ruleFaults = (step: LogStep, before: Account, isSecond: boolean): string[] => {
    const { accountId, event, joint } = step;
    const other = otherOf(step, before);
    const known = past.of(accountId, event, before.version);
    const trial = { accountId, event, before, other, past: known, isOfOpening: isSecond };
    const { fault, target } = retrial(trial);
    const found = fault === undefined ? [] : [fault];
    if (target !== undefined) decided.set((target as Leg).transferId, target);
    if (event.type === 'transfer-received') received.set(event.transferId, { accountId, event });
    if (joint === undefined) return found;
    const isOpened = event.type === 'account-opened';
    if (isOpened && joint === 2) opening.add(accountId);
    if (isSecond) opening.delete(accountId);
    const due = isSecond || isOfTwo(event) || (isOpened && joint === 2) ? 2 : 1;
    if (joint !== due) found.push(`it says that its command made ${joint} events, not ${due}`);
    return found;
  };
  const late = ({ accountId, version, detail }: LateTarget): Violation => ({
    invariant: 'rules',
    accountId,
    version,
    detail,
  });

  return {
    /** Takes the next entry of the log; answers what is wrong with it, or nothing. */
    observe(step: LogStep): Violation[] {
      steps += 1;
      const { accountId, version, event, commandId } = step;
      const found: Violation[] = [];
      const violated = (invariant: InvariantName, detail: string): void => {
        found.push({ invariant, accountId, version, detail });
      };
      const placed = streams.follow(accountId, { version, commandId, at: event.at });
      for (const fault of placed.faults) violated(...fault);
      if (found[0]?.invariant === 'version-order') return found;
      const before = of(accountId);
      for (const fault of ruleFaults(step, before, placed.isOfOpening)) violated('rules', fault);
      for (const ended of onceNamesOf(event)) {
        // The target of a transfer bears its name as command id too, which is looked at above.
        if (ended === commandId) continue;
        const name = `${accountId} ${ended}`;
        if (once.has(name)) violated('settled-once', `${ended} was there before`);
        once.add(name);
      }
      const after = evolve(before, event);
      accounts.set(accountId, after);
      past.remember(accountId, event, after.version);
      if (event.type === 'account-opened') {
        const early = targets.opened(accountId, event.currency);
        if (early !== undefined) found.push(late(early));
      }
      const wrongLeg = legs.observe(event, accountId, after.currency) ?? legOf(event, legFault);
      if (wrongLeg !== undefined) violated('transfer-legs', wrongLeg);
      const ledgerBefore = before.status === 'none' ? ZERO : before.ledger;
      if (!move(after.currency, event, minor(after.ledger - ledgerBefore))) {
        violated('conservation', `totals of ${after.currency} do not balance`);
      }
      if (available(after) < 0n && after.kind !== 'internal') {
        violated('overdraft-floor', `available fell to ${available(after)}`);
      }
      const wrong = replayFault(step, after);
      if (wrong !== undefined) violated('fold', wrong);
      return found;
    },
    /** The entries up to here are whole transactions: no leg stands alone, nothing is in flight. */
    endOfTransaction(): Violation[] {
      const found = legs.endOfTransaction().map(({ accountId, detail }): Violation => {
        const { version } = streams.end(accountId);
        return { invariant: 'transfer-legs', accountId, version, detail };
      });
      for (const [currency, { inFlight }] of totals) {
        if (inFlight === (flying.get(currency) ?? ZERO)) continue;
        flying.set(currency, inFlight);
        const detail = `${inFlight} ${currency} (minor units) stay in flight`;
        found.push({ invariant: 'conservation', accountId: '', version: 0, detail });
      }
      for (const accountId of opening) {
        const detail = 'its opening made a deposit that is not there';
        found.push({ invariant: 'rules', accountId, version: 1, detail });
      }
      opening.clear();
      decided.clear();
      received.clear();
      return found;
    },
    /** What is missing by this time (RFC 3339) and may not have been when the log was written. */
    overdue: (at: string): Violation[] => targets.overdue(at).map(late),
    /** The state of an account; `NO_ACCOUNT` when it was not seen. */
    account: of,
    /** What a reversal of the version moves back, all of it; undefined when it moves nothing. */
    moveBack: past.moveBack,
    /** The ids of all accounts that were seen. */
    accountIds: streams.streams,
    /** The number of accounts that were seen. */
    accountCount: streams.count,
    /** How far the stream of an account was followed. */
    end: streams.end,
    /** The trial balance by currency. */
    totals: (): ReadonlyMap<Currency, TrialBalance> => totals,
    /** Transfers that are pending, or within a transaction have one leg only. */
    openTransfers: (): readonly OpenTransfer[] => legs.open(),
    /** The number of transfers that were begun. */
    transfers: (): number => legs.count(),
    /** How many entries were seen: a check that saw too little proves nothing. */
    steps: (): number => steps,
  };
}

const isOfTwo = ({ type }: AccountEvent): boolean =>
  type === 'transfer-sent' || type === 'transfer-captured' || type === 'transfer-received';

const legOf = (
  event: AccountEvent,
  fault: (id: string) => string | undefined,
): string | undefined => (isOfTwo(event) ? fault((event as Leg).transferId) : undefined);

function replayFault(claimed: LogStep, after: ExistingAccount): string | undefined {
  const { currency = after.currency } = claimed;
  if (currency !== after.currency) return `is in ${currency}, but its account in ${after.currency}`;
  const { ledgerAfter, heldAfter = after.held, availableAfter = available(after) } = claimed;
  const isRight =
    ledgerAfter === after.ledger && heldAfter === after.held && availableAfter === available(after);
  if (isRight) return undefined;
  const claims = `${ledgerAfter}, ${heldAfter} held, ${availableAfter} available`;
  const makes = `${after.ledger}, ${after.held} held, ${available(after)} available`;
  return `claims ${claims}, but the events make ${makes} (minor units)`;
}
