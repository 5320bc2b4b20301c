import type { AlarmItem, AuditStatus, TrialBalanceAnswer } from '../../contracts/log/audit.ts';
import { Failure } from '../../platform/http/http.ts';
import type { Audit } from './audit-answers.ts';
import { Unavailable } from '../read-models/read-models.ts';

const root = 'ab'.repeat(32);
const at = '2026-11-21T18:00:00.000Z';
const alarm: AlarmItem = { kind: 'imbalance', subject: 'x', detail: 'X.', since: at, count: 1 };
const seen = { position: 131_072, transaction: 2, at, events: 3, accounts: 1 };
export const STATUS: AuditStatus = {
  ...seen,
  verdict: 'balanced',
  says: 'Books balance.',
  phase: 'following',
  root,
  head: 131_072,
  alarms: 0,
  readSideCompared: 7,
  journalCompared: { at: null, reason: 'the audit is starting' },
  checkpoint: null,
};
export const TRIAL_BALANCE: TrialBalanceAnswer = {
  ...seen,
  balanced: true,
  verdict: 'balanced',
  openTransfers: 0,
  currencies: [
    {
      currency: 'CZK',
      externalIn: '3.00',
      externalOut: '1.00',
      ledgers: '2.00',
      inFlight: '0.00',
      balanced: true,
    },
  ],
};

/** An audit with two alarms, which goes away as a test says. */
export function auditForTests() {
  const state = { away: false };
  const told = async <Answer>(answer: Answer): Promise<Answer> => {
    if (state.away) throw new Unavailable('away');
    return answer;
  };
  const audit: Audit = {
    status: () => told(STATUS),
    trialBalance: (position = TRIAL_BALANCE.position) => {
      if (position < TRIAL_BALANCE.position) throw new Failure('position-not-found');
      return told({ ...TRIAL_BALANCE, position });
    },
    alarms: (limit = 20) => told({ count: 2, items: [alarm, alarm].slice(0, limit) }),
  };
  return { audit, state };
}
