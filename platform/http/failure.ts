import type { LoginFault } from '../../contracts/access/access-records.ts';
import type { ProblemCode, ProblemParts } from '../../contracts/http/problems.ts';

/**
 * A request that ends in a problem document (RFC 9457). It is thrown at the edge of HTTP only;
 * `finish` turns it into the answer.
 * @example
 * throw new Failure('route-not-found');
 */
export class Failure extends Error {
  readonly code: ProblemCode;
  readonly parts: ProblemParts;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    parts: ProblemParts = {},
    headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(code, options);
    this.code = code;
    this.parts = parts;
    this.headers = headers;
  }
}

/** A request of which nobody can be told who sends it. The reason is recorded, not answered. */
export class Unauthenticated extends Failure {
  readonly reason: LoginFault;

  constructor(
    reason: LoginFault,
    challenge: string,
    parts: ProblemParts = {},
    options?: ErrorOptions,
  ) {
    super('unauthenticated', parts, { 'WWW-Authenticate': challenge }, options);
    this.reason = reason;
  }
}
