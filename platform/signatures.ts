import { createPrivateKey, createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto';

/** Signs texts; `name` tells its key among those of other signers. */
export interface Signer {
  readonly name: string;
  /** The signature in base64url. A text is signed for one purpose and means nothing for another. */
  sign(purpose: string, text: string): string;
}

/**
 * Whether the signer of this name signed the text for this purpose. A key that has ended still
 * counts for what lies no later than its end (`place`), and for nothing that comes now.
 */
export type IsSigned = (
  signer: string,
  purpose: string,
  text: string,
  signature: string,
  place?: number,
) => boolean;

const CURVE = 'prime256v1';
const NAME_CHARACTERS = 12;

const signedBytes = (purpose: string, text: string): Buffer => Buffer.from(`${purpose}\n${text}`);
const nameOf = (key: KeyObject): string =>
  hash('sha256', key.export({ type: 'spki', format: 'der' }), 'base64url').slice(
    0,
    NAME_CHARACTERS,
  );

/** @throws Error for a key on another curve: a wrong key is a wrong configuration. */
function onCurve(key: KeyObject): KeyObject {
  if (key.asymmetricKeyDetails?.namedCurve === CURVE) return key;
  throw new Error('A key for signatures is not an ECDSA key on the curve P-256.');
}

/**
 * A signer with this private key (base64 of PKCS #8, DER). ECDSA on P-256 like all signatures of
 * the bank; Ed25519 takes twice the time to verify in Node.
 * @throws Error when it is no such key.
 */
export function createSigner(privateKey: string): Signer {
  const bytes = Buffer.from(privateKey, 'base64');
  const key = onCurve(createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }));
  const own = { key, dsaEncoding: 'ieee-p1363' } as const;
  return {
    name: nameOf(createPublicKey(key)),
    sign: (purpose, text) => sign('sha256', signedBytes(purpose, text), own).toString('base64url'),
  };
}

/**
 * Checks what a signer with this private key has signed.
 * @param earlier public keys that it had before, as signatureCheck takes them.
 */
export function ownSignatureCheck(privateKey: string, earlier = ''): IsSigned {
  const key = createPrivateKey({
    key: Buffer.from(privateKey, 'base64'),
    format: 'der',
    type: 'pkcs8',
  });
  const half = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const own = half.toString('base64');
  return signatureCheck(earlier === '' ? own : `${own},${earlier}`);
}

/**
 * Checks signatures by these public keys (base64 of SPKI, DER, separated by commas; a key that has
 * ended says so with `@` and the last place where it counts). Keys that come with a message are
 * ignored.
 * @throws Error when one is no such key.
 */
export function signatureCheck(publicKeys: string): IsSigned {
  const keys = new Map(
    publicKeys.split(',').map((text) => {
      const [base64 = '', end] = text.split('@');
      const bytes = Buffer.from(base64, 'base64');
      const key = onCurve(createPublicKey({ key: bytes, format: 'der', type: 'spki' }));
      const until = end === undefined ? Infinity : Number(end);
      return [nameOf(key), { key, dsaEncoding: 'ieee-p1363', until } as const];
    }),
  );
  return (signer, purpose, text, signature, place = Infinity) => {
    const own = keys.get(signer);
    if (own === undefined || place > own.until) return false;
    return verify('sha256', signedBytes(purpose, text), own, Buffer.from(signature, 'base64url'));
  };
}

const SIGNATURE_CHARACTERS = 86;
const OPEN = '{"signer":"';
const MIDDLE = '","signature":"';
const BODY = '","message":';
const HEAD_CHARACTERS =
  OPEN.length + NAME_CHARACTERS + MIDDLE.length + SIGNATURE_CHARACTERS + BODY.length;

/** A text of JSON around this one, with its signature. */
export const signedText = (signer: Signer, purpose: string, json: string): string =>
  `${OPEN}${signer.name}${MIDDLE}${signer.sign(purpose, json)}${BODY}${json}}`;

/** The JSON that was signed for this purpose, undefined when it was not. */
export function openSigned(isSigned: IsSigned, purpose: string, text: string): string | undefined {
  const name = text.slice(OPEN.length, OPEN.length + NAME_CHARACTERS);
  const at = OPEN.length + NAME_CHARACTERS + MIDDLE.length;
  const signature = text.slice(at, at + SIGNATURE_CHARACTERS);
  const json = text.slice(HEAD_CHARACTERS, -1);
  const isFramed = text === `${OPEN}${name}${MIDDLE}${signature}${BODY}${json}}`;
  return isFramed && isSigned(name, purpose, json, signature) ? json : undefined;
}
