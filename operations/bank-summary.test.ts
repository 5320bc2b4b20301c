import type { BankStatus } from '../contracts/log/bank-status.ts';
import { summaryOf } from './bank-summary.ts';

const WELL: BankStatus = {
  status: 'ok',
  version: '0.1.0',
  at: '2026-11-28T12:00:00.000Z' as BankStatus['at'],
  parts: [
    { name: 'actor-hosts', status: 'up' },
    { name: 'log', status: 'up' },
    { name: 'read-side', status: 'up' },
  ],
  lag: {
    audit: { position: 100, transactionsBehind: 0 },
    balances: { position: 90, transactionsBehind: 1 },
  },
  backlog: { waitingCommands: 2, unconfirmedEvents: 1, unconfirmedStreams: 1 },
  audit: {
    verdict: 'balanced',
    says: 'Books balance at position 100.',
    phase: 'following',
    at: '2026-11-28T12:00:00.000Z' as BankStatus['at'],
    alarms: 0,
  },
};
const URL = 'http://127.0.0.1:3000';

test('a bank that is well says how far everything is, and what comes next', () => {
  expect(summaryOf(WELL, URL)).toEqual([
    'Core Bank 0.1.0 at http://127.0.0.1:3000 (http://127.0.0.1:3000/docs).',
    'Audit: Books balance at position 100.',
    'Behind the log: audit 0 transactions, balances 1 transaction. ' +
      '2 commands and 1 event wait at an actor host.',
    'Next: "npm run bank" to look around, "npm run backup -- DIR" to keep it.',
  ]);
});

test('what does not answer is named, and alarms say where to look', () => {
  const ill = summaryOf(
    {
      ...WELL,
      parts: [{ name: 'log', status: 'down', reason: 'away' }],
      lag: { audit: null, balances: null },
      backlog: null,
      audit: { ...WELL.audit!, alarms: 3 },
    },
    URL,
  );
  expect(ill).toContain('Without an answer: log.');
  expect(ill).toContain(
    'Behind the log: audit unknown, balances unknown. No actor host says what waits.',
  );
  expect(ill).toContain('3 alarms: "npm run audit" lists them, docs/operations.md helps.');
  expect(summaryOf({ ...WELL, audit: null }, URL)).toContain('Audit: the log does not answer.');
});

test('an empty bank proposes the demo', () => {
  const empty = { ...WELL, audit: { ...WELL.audit!, verdict: 'nothing-checked' as const } };
  expect(summaryOf(empty, URL).at(-1)).toBe('Next: "npm run demo" lives a month in it.');
});
