import { compareBalance, compareLines, comparePositions } from './comparison.ts';
import { lineOfHistory, lineOfLog } from './comparison.ts';
import type { ExpectedAccount } from './expected-accounts.ts';

const opening = {
  version: 1,
  type: 'account-opened',
  amount: undefined,
  ledger: '0.00',
  commandId: 'k1',
};
const deposit = {
  version: 2,
  type: 'money-deposited',
  amount: '5.00',
  ledger: '5.00',
  commandId: 'k2',
};
const account: ExpectedAccount = {
  name: '7',
  openingKey: 'k1',
  overdraftLimit: '10.00',
  transactions: [],
  lines: [opening, deposit],
};
const balance = { currency: 'CZK', version: 2, ledger: '5.00', held: '0.00', available: '15.00' };

test('equal lines have no difference', () => {
  expect(compareLines('history', account, [opening, { ...deposit }])).toEqual([]);
});

test.each([
  ['another amount', [opening, { ...deposit, amount: '5.01' }]],
  ['another balance', [opening, { ...deposit, ledger: '5.01' }]],
  ['another type', [opening, { ...deposit, type: 'money-withdrawn' }]],
  ['another version', [opening, { ...deposit, version: 3 }]],
  ['another command', [opening, { ...deposit, commandId: 'k3' }]],
  ['a missing line', [opening]],
  ['a line too many', [opening, deposit, { ...deposit, version: 3 }]],
])('%s is one difference', (_name, found) => {
  const differences = compareLines('log', account, found);
  expect(differences).toHaveLength(1);
  expect(differences[0]).toContain('account 7, log: expected');
});

test('a history item is read as a line, and a wrong direction is seen', () => {
  const item = {
    version: 2,
    type: 'money-deposited',
    amount: '5.00',
    commandId: 'k2',
    at: 'now',
    balanceAfter: { ledger: '5.00', held: '0.00', available: '15.00' },
  };
  expect(lineOfHistory({ ...item, direction: 'credit' })).toEqual(deposit);
  const wrong = lineOfHistory({ ...item, direction: 'debit' });
  expect(compareLines('history', account, [opening, wrong])).toHaveLength(1);
  expect(() => lineOfHistory({ ...item, direction: 'up' })).toThrow();
});

test('a log entry is read with its position', () => {
  const event = {
    version: 2,
    type: 'money-deposited',
    commandId: 'k2',
    data: { amount: '5.00', balance: { ledger: '5.00' } },
  };
  expect(lineOfLog({ position: 9, ...event })).toEqual({ ...deposit, position: 9 });
  expect(() => lineOfLog({ ...event })).toThrow();
});

test('positions must rise', () => {
  expect(comparePositions('7', [1, 5, 9])).toEqual([]);
  expect(comparePositions('7', [1, 5, 5, 4])).toHaveLength(2);
});

test.each([
  ['the same', balance, 0],
  ['another ledger balance', { ...balance, ledger: '4.00' }, 1],
  ['another version', { ...balance, version: 1 }, 1],
  ['money held', { ...balance, held: '1.00' }, 1],
  ['another available amount', { ...balance, available: '5.00' }, 1],
  ['another currency', { ...balance, currency: 'EUR' }, 1],
])('a balance with %s has that many differences', (_name, answer, count) => {
  expect(compareBalance(account, answer)).toHaveLength(count);
});

test('a debt of the file is compared with its sign', () => {
  const owing = { ...account, lines: [opening, { ...deposit, ledger: '-5.00' }] };
  const answer = { ...balance, ledger: '-5.00', available: '5.00' };
  expect(compareBalance(owing, answer)).toEqual([]);
});
