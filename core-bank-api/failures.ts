import type { z } from 'zod';
import type { RefusalMessage } from '../contracts/account/refusals.ts';
import type { FieldError, ProblemParts } from '../contracts/http/problems.ts';
import { Failure } from '../platform/http.ts';

export const invalid = (errors: readonly FieldError[]): Failure =>
  new Failure('invalid-request', { errors });

/** What a contract found wrong with a request. */
export const invalidBy = (error: z.ZodError): Failure => invalid(error.issues.flatMap(fieldErrors));

const pointer = (path: readonly PropertyKey[]): string =>
  path.map((member) => `/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== 'unrecognized_keys')
    return [{ at: pointer(issue.path), message: issue.message }];
  return issue.keys.slice(0, 10).map((key) => ({
    at: pointer([...issue.path, key.slice(0, 100)]),
    message: 'is not a known member',
  }));
}

/**
 * The problem that a refusal is to the client; `refusalId` names its record, if the account keeps
 * records.
 */
export function failureOf(refusal: RefusalMessage, refusalId?: string | null): Failure {
  switch (refusal.code) {
    case 'invalid-request':
      return invalid([{ at: refusal.at, message: refusal.message }]);
    case 'service-unavailable':
      return new Failure(
        refusal.code,
        { detail: retryAdvice(refusal.reason) },
        { 'Retry-After': '1' },
      );
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
