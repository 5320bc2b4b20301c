import { hash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';

/** What a proof says other than a right one; undefined leaves a member out. */
export interface Otherwise {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** The key that signs. */
  readonly by?: { readonly privateKey: CryptoKey };
}

export type TestProver = Awaited<ReturnType<typeof testProver>>;

/** A client with a key of its own, which makes proofs (DPoP, RFC 9449). */
export async function testProver(alg = 'ES256') {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const jkt = await calculateJwkThumbprint(jwk);
  const privateJwk: JWK = await exportJWK(privateKey);
  /** @param nowMs epoch milliseconds. */
  const prove = (
    [method, url]: readonly [string, string],
    token: string,
    nowMs: number,
    { claims = {}, header = {}, by }: Otherwise = {},
  ): Promise<string> =>
    new SignJWT({
      htm: method,
      htu: url,
      jti: randomUUID(),
      iat: Math.floor(nowMs / 1_000),
      ath: hash('sha256', token, 'base64url'),
      ...claims,
    })
      .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk, ...header })
      .sign(by?.privateKey ?? privateKey);
  return { jkt, jwk, privateJwk, privateKey, prove };
}
