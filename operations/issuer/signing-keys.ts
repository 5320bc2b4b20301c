import { generateKeyPairSync, randomUUID, type JsonWebKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writePrivate } from '../../runtime/private-file.ts';

const jwk = z.looseObject({ kid: z.string(), kty: z.literal('EC') });
const keysFile = z.strictObject({ keys: z.array(jwk).min(1) });

/** A private key as JWK; the first one of the issuer signs. */
export type SigningKey = z.infer<typeof jwk> & JsonWebKey;

/** Earlier keys that stay published, so that what they had signed is taken until it ends. */
const KEPT = 2;

const fileOf = (folder: string): string => join(folder, 'signing-keys.json');

const newKey = (): SigningKey => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const parts = privateKey.export({ format: 'jwk' });
  return { ...parts, kty: 'EC', kid: randomUUID(), use: 'sig', alg: 'ES256' };
};

const write = (folder: string, keys: readonly SigningKey[]): readonly SigningKey[] => {
  writePrivate(fileOf(folder), `${JSON.stringify({ keys }, null, 2)}\n`);
  return keys;
};

/** The keys of the issuer, newest first; the first start makes one. */
export function signingKeys(folder: string): readonly SigningKey[] {
  if (!existsSync(fileOf(folder))) return write(folder, [newKey()]);
  return keysFile.parse(JSON.parse(readFileSync(fileOf(folder), 'utf8'))).keys;
}

/** Makes a new key, which signs from now on; the last ones stay published. */
export const rotateSigningKey = (folder: string): readonly SigningKey[] =>
  write(folder, [newKey(), ...signingKeys(folder).slice(0, KEPT)]);
