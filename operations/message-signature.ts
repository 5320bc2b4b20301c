import { readFileSync } from 'node:fs';
import { CompactSign, importJWK, type JWK } from 'jose';
import { messageDigest, type CommandEvent } from '../contracts/batch/command-messages.ts';

/** The key of a producer of command messages: a private JWK, and the client whose key it is. */
export interface ProducerKeyFile {
  readonly client: string;
  readonly key: JWK & { readonly kid: string };
}

/** The key in a file that `npm start` made, or one like it. */
export const readProducerKey = (file: string): ProducerKeyFile =>
  JSON.parse(readFileSync(file, 'utf8')) as ProducerKeyFile;

/**
 * The message with its producer's signature (docs/messages.md).
 * @param lastsMs from now on, in milliseconds: later it is not begun any more.
 */
export async function signMessage(
  event: CommandEvent,
  { client, key }: ProducerKeyFile,
  lastsMs?: number,
): Promise<CommandEvent> {
  const exp = lastsMs === undefined ? {} : { exp: Math.ceil((Date.now() + lastsMs) / 1_000) };
  const claims = { client, digest: messageDigest(event), ...exp };
  const alg = key.kty === 'EC' ? 'ES256' : 'EdDSA';
  const signature = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg, kid: key.kid })
    .sign(await importJWK(key, alg));
  return { ...event, signature };
}
