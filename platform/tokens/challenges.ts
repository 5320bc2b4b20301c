import { PROOF_ALGORITHMS } from './dpop.ts';
import type { LoginFault } from '../../contracts/access/access-records.ts';
import { Unauthenticated, type Failure } from '../http/failure.ts';

/** How an access token is shown: alone, or with a proof of the key that it is bound to. */
export type Scheme = 'Bearer' | 'DPoP';

const REALM = 'realm="core-bank"';

/** A challenge of `WWW-Authenticate` (RFC 6750, section 3; RFC 9449, section 7.1). */
export function challenge(scheme: Scheme, said: Readonly<Record<string, string>> = {}): string {
  const members = Object.entries(said).map(([name, value]) => `${name}="${value}"`);
  const algs = scheme === 'DPoP' ? [`algs="${PROOF_ALGORITHMS.join(' ')}"`] : [];
  return `${scheme} ${[REALM, ...algs, ...members].join(', ')}`;
}

/** What is wrong with a request that shows a token. */
export interface Refused {
  readonly scheme: Scheme;
  /** For the record; its sender reads the sentence. */
  readonly reason: LoginFault;
  readonly error?: 'invalid_token' | 'invalid_dpop_proof';
  readonly cause?: unknown;
}

/** The failure of a token or of its proof; the sentence is the same in header and body. */
export function refused(
  detail: string,
  { scheme, reason, error = 'invalid_token', cause }: Refused,
): Failure {
  const error_description = detail.replaceAll(/[^\x20-\x7e]|["\\]/g, "'");
  const why = challenge(scheme, { error, error_description });
  return new Unauthenticated(reason, why, { detail }, { cause });
}
