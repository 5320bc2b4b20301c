import type { RefusalMessage } from '../contracts/account/refusals.ts';
import type { ProblemParts } from '../contracts/http/problems.ts';
import { Failure } from '../platform/http/http.ts';
import { invalid } from '../platform/http/requests.ts';

/**
 * The problem that a refusal is to the client; `refusalId` names its record, if the account keeps
 * records.
 */
export function failureOf(refusal: RefusalMessage, refusalId?: string | null): Failure {
  switch (refusal.code) {
    case 'invalid-request':
      return invalid(refusal.at, refusal.message);
    case 'service-unavailable':
      return new Failure(
        refusal.code,
        { detail: retryAdvice(refusal.reason) },
        { 'Retry-After': '1' },
      );
    case 'approval-pending':
      // Only what is sent alone over REST waits, and is answered 202.
      throw new Error(`${refusal.approvalId} waits for an approval, and nobody was told`);
    case 'batch-key-reused':
      return new Failure('idempotency-key-reused', { detail: OTHER_BATCH });
    default: {
      const { code, ...lacking } = refusal;
      const more = refusalId === undefined ? lacking : { ...lacking, refusalId };
      return new Failure(code, { more } satisfies ProblemParts);
    }
  }
}

const OTHER_BATCH =
  'This key is for a batch that says something else, of which something was executed; nothing of ' +
  'this one was. Its first answer, or the first batch sent again with this key, tells what. Send ' +
  'what is still to be done under a new key; items with keys of their own are not repeated.';

const retryAdvice = (reason: string): string =>
  `${reason}. Send the request again with the same Idempotency-Key.`;
