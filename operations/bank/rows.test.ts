import { membersOf, tableOf } from './rows.ts';

test('numbers stand to the right, all else to the left, and what is missing is blank', () => {
  const columns = { account: 'id', money: 'balance.ledger', note: 'note' };
  const rows = [
    { id: 'a', balance: { ledger: '1250.00' }, note: 'x' },
    { id: 'longer', balance: { ledger: '-3.00' } },
  ];
  expect(tableOf(columns, rows)).toBe(
    'account    money  note\na        1250.00  x\nlonger     -3.00\n',
  );
});

test('what came from elsewhere cannot paint the screen', () => {
  const rows = [{ note: '\u001b[2Jgone\u202e' }];
  for (const mark of ['\u001b', '\u202e']) {
    expect(tableOf({ note: 'note' }, rows)).not.toContain(mark);
  }
  expect(membersOf({ note: '\u009b31m' })).not.toContain('\u009b');
});

test('members stand one a line', () => {
  expect(membersOf({ name: 'Everyday', balance: { ledger: '1.00' } })).toBe(
    'name     Everyday\nbalance  {"ledger":"1.00"}\n',
  );
});
