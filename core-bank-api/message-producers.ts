import { readFileSync, statSync } from 'node:fs';
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import type { Principal } from '../contracts/access/principal.ts';
import {
  principalOfProducer,
  producersFile,
  type Producer,
  type ProducerKey,
} from '../contracts/access/producers.ts';
import {
  messageClaims,
  messageDigest,
  type CommandEvent,
} from '../contracts/batch/command-messages.ts';
import type { Logger } from '../platform/logger.ts';

/** Who sent a message, and when it may not begin any more (epoch seconds); or what is wrong. */
type Produced =
  | { readonly principal: Principal; readonly expires?: number | undefined }
  | { readonly reason: string };
/** Tells who signed a message. */
export type ProducerOf = (event: CommandEvent) => Promise<Produced>;

interface KnownKey {
  readonly producer: Producer;
  readonly key: ProducerKey;
}

const ALGORITHMS = { EC: 'ES256', OKP: 'EdDSA' } as const satisfies Record<
  ProducerKey['kty'],
  string
>;

/**
 * Checks who signed a message: a compact JWS (RFC 7515) over the digest of what it says. The broker
 * and anyone who may write to the topic are no authority.
 */
export const signedBy =
  (keysNow: () => ReadonlyMap<string, KnownKey>): ProducerOf =>
  async (event) => {
    if (event.signature === undefined) return { reason: 'it is not signed' };
    try {
      const { kid = '' } = decodeProtectedHeader(event.signature);
      const known = keysNow().get(kid);
      if (known === undefined)
        return { reason: 'the key of its signature is of no known producer' };
      const { producer, key } = known;
      const algorithm = ALGORITHMS[key.kty];
      const { payload } = await compactVerify(
        event.signature,
        await importJWK(key as JWK, algorithm),
        { algorithms: [algorithm] },
      );
      const claims = messageClaims.parse(JSON.parse(Buffer.from(payload).toString()));
      if (claims.client !== producer.client)
        return { reason: 'its signature is of another client' };
      if (claims.digest !== messageDigest(event)) {
        return { reason: 'it does not say what was signed' };
      }
      return { principal: principalOfProducer(producer), expires: claims.exp };
    } catch {
      // Whatever is wrong with it, it proves nothing.
      return { reason: 'its signature is wrong' };
    }
  };

/** The keys of producers, by their `kid`. */
export const keysOf = (text: string): ReadonlyMap<string, KnownKey> =>
  new Map(
    producersFile
      .parse(JSON.parse(text))
      .producers.flatMap((producer) =>
        producer.keys.map((key) => [key.kid, { producer, key }] as const),
      ),
  );

const NO_KEYS: ReadonlyMap<string, KnownKey> = new Map();

/**
 * The keys in a file, read again when that has changed, so that a key is exchanged without a stop.
 * A file that cannot be read changes nothing.
 */
export function keysIn(file: string | undefined, logger: Logger) {
  let keys = NO_KEYS;
  let readAt = -1;
  return (): ReadonlyMap<string, KnownKey> => {
    if (file === undefined) return NO_KEYS;
    try {
      const { mtimeMs } = statSync(file);
      if (mtimeMs !== readAt) {
        readAt = mtimeMs;
        keys = keysOf(readFileSync(file, 'utf8'));
      }
    } catch (error) {
      logger.error('the producers of messages cannot be read', { file, error });
    }
    return keys;
  };
}
