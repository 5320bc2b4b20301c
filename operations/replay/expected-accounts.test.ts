import { expectedAccounts } from './expected-accounts.ts';
import type { Transaction } from './transaction-file.ts';

const row = (transactionId: string, date: string, units: bigint, accountId = '1'): Transaction => ({
  transactionId,
  accountId,
  date,
  direction: units > 0n ? 'credit' : 'debit',
  operation: 'cash',
  amount: units > 0n ? units : -units,
  purpose: '',
  counterpartyBank: '',
  counterpartyAccount: '',
});

test('given rows, the lines hold the running sums after an opening', () => {
  const rows = [row('a', '1993-01-01', 1_000n), row('b', '1993-01-02', -250n)];
  const [account] = expectedAccounts('f1', rows);
  expect(account?.lines).toEqual([
    {
      version: 1,
      type: 'account-opened',
      amount: undefined,
      ledger: '0.00',
      commandId: 'replay-f1-account-1',
    },
    {
      version: 2,
      type: 'money-deposited',
      amount: '10.00',
      ledger: '10.00',
      commandId: 'replay-f1-transaction-a',
    },
    {
      version: 3,
      type: 'money-withdrawn',
      amount: '2.50',
      ledger: '7.50',
      commandId: 'replay-f1-transaction-b',
    },
  ]);
});

test('given rows out of order, they run by date, and those of one day as the file has them', () => {
  const sameDay = [row('y', '1993-05-05', 2n), row('x', '1993-05-05', 3n)];
  const rows = [row('late', '1994-01-01', 1n), ...sameDay];
  const [account] = expectedAccounts('f1', rows);
  expect(account?.transactions.map((one) => one.transactionId)).toEqual(['y', 'x', 'late']);
});

test('given debts, the overdraft limit is the deepest one', () => {
  const limitOf = (...amounts: bigint[]) =>
    expectedAccounts(
      'f1',
      amounts.map((units, at) => row(`t${at}`, `1993-01-0${at + 1}`, units)),
    ).map((account) => account.overdraftLimit);
  expect(limitOf(-300n, 500n, -900n)).toEqual(['7.00']);
  expect(limitOf(5n)).toEqual(['0.00']);
});

test('given several accounts, each has its own sums and the longest comes first', () => {
  const second = ['b', 'c'].map((id) => row(id, '1993-01-01', 2n, '2'));
  const accounts = expectedAccounts('f1', [row('a', '1993-01-01', 1n), ...second]);
  expect(accounts.map((one) => [one.name, one.lines.at(-1)?.ledger])).toEqual([
    ['2', '0.04'],
    ['1', '0.01'],
  ]);
});

test('given another file, the same row has another key', () => {
  const keys = ['f1', 'f2'].map((run) => expectedAccounts(run, [row('a', '1993-01-01', 1n)]));
  expect(keys[0]?.[0]?.lines[1]?.commandId).not.toBe(keys[1]?.[0]?.lines[1]?.commandId);
});
