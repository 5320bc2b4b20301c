import { z } from 'zod';
import type { Operation } from './openapi.ts';
import { versionText } from './query-params.ts';
import { positionNumber } from './topics.ts';

const count = z.int().min(0);

export const trialBalanceLine = z.strictObject({
  currency: z.string(),
  /** What came into the bank and left it: deposits, withdrawals, captures, their reversals. */
  externalIn: z.string(),
  externalOut: z.string(),
  /** Sum of the ledger balances of all accounts. */
  ledgers: z.string(),
  /** Money that one account of a transfer has given up and the other has not got yet. */
  inFlight: z.string(),
  /** ledgers + inFlight = externalIn - externalOut */
  balanced: z.boolean(),
});
export type TrialBalanceLine = z.infer<typeof trialBalanceLine>;

/** 'nothing-checked' until something was: an empty look proves nothing. */
export const auditVerdict = z.enum(['nothing-checked', 'balanced', 'violated']);

export const trialBalanceQuery = z.strictObject({
  position: versionText('the trial balance of the log as it was at this position'),
});

export const trialBalanceAnswer = z.strictObject({
  /** Of the last event that is in it. */
  position: positionNumber,
  transaction: count,
  /** When that was verified last; of a past position: the time of that event. */
  at: z.string().nullable(),
  /** All currencies balance and nothing is wrong; false while nothing was checked. */
  balanced: z.boolean(),
  verdict: auditVerdict,
  events: count,
  accounts: count,
  /** Missing for a past position near which more than 32 were open: it is not known there. */
  openTransfers: count.optional(),
  currencies: z.array(trialBalanceLine),
});
export type TrialBalanceAnswer = z.infer<typeof trialBalanceAnswer>;

export const TRIAL_BALANCE_PATH = '/audit/trial-balance';

const TRIAL_BALANCE = [
  'Without "position": of all that is audited. With it: of the log as it was at that position,',
  'that is of all events with that position or a lower one; "position" of the answer is that of',
  'the last of them and "at" is its time. "verdict" is "violated" from the first transaction on',
  'with which something is wrong. What is not audited yet is refused with position-not-audited,',
  'which says how far the audit is ("auditedPosition").',
].join(' ');

export const TRIAL_BALANCE_OPERATION: Operation = {
  method: 'get',
  path: `/v1${TRIAL_BALANCE_PATH}`,
  id: 'readTrialBalance',
  summary: 'Per currency: what came in, what went out, what the accounts hold',
  description: TRIAL_BALANCE,
  query: trialBalanceQuery.shape,
  status: 200,
  answer: trialBalanceAnswer,
  problems: ['position-not-found', 'position-not-audited'],
};
