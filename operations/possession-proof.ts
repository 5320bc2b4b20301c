import { generateKeyPairSync, hash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { importJWK, SignJWT, type JWK } from 'jose';
import { writePrivate } from '../runtime/private-file.ts';

const fileOf = (dataDir: string): string => join(dataDir, 'issuer', 'dpop-key.json');

/** The key of who tries DPoP on this machine; the first use makes it. */
export function proofKey(dataDir: string): JWK {
  const file = fileOf(dataDir);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as JWK;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ format: 'jwk' }) as JWK;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writePrivate(file, `${JSON.stringify(key)}\n`);
  return key;
}

/**
 * A proof for one request that its sender has the key (DPoP, RFC 9449, section 4.2).
 * @param url of the request, without query.
 * @param token the access token that it shows, if it shows one.
 */
export async function possessionProof(
  key: JWK,
  method: string,
  url: string,
  token?: string,
): Promise<string> {
  const { d: _private, ...jwk } = key;
  const ath = token === undefined ? {} : { ath: hash('sha256', token, 'base64url') };
  return new SignJWT({ htm: method, htu: url, jti: randomUUID(), ...ath })
    .setIssuedAt()
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .sign(await importJWK(key, 'ES256'));
}
