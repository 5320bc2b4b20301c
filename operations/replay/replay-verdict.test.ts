import { expectedAccounts } from './expected-accounts.ts';
import { verdictOf, type Replayed } from './replay-verdict.ts';

const accounts = expectedAccounts('f1', [
  {
    transactionId: 'a',
    accountId: '1',
    date: '1993-01-01',
    direction: 'credit',
    operation: 'cash',
    amount: 1n,
    purpose: '',
    counterpartyBank: '',
    counterpartyAccount: '',
  } as const,
]);
const good: Replayed = {
  accounts,
  driven: { opened: [], differences: [], replayed: 0 },
  audit: { differences: [], balances: 1, historyLines: 2, logLines: 2 },
  retries: 0,
  driveMs: 1_000,
  auditMs: 10,
};

test('everything compared and nothing different is the good verdict', () => {
  const { ok, lines } = verdictOf(good);
  expect(ok).toBe(true);
  expect(lines.at(-1)).toBe('verdict   1 rows, 1 accounts, 0 differences');
});

test.each([
  ['a balance was not compared', { balances: 0 }],
  ['a history line was not compared', { historyLines: 1 }],
  ['a log line was not compared', { logLines: 1 }],
  ['a difference was found', { differences: ['account 1: wrong'] }],
])('given that %s, the verdict is bad', (_name, audit) => {
  const { ok, lines } = verdictOf({ ...good, audit: { ...good.audit, ...audit } });
  expect(ok).toBe(false);
  expect(lines.at(-1)).toContain('1 differences');
});

test('given a wrong answer while driving, the verdict is bad', () => {
  const driven = { ...good.driven, differences: ['row a was answered 500'] };
  expect(verdictOf({ ...good, driven }).ok).toBe(false);
});

test('given many differences, some are shown and the rest counted', () => {
  const differences = Array.from({ length: 25 }, (_, at) => `difference ${at}`);
  const { lines } = verdictOf({ ...good, driven: { ...good.driven, differences } });
  expect(lines).toContain('  and 5 more');
});
