import { timingSafeEqual } from 'node:crypto';

/** Compares in constant time, so that the time of an answer reveals nothing of the token. */
export function sameToken(expected: string, shown: string | string[] | undefined): boolean {
  const left = Buffer.from(expected);
  const right = Buffer.from(typeof shown === 'string' ? shown : '');
  return left.length === right.length && timingSafeEqual(left, right);
}
