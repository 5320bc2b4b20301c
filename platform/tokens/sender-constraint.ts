import { hash } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { Request } from 'express';
import { z } from 'zod';
import type { Principal } from '../../contracts/access/principal.ts';
import { holderOf, type Reached } from '../limits/shares.ts';
import { challenge, refused, type Scheme } from './challenges.ts';
import { dpopProofs, PROOF_CLOCK_SECONDS, PROOF_SECONDS, ProofFault } from './dpop.ts';
import { isOwnAddress } from '../http/cross-origin-request.ts';
import { Failure } from '../http/failure.ts';
import { FRONT_DOOR, originOf } from '../http/requests.ts';
import { usedProofs } from './used-proofs.ts';

const SHA256 = /^[\w-]{43}$/;

/** What a token is bound to: a key that signs proofs, a certificate of TLS, or both. */
const confirmation = z.strictObject({
  jkt: z.string().regex(SHA256).optional(),
  'x5t#S256': z.string().regex(SHA256).optional(),
});

/** The claim `cnf` of a token (RFC 7800), as far as the bank can check it. */
export type Binding = z.infer<typeof confirmation>;

/** What the token is bound to; the sentence for its sender when that cannot be checked. */
export function bindingOf(cnf: unknown): Binding | string {
  const parsed = confirmation.safeParse(cnf);
  if (parsed.success && Object.keys(parsed.data).length > 0) return parsed.data;
  return 'The access token is bound as nobody checks here: cnf has other than jkt, x5t#S256.';
}

/** How bound tokens are checked. */
export interface SenderConstraintOptions {
  /** Tokens that are bound to nothing are refused. */
  readonly isRequired: boolean;
  /** The address of this API for its clients; what the request says of itself when missing. */
  readonly publicUrl?: string | undefined;
  /** Set where requests may come by the front door of another API, with its address for clients. */
  readonly frontDoor?: { readonly publicUrl: string | undefined };
  /** Memory for proofs that were used. */
  readonly proofsMibMax: number;
  readonly proofsMibPerClientMax: number;
  readonly now: () => number;
}

/** A request, and how it shows its token. */
export interface Shown {
  readonly request: Request;
  readonly scheme: Scheme;
  /** SHA-256 of the token, base64url. */
  readonly digest: string;
}

const PROOFS_FULL: Readonly<Record<Reached, string>> = {
  perClient: 'one client',
  perPerson: 'one person',
  perObject: 'one client',
  total: 'all clients together',
};
const KEPT_MS = (PROOF_SECONDS + PROOF_CLOCK_SECONDS) * 1_000;

/**
 * Whether who shows a token is the one to whom it was given: by a proof for this request (DPoP,
 * RFC 9449) or by the certificate of the connection (RFC 8705), as the token's `cnf` says.
 */
export function senderConstraint(options: SenderConstraintOptions) {
  const { isRequired, now } = options;
  const prove = dpopProofs(now);
  const used = usedProofs({
    mibMax: options.proofsMibMax,
    mibPerClientMax: options.proofsMibPerClientMax,
    keptMs: KEPT_MS,
    now,
  });
  // A stream is looked at again with the request that opened it, whose proof has counted.
  const proven = new WeakSet<Request>();

  const keepUsed = (jkt: string, jti: string, principal: Principal): void => {
    const reached = used.use(jkt, jti, holderOf(principal));
    if (reached === undefined) return;
    if (reached === 'used') throw new ProofFault('The proof was used before: each is for one use.');
    const most = used.most[reached];
    const detail = `${most} proofs of ${PROOFS_FULL[reached]} are known, as many as may be.`;
    const parts = { detail, more: { limit: `dpopProofs ${reached}`, most } };
    throw new Failure('too-many-requests', parts, { 'Retry-After': '5' });
  };

  const checkProof = async (shown: Shown, jkt: string, principal: Principal): Promise<void> => {
    const { request, digest } = shown;
    const [proof, ...more] = request.headersDistinct['dpop'] ?? [];
    try {
      if (proof === undefined) throw new ProofFault('The header DPoP with the proof is missing.');
      if (more.length > 0) throw new ProofFault('The header DPoP must be sent once.');
      const url = addressOf(request, options);
      const about = { method: request.method, url, ath: digest, jkt };
      const { jti } = await prove(proof, about);
      keepUsed(jkt, jti, principal);
      proven.add(request);
    } catch (error) {
      if (!(error instanceof ProofFault)) throw error;
      const why = { scheme: 'DPoP', reason: 'proof', error: 'invalid_dpop_proof' } as const;
      throw refused(error.message, { ...why, cause: error.cause });
    }
  };

  /** Throws, or rejects, with a Failure; nothing is to wait for when no proof is needed. */
  const check = (
    shown: Shown,
    principal: Principal,
    binding: Binding | undefined,
  ): Promise<void> | undefined => {
    const { request, scheme } = shown;
    if (binding === undefined && isRequired) {
      const detail = 'The access token is bound to no key, which is asked for.';
      throw refused(detail, { scheme: 'DPoP', reason: 'binding' });
    }
    const certificate = binding?.['x5t#S256'];
    if (certificate !== undefined && certificateOf(request) !== certificate) {
      const detail = 'The access token is bound to a certificate that this connection has not.';
      throw refused(detail, { scheme, reason: 'binding' });
    }
    const jkt = binding?.jkt;
    if (jkt === undefined) {
      if (scheme === 'Bearer') return undefined;
      const detail = 'The access token is bound to no key: send it as Bearer.';
      throw refused(detail, { scheme, reason: 'binding' });
    }
    if (scheme === 'DPoP') {
      return proven.has(request) ? undefined : checkProof(shown, jkt, principal);
    }
    const detail = 'The access token is bound to a key: send it as DPoP, with a proof.';
    throw refused(detail, { scheme: 'DPoP', reason: 'binding' });
  };

  /** The challenges of a request without a token. */
  const offer = isRequired ? challenge('DPoP') : `${challenge('Bearer')}, ${challenge('DPoP')}`;

  return { check, offer };
}

/**
 * The address that the client meant, without query. A client that says falsely that a request came
 * by the front door gains nothing: that is an address of this server too, and what is proven for it
 * is used up here as well.
 */
function addressOf(
  request: Request,
  { publicUrl, frontDoor }: Pick<SenderConstraintOptions, 'publicUrl' | 'frontDoor'>,
): string {
  const passedOn = frontDoor && request.get(FRONT_DOOR);
  const own = publicUrl ?? originOf(request);
  const front = frontDoor?.publicUrl ?? (passedOn && isOwnAddress(passedOn) ? passedOn : undefined);
  const base = passedOn === undefined ? own : (front ?? own);
  const [path] = request.originalUrl.split('?', 1);
  return `${base.replace(/\/$/, '')}${path}`;
}

/** The thumbprint of the client's certificate; undefined when it showed none. */
function certificateOf({ socket }: Request): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { raw } = socket.getPeerCertificate() as { readonly raw?: Buffer };
  return raw === undefined ? undefined : hash('sha256', raw, 'base64url');
}
