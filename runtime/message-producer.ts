import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivate } from './private-file.ts';

const CLIENT = 'local-producer';
const READABLE = 0o644;

/** The private key of the producer that every data folder has, to try messages with. */
export const producerKeyFile = (dataDir: string): string =>
  join(dataDir, 'message-producer-key.json');

const producersPath = (dataDir: string): string => join(dataDir, 'message-producers.json');

interface Producer {
  readonly client: string;
  readonly keys: readonly { readonly kid: string }[];
}

/** A key of the local producer; the private half goes into its file. */
const newProducerKey = (dataDir: string) => {
  const kid = randomUUID();
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = { ...privateKey.export({ format: 'jwk' }), kid };
  writePrivate(producerKeyFile(dataDir), `${JSON.stringify({ client: CLIENT, key })}\n`);
  return { ...publicKey.export({ format: 'jwk' }), kid };
};

const writeProducers = (dataDir: string, producers: readonly object[]): void =>
  writePrivate(producersPath(dataDir), `${JSON.stringify({ producers }, null, 2)}\n`, READABLE);

/**
 * Which systems may send commands as messages (docs/messages.md): more may be added. Made at the
 * first start, with one producer, whose key is in the same folder.
 */
export function producersFile(dataDir: string): string {
  const file = producersPath(dataDir);
  if (existsSync(file)) return file;
  const keys = [newProducerKey(dataDir)];
  writeProducers(dataDir, [{ client: CLIENT, roles: ['service'], keys }]);
  return file;
}

const changeKeys = (
  dataDir: string,
  change: (keys: Producer['keys']) => Producer['keys'],
): void => {
  const { producers } = JSON.parse(readFileSync(producersFile(dataDir), 'utf8')) as {
    producers: Producer[];
  };
  const changed = producers.map((producer) =>
    producer.client === CLIENT ? { ...producer, keys: change(producer.keys) } : producer,
  );
  writeProducers(dataDir, changed);
};

/** The local producer has another key from now on, and is known by both. */
export const announceProducerKey = (dataDir: string): void =>
  changeKeys(dataDir, (keys) => [newProducerKey(dataDir), ...keys]);

/** It is known by its present key only. */
export const endEarlierProducerKeys = (dataDir: string): void => {
  const { key } = JSON.parse(readFileSync(producerKeyFile(dataDir), 'utf8')) as {
    key: { kid: string };
  };
  changeKeys(dataDir, (keys) => keys.filter(({ kid }) => kid === key.kid));
};
