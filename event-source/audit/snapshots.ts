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

/** A mark is made after some more events than this: what one answer has to read and add up. */
export const MARK_EVENTS = 64;
/** With MARK_EVENTS between them they reach over 260,000 events before they are thinned out. */
const MARKS_MAX = 4_096;
/** Of more open transfers a mark does not keep which they are. */
const MARK_TRANSFERS_MAX = 32;

/** The books after an event, as the audit made them: everything needed to continue from there. */
export interface BooksMark {
  /** Of the last event, and its time; 0 and null before the first one. */
  readonly position: number;
  readonly at: string | null;
  readonly events: number;
  readonly accounts: number;
  readonly totals: Totals;
  /** Undefined where they are too many. */
  readonly open: readonly OpenTransfer[] | undefined;
}

const BEGINNING: BooksMark = {
  position: 0,
  at: null,
  events: 0,
  accounts: 0,
  totals: new Map(),
  open: [],
};

/** The transfers that a mark keeps. */
export const openOfMark = (open: readonly OpenTransfer[]): readonly OpenTransfer[] | undefined =>
  open.length > MARK_TRANSFERS_MAX ? undefined : open;

export type BooksMarks = ReturnType<typeof booksMarks>;

/** Marks of a log of any length: when they are too many, every second one is forgotten. */
export function booksMarks(max = MARKS_MAX, everyEvents = MARK_EVENTS) {
  let marks = [BEGINNING];
  let stride = everyEvents;
  return {
    /** The next one; one that is too near to the last is left out. */
    add(mark: BooksMark): void {
      if (mark.events - marks.at(-1)!.events < stride) return;
      marks.push(mark);
      if (marks.length <= max) return;
      marks = marks.filter((_, index) => index % 2 === 0);
      stride *= 2;
    },
    /** The last mark at a position or before it. */
    before(position: number): BooksMark {
      let [low, high] = [0, marks.length];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (marks[middle]!.position <= position) low = middle;
        else high = middle;
      }
      return marks[low]!;
    },
    count: (): number => marks.length,
  };
}
