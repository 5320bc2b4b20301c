import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivate } from './secrets.ts';

const CLIENT = 'local-producer';
const READABLE = 0o644;

/** The private key of the producer that every data folder has, to try messages with. */
export const producerKeyFile = (dataDir: string): string =>
  join(dataDir, 'message-producer-key.json');

/**
 * Which systems may send commands as messages (docs/messages.md): more may be added. Made at the
 * first start, with one producer, whose key is in the same folder.
 */
export function producersFile(dataDir: string): string {
  const file = join(dataDir, 'message-producers.json');
  if (existsSync(file)) return file;
  const kid = randomUUID();
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid };
  const producers = [{ client: CLIENT, roles: ['service'], keys: [jwk] }];
  const key = { ...privateKey.export({ format: 'jwk' }), kid };
  writePrivate(producerKeyFile(dataDir), `${JSON.stringify({ client: CLIENT, key })}\n`);
  writePrivate(file, `${JSON.stringify({ producers }, null, 2)}\n`, READABLE);
  return file;
}
