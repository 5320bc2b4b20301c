import { crowns, type Transaction } from './transaction-file.ts';

/** What the bank must say of one event, wherever it is asked. */
export interface Line {
  readonly version: number;
  readonly type: string;
  /** Undefined for the opening, which moves nothing. */
  readonly amount: string | undefined;
  /** Ledger balance after the event. */
  readonly ledger: string;
  readonly commandId: string;
}

export interface ExpectedAccount {
  /** As the file names it. */
  readonly name: string;
  readonly openingKey: string;
  /** The least limit with which every row is possible. */
  readonly overdraftLimit: string;
  readonly transactions: readonly Transaction[];
  /** The opening and then one line per transaction. */
  readonly lines: readonly Line[];
}

/** Idempotency-Key of a row. `run` names the file by its content, so that files do not mix. */
const rowKey = (run: string, transactionId: string): string =>
  `replay-${run}-transaction-${transactionId}`;

const dayOf = ({ date }: Transaction): number => Number(date.replaceAll('-', ''));

function expect(run: string, name: string, unordered: readonly Transaction[]): ExpectedAccount {
  // Sorting is stable: rows of one day keep the order of the file.
  const transactions = unordered.toSorted((a, b) => dayOf(a) - dayOf(b));
  const openingKey = `replay-${run}-account-${name}`;
  const opening = { version: 1, type: 'account-opened', amount: undefined, ledger: '0.00' };
  const lines: Line[] = [{ ...opening, commandId: openingKey }];
  let sum = 0n;
  let lowest = 0n;
  for (const { transactionId, direction, amount } of transactions) {
    sum += direction === 'credit' ? amount : -amount;
    if (sum < lowest) lowest = sum;
    lines.push({
      version: lines.length + 1,
      type: direction === 'credit' ? 'money-deposited' : 'money-withdrawn',
      amount: crowns(amount),
      ledger: crowns(sum),
      commandId: rowKey(run, transactionId),
    });
  }
  return { name, openingKey, overdraftLimit: crowns(-lowest), transactions, lines };
}

/** What must come of a file, computed from the file alone; longest accounts first. */
export function expectedAccounts(
  run: string,
  transactions: readonly Transaction[],
): ExpectedAccount[] {
  const byAccount = new Map<string, Transaction[]>();
  for (const transaction of transactions) {
    const known = byAccount.get(transaction.accountId);
    if (known === undefined) byAccount.set(transaction.accountId, [transaction]);
    else known.push(transaction);
  }
  return [...byAccount]
    .map(([name, rows]) => expect(run, name, rows))
    .sort((a, b) => b.lines.length - a.lines.length);
}
