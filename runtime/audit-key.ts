import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivate } from './secrets.ts';

const signingKeyFile = (dataDir: string): string => join(dataDir, 'audit-signing-key.pem');
/** For everybody who checks what the auditor says. */
export const auditPublicKeyFile = (dataDir: string): string =>
  join(dataDir, 'audit-public-key.pem');
/** What the auditor keeps; not in immudb's folder, and best on another disk. */
export const auditFolder = (dataDir: string): string => join(dataDir, 'audit');

/** The auditor's own key, made at the first start: immudb never has it. One line, PKCS8 DER. */
export const auditSigningKey = (dataDir: string): string => {
  const file = signingKeyFile(dataDir);
  if (!existsSync(file)) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const half = pair.publicKey.export({ type: 'spki', format: 'pem' });
    writePrivate(auditPublicKeyFile(dataDir), String(half));
    writePrivate(file, String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })));
  }
  return readFileSync(file, 'utf8').replaceAll(/-----[A-Z ]+-----|\n/g, '');
};
