import { generateKeyPairSync } from 'node:crypto';
import { createSigner, signatureCheck, type IsSigned, type Signer } from './signatures.ts';

/** A new key pair, as configuration has it. */
export function newKeys(): { readonly privateKey: string; readonly publicKey: string } {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    publicKey: pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}

const keys = newKeys();
export const testSigner: Signer = createSigner(keys.privateKey);
export const isTestSigned: IsSigned = signatureCheck(keys.publicKey);
