import { calculateJwkThumbprint, errors, importJWK, jwtVerify } from 'jose';
import type { CryptoKey, JWK, JWTHeaderParameters } from 'jose';
import { boundedMap } from '../bounded-map.ts';

/**
 * Signatures of proofs that are taken (RFC 9449, section 4.3): with a key of its own only, and
 * those that are cheap to check, because every request has one.
 */
export const PROOF_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519'] as const;

/** So old a proof may be, in seconds. */
export const PROOF_SECONDS = 60;
/** Clocks of client and bank may differ by so much, in seconds. */
export const PROOF_CLOCK_SECONDS = 5;
const PROOF_CHARACTERS_MAX = 4_096;
/** Keys whose thumbprint was compared; a key is small, and another one is read again. */
const KEYS_MAX = 2_000;

/** What is wrong with a proof, as a sentence for its sender. */
export class ProofFault extends Error {}

/** What a proof must be about. */
export interface Proven {
  readonly method: string;
  /** Without query and fragment. */
  readonly url: string;
  /** SHA-256 of the access token (base64url), where one is shown. */
  readonly ath?: string;
  /** The thumbprint of the key that it must be of (RFC 7638). */
  readonly jkt?: string;
}

/** A proof that is right, apart from whether it was used before. */
export interface Proof {
  readonly jkt: string;
  readonly jti: string;
}

interface Known {
  readonly text: string;
  readonly key: CryptoKey;
}

function sentenceOf(error: errors.JOSEError): string {
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return 'The proof is signed by an algorithm that is not taken.';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'The signature of the proof is wrong.';
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'typ') return 'The proof is none: its typ is not dpop+jwt.';
    return `The claim ${error.claim} of the proof is missing or wrong.`;
  }
  return 'The proof is not a signed JWT that can be read.';
}

/** The same address, however it is spelled; undefined when it is none. */
function addressOf(text: unknown): string | undefined {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return undefined;
  url.search = '';
  url.hash = '';
  return url.href;
}

/**
 * Checks proofs of possession (DPoP, RFC 9449, section 4.3), all but whether one was used before.
 * Rejects with a ProofFault.
 * @param startedAt epoch milliseconds: what was used before that, nobody here knows.
 */
export function dpopProofs(now: () => number, startedAt = now()) {
  const keys = boundedMap<string, Known>(KEYS_MAX);
  const earliest = Math.ceil(startedAt / 1_000);

  const keyOf = async ({ jwk, alg }: JWTHeaderParameters, jkt?: string): Promise<CryptoKey> => {
    if (typeof jwk !== 'object' || jwk === null) {
      throw new ProofFault('The proof names no public key in its jwk.');
    }
    const text = JSON.stringify([alg, jwk]);
    const known = jkt === undefined ? undefined : keys.get(jkt);
    if (known?.text === text) return known.key;
    const own = await thumbprintOf(jwk);
    if (jkt !== undefined && own !== jkt) {
      throw new ProofFault('The proof is not of the key that the access token is bound to.');
    }
    const key = await importJWK(jwk, alg).catch(() => undefined);
    if (key === undefined || key instanceof Uint8Array || key.type === 'secret') {
      throw new ProofFault('The proof names no public key in its jwk.');
    }
    if (key.type === 'private') throw new ProofFault('The proof gives its private key away.');
    keys.set(own, { text, key });
    return key;
  };

  const compare = (claims: Readonly<Record<string, unknown>>, proven: Proven): void => {
    const { iat, jti, htm, htu, ath } = claims;
    const seconds = now() / 1_000;
    if (typeof iat !== 'number') throw new ProofFault('The claim iat of the proof is wrong.');
    if (typeof jti !== 'string' || jti === '') {
      throw new ProofFault('The claim jti of the proof is missing or wrong.');
    }
    if (iat > seconds + PROOF_CLOCK_SECONDS) {
      throw new ProofFault('The proof was made in the future.');
    }
    if (iat < seconds - PROOF_SECONDS) {
      throw new ProofFault(`The proof is older than ${PROOF_SECONDS} seconds.`);
    }
    if (iat < earliest) {
      throw new ProofFault('The proof is older than this server: make a new one.');
    }
    if (htm !== proven.method) throw new ProofFault('The proof is for another method.');
    if (addressOf(htu) !== addressOf(proven.url)) {
      throw new ProofFault(`The proof is for another address than ${proven.url}.`);
    }
    if (proven.ath !== undefined && ath !== proven.ath) {
      throw new ProofFault('The proof is for another access token.');
    }
  };

  return async (proof: string, proven: Proven): Promise<Proof> => {
    if (proof.length > PROOF_CHARACTERS_MAX) throw new ProofFault('The proof is too long.');
    try {
      const { payload, protectedHeader } = await jwtVerify(
        proof,
        (header) => keyOf(header, proven.jkt),
        {
          typ: 'dpop+jwt',
          algorithms: [...PROOF_ALGORITHMS],
          requiredClaims: ['iat', 'jti', 'htm', 'htu'],
          currentDate: new Date(now()),
        },
      );
      compare(payload, proven);
      const jkt = proven.jkt ?? (await thumbprintOf(protectedHeader.jwk as JWK));
      return { jkt, jti: String(payload.jti) };
    } catch (error) {
      if (error instanceof errors.JOSEError) {
        throw new ProofFault(sentenceOf(error), { cause: error });
      }
      throw error;
    }
  };
}

const thumbprintOf = (jwk: JWK): Promise<string> =>
  calculateJwkThumbprint(jwk).catch((cause: unknown) => {
    throw new ProofFault('The proof names no public key in its jwk.', { cause });
  });
