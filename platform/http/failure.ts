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
