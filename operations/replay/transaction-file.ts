import { CannotRun } from '../../runtime/progress.ts';

/** One row of a transaction file. */
export interface Transaction {
  readonly transactionId: string;
  readonly accountId: string;
  /** ISO 8601 calendar date. */
  readonly date: string;
  readonly direction: 'credit' | 'debit';
  readonly operation: string;
  /** In hellers, above zero. */
  readonly amount: bigint;
  readonly purpose: string;
  readonly counterpartyBank: string;
  readonly counterpartyAccount: string;
}

const COLUMNS = [
  'transactionId',
  'accountId',
  'date',
  'direction',
  'operation',
  'amount',
  'recordedBalance',
  'purpose',
  'counterpartyBank',
  'counterpartyAccount',
] as const;

const ID = /^[0-9A-Za-z-]{1,40}$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const AMOUNT = /^(\d{1,15})\.(\d{2})$/;

/** "125.50" as 12550n. The file's own reading of money, on purpose not the bank's. */
export function hellers(text: string): bigint | undefined {
  const match = AMOUNT.exec(text);
  return match === null ? undefined : BigInt(`${match[1]}${match[2]}`);
}

/** 12550n as "125.50". */
export function crowns(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(3, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function transactionOf(line: string, number: number): Transaction {
  const refuse = (what: string): never => {
    throw new CannotRun(`Line ${number} of the file ${what}.`);
  };
  if (line.includes('"')) refuse('has a quote, which this reader does not know');
  const cells = line.split(',');
  if (cells.length !== COLUMNS.length) refuse(`has ${cells.length} columns, not ${COLUMNS.length}`);
  const named = COLUMNS.map((name, at) => [name, cells[at]]);
  const row = Object.fromEntries(named) as Record<(typeof COLUMNS)[number], string>;
  if (!ID.test(row.transactionId) || !ID.test(row.accountId)) refuse('has no usable ids');
  if (!DATE.test(row.date)) refuse('has no date like 1993-01-31');
  const { direction } = row;
  if (direction !== 'credit' && direction !== 'debit') return refuse('is neither credit nor debit');
  const amount = hellers(row.amount);
  if (amount === undefined || amount === 0n) return refuse('has no amount like 700.00 above zero');
  const { recordedBalance: _unused, ...rest } = row;
  return { ...rest, direction, amount };
}

/** Reads a whole file; the first line that it does not understand is refused by its number. */
export function readTransactions(text: string): Transaction[] {
  const [header = '', ...lines] = text.replaceAll('\r\n', '\n').trimEnd().split('\n');
  if (header !== COLUMNS.join(',')) {
    throw new CannotRun(`The first line of the file must be ${COLUMNS.join(',')}`);
  }
  const transactions = lines.map((line, at) => transactionOf(line, at + 2));
  if (transactions.length === 0) throw new CannotRun('The file has no transaction.');
  const ids = new Set(transactions.map((transaction) => transaction.transactionId));
  if (ids.size === transactions.length) return transactions;
  throw new CannotRun('Two lines of the file have the same transactionId.');
}
