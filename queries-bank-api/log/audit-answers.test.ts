import type { Sidecar } from '../../platform/dapr.ts';
import { problem, type ProblemCode } from '../../contracts/http/problems.ts';
import { eventSourceAudit } from './audit-answers.ts';
import { TRIAL_BALANCE } from './audit-for-tests.ts';
import { Unavailable } from '../read-models/read-models.ts';

/** The audit behind an event-source that answers like this, and what it was asked. */
function asking(status: number, body: unknown) {
  const asked: string[] = [];
  const invokeService = (_app: string, _method: string, path: string) => {
    asked.push(path);
    return Promise.resolve({ status, body });
  };
  return { asked, audit: eventSourceAudit({ invokeService } as unknown as Sidecar) };
}
const refused = (status: number, code: ProblemCode) =>
  asking(
    status,
    problem(code, '/audit/trial-balance', { detail: 'X.', more: { auditedPosition: 7 } }),
  );

test('given a position, then event-source is asked for it', async () => {
  const { asked, audit } = asking(200, TRIAL_BALANCE);
  expect(await audit.trialBalance(9)).toEqual(TRIAL_BALANCE);
  await audit.trialBalance(undefined);
  expect(asked).toEqual(['audit/trial-balance?position=9', 'audit/trial-balance']);
});

test('given a refusal of event-source, then it is handed on with what it says', async () => {
  const { audit: early } = refused(404, 'position-not-found');
  await expect(early.trialBalance(1)).rejects.toMatchObject({ code: 'position-not-found' });
  const { audit: late } = refused(409, 'position-not-audited');
  await expect(late.trialBalance(9)).rejects.toMatchObject({
    code: 'position-not-audited',
    parts: { detail: 'X.', more: { auditedPosition: 7 } },
    headers: { 'Retry-After': '1' },
  });
});

test('given anything else, then the audit is away', async () => {
  for (const { audit } of [refused(503, 'service-unavailable'), asking(404, undefined)]) {
    await expect(audit.trialBalance(9)).rejects.toThrow(Unavailable);
  }
});
