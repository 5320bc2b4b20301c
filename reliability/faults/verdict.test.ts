import type { LoggedEvent } from '../../contracts/account/events.ts';
import { bankViolations, clientViolations, orderViolations, type AccountView } from './verdict.ts';
import type { Attempt } from './load.ts';

const accountId = '00000000-0000-8000-8000-000000000001';
const balance = (ledger: string) => ({ ledger, held: '0.00', available: ledger });
const event = (version: number, type: string, key: string, data: object): LoggedEvent =>
  ({
    id: `acct/${accountId}/${version}`,
    stream: `acct/${accountId}`,
    version,
    type,
    schema: 1,
    commandId: key,
    commandHash: 'h',
    at: '2026-01-02T03:04:05.678Z',
    data: { currency: 'CZK', ...data },
  }) as unknown as LoggedEvent;
const opened = event(1, 'account-opened', 'o', {
  ownerId: 'jana',
  overdraftLimit: '0.00',
  balance: balance('0.00'),
});
const deposited = (version: number, key: string, ledger: string) =>
  event(version, 'money-deposited', key, { amount: '1.00', balance: balance(ledger) });
const sound: AccountView = {
  accountId,
  events: [opened, deposited(2, 'k', '1.00')],
  positions: [1, 2],
  balance: { version: 2, ledger: '1.00' },
  historyVersions: [2, 1],
};
const acked: Attempt = {
  accountId,
  key: 'k',
  type: 'deposits',
  amount: '1.00',
  sentMs: 0,
  doneMs: 1,
  state: 'acknowledged',
  version: 2,
};

const poor: Attempt = {
  ...acked,
  type: 'withdrawals',
  state: 'refused',
  status: 422,
  code: 'insufficient-funds',
};

test('what was refused may be executed when it is sent again', () => {
  expect(clientViolations([poor, acked], [sound])).toEqual([]);
});

test('a sound run has no violation', () => {
  expect(clientViolations([acked, { ...acked, key: 'x', state: 'unknown' }], [sound])).toEqual([]);
  expect(bankViolations([sound])).toMatchObject({ steps: 2, found: [], openTransfers: [] });
  expect(orderViolations([acked])).toEqual([]);
});

describe('a bad run is seen', () => {
  test.each([
    ['an acknowledged command that is lost', { ...acked, key: 'lost' }, 'not in the log'],
    ['another version', { ...acked, version: 3 }, 'another version'],
    ['another amount', { ...acked, amount: '2.00' }, 'another amount'],
    ['a refused command that was executed', poor, 'is in the log'],
    ['a refusal that cannot be', { ...poor, type: 'deposits' as const }, 'cannot be'],
    ['a refusal for no good reason', { ...poor, code: 'account-not-found' }, 'cannot be'],
  ])('%s', (_name, attempt, text) => {
    expect(clientViolations([attempt], [sound]).join()).toContain(text);
  });
  test('a command that was executed twice', () => {
    const events = [...sound.events, deposited(3, 'k', '2.00')];
    expect(clientViolations([acked], [{ ...sound, events }]).join()).toContain('2 times');
  });
  test('a balance, a history or a version that differs from the log', () => {
    const { found } = bankViolations([
      { ...sound, balance: { version: 2, ledger: '2.00' } },
      { ...sound, accountId: 'b', historyVersions: [2] },
      { ...sound, accountId: 'c', events: [opened, deposited(3, 'k', '1.00')] },
    ]);
    expect(found.join()).toContain('the balance of');
    expect(found.join()).toContain('the history of b');
    expect(found.join()).toContain('version-order of c');
  });
  test('an older version for a later command', () => {
    const later = { ...acked, key: 'l', sentMs: 5, doneMs: 6, version: 1 };
    expect(orderViolations([acked, later]).join()).toContain('came after 2');
    expect(orderViolations([acked, { ...later, sentMs: 0.5 }])).toEqual([]);
  });
});
