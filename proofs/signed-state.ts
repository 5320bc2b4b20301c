import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { HASH_BYTES, u32, u64 } from './hashing.ts';
import type { LogState } from './log-transaction.ts';
import { faulty, type ProofFault } from './proof-fault.ts';

/** One key, or all that the bank has signed with. */
export type BankKeys = KeyObject | readonly KeyObject[];

/** A state of the log with the bank's signature (ECDSA P-256 over SHA-256, DER). */
export interface SignedState extends LogState {
  readonly db: string;
  readonly signature: Uint8Array;
}

/**
 * The bank's public key in a PEM text.
 * @throws Error when it is not an ECDSA key on P-256, the only curve that immudb signs with: a
 *   wrong key is a wrong command, not a wrong proof.
 */
export function readPublicKey(pem: string): KeyObject {
  const key = createPublicKey(pem);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error('The public key is not an ECDSA key on the curve P-256.');
  }
  return key;
}

const PEM = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g;

/**
 * All keys that the bank has signed with, the present one first: a rotation puts another one in
 * front, and what was signed before stays proven.
 */
export const readPublicKeys = (pem: string): readonly KeyObject[] =>
  (pem.match(PEM) ?? [pem]).map(readPublicKey);

/** The PEM of keys that are given as one line: base64 of their SPKI DER, separated by commas. */
export const publicKeyPem = (base64: string): string =>
  base64
    .split(',')
    .map((key) => `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----\n`)
    .join('');

/** The bytes that are signed: immudb's PROOFS.md, step 9. */
export const statePayload = (db: string, { txId, txHash }: LogState): Buffer => {
  const name = Buffer.from(db);
  return Buffer.concat([u32(name.length), name, u64(txId), txHash]);
};

/**
 * Checks that the bank signed this state of this database. A key that comes with the state is
 * ignored.
 * @returns what is not proven, or undefined when it is signed.
 */
export function signatureFault(state: SignedState, keys: BankKeys): ProofFault | undefined {
  const { db, txId, txHash, signature } = state;
  if (signature.length === 0) {
    return faulty('signature-missing', `The state at transaction ${txId} is not signed.`);
  }
  const known = [keys].flat();
  const isSigned =
    txHash.length === HASH_BYTES &&
    known.some((key) => verify('sha256', statePayload(db, state), key, signature));
  if (isSigned) return undefined;
  return faulty(
    'signature-foreign',
    `The state at transaction ${txId} is not what the holder of this key signed.`,
  );
}
