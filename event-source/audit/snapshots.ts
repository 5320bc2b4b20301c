import type { TrialBalanceAnswer, TrialBalanceLine } from '../../contracts/log/audit.ts';
import type { Currency } from '../../domain/currency.ts';
import { isBalanced, type TrialBalance, type OpenTransfer } from '../../domain/invariants.ts';
import { formatAmount } from '../../domain/money.ts';

export type Totals = ReadonlyMap<Currency, TrialBalance>;
type Sums = Pick<TrialBalanceAnswer, 'currencies' | 'verdict'>;

/** The totals as they are published, and their verdict, of a log that is sound or not. */
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

/** A snapshot is made after some more events than this: what one answer has to read and add up. */
export const SNAPSHOT_EVENTS = 64;
/** With SNAPSHOT_EVENTS between them they reach over 260,000 events before they are thinned out. */
const SNAPSHOTS_MAX = 4_096;
/** Of more open transfers a snapshot does not keep which they are. */
const MARK_TRANSFERS_MAX = 32;

/** The books after an event, as the audit made them: everything needed to continue from there. */
export interface BooksSnapshot {
  /** Of the last event, and its time; 0 and null before the first one. */
  readonly position: number;
  readonly at: string | null;
  readonly events: number;
  readonly accounts: number;
  readonly totals: Totals;
  /** Undefined where they are too many. */
  readonly open: readonly OpenTransfer[] | undefined;
}

const BEGINNING: BooksSnapshot = {
  position: 0,
  at: null,
  events: 0,
  accounts: 0,
  totals: new Map(),
  open: [],
};

/** The transfers that a snapshot keeps. */
export const openOfSnapshot = (
  open: readonly OpenTransfer[],
): readonly OpenTransfer[] | undefined => (open.length > MARK_TRANSFERS_MAX ? undefined : open);

export type BooksSnapshots = ReturnType<typeof booksSnapshots>;

/** Snapshots of a log of any length: when they are too many, every second one is forgotten. */
export function booksSnapshots(max = SNAPSHOTS_MAX, everyEvents = SNAPSHOT_EVENTS) {
  let snapshots = [BEGINNING];
  let stride = everyEvents;
  return {
    /** The next one; one that is too near to the last is left out. */
    add(snapshot: BooksSnapshot): void {
      if (snapshot.events - snapshots.at(-1)!.events < stride) return;
      snapshots.push(snapshot);
      if (snapshots.length <= max) return;
      snapshots = snapshots.filter((_, index) => index % 2 === 0);
      stride *= 2;
    },
    /** The last snapshot at a position or before it. */
    before(position: number): BooksSnapshot {
      let [low, high] = [0, snapshots.length];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (snapshots[middle]!.position <= position) low = middle;
        else high = middle;
      }
      return snapshots[low]!;
    },
    count: (): number => snapshots.length,
  };
}
