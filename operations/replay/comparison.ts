import { z } from 'zod';
import type { ExpectedAccount, Line } from './expected-accounts.ts';
import { crowns, hellers } from './transaction-file.ts';

// Only what is compared is read, so that answers may grow.
const balanceAnswer = z.looseObject({
  currency: z.string(),
  version: z.int(),
  ledger: z.string(),
  held: z.string(),
  available: z.string(),
});
const historyItem = z.looseObject({
  version: z.int(),
  type: z.string(),
  direction: z.enum(['credit', 'debit', 'none']),
  amount: z.string(),
  balanceAfter: z.looseObject({ ledger: z.string() }),
  commandId: z.string(),
});
const loggedEvent = z.looseObject({
  version: z.int(),
  type: z.string(),
  commandId: z.string(),
  position: z.int(),
  data: z.looseObject({
    amount: z.string().optional(),
    balance: z.looseObject({ ledger: z.string() }),
  }),
});

const DIRECTIONS: Readonly<Record<string, string>> = {
  'account-opened': 'none',
  'money-deposited': 'credit',
  'money-withdrawn': 'debit',
};

/** A line of the query API's history. A wrong direction shows as a wrong type. */
export function lineOfHistory(item: unknown): Line {
  const { version, type, direction, amount, balanceAfter, commandId } = historyItem.parse(item);
  const fits = DIRECTIONS[type] === direction;
  return {
    version,
    type: fits ? type : `${type} as ${direction}`,
    amount: direction === 'none' ? undefined : amount,
    ledger: balanceAfter.ledger,
    commandId,
  };
}

/** A line of the log, from an entry that holds the event alongside its position or around it. */
export function lineOfLog(entry: unknown): Line & { readonly position: number } {
  const { version, type, data, commandId, position } = loggedEvent.parse(entry);
  return { version, type, amount: data.amount, ledger: data.balance.ledger, commandId, position };
}

const write = (line: Line | undefined): string =>
  line === undefined
    ? 'nothing'
    : [line.version, line.type, line.amount ?? '-', line.ledger, line.commandId].join(' ');

/** One sentence for every line that differs, is missing or should not be there. */
export function compareLines(
  where: string,
  account: Pick<ExpectedAccount, 'name' | 'lines'>,
  found: readonly Line[],
): string[] {
  const count = Math.max(account.lines.length, found.length);
  return Array.from({ length: count }, (_, at) => [account.lines[at], found[at]] as const)
    .filter(([expected, got]) => write(expected) !== write(got))
    .map(
      ([expected, got]) =>
        `account ${account.name}, ${where}: expected ${write(expected)}, found ${write(got)}`,
    );
}

/** Positions in the log must rise with the versions of an account. */
export function comparePositions(name: string, positions: readonly number[]): string[] {
  return positions
    .filter((position, at) => at > 0 && position <= (positions[at - 1] ?? 0))
    .map((position) => `account ${name}, log: position ${position} is not after the one before`);
}

/** Compares the balance that the query API gives. */
export function compareBalance(account: ExpectedAccount, answer: unknown): string[] {
  const got = balanceAnswer.parse(answer);
  const last = account.lines.at(-1);
  const spendable = signed(last?.ledger ?? '') + signed(account.overdraftLimit);
  const expected = `${last?.version} CZK ${last?.ledger} 0.00 ${crowns(spendable)}`;
  const found = `${got.version} ${got.currency} ${got.ledger} ${got.held} ${got.available}`;
  if (expected === found) return [];
  return [`account ${account.name}, balance: expected ${expected}, found ${found}`];
}

function signed(text: string): bigint {
  const negative = text.startsWith('-');
  const units = hellers(negative ? text.slice(1) : text);
  if (units === undefined) throw new Error(`not an amount: ${JSON.stringify(text)}`);
  return negative ? -units : units;
}
