import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';

/** There are no keys to check a token with, and the issuer did not give any. */
export class KeysAway extends Error {}

const metadata = z.looseObject({ issuer: z.string(), jwks_uri: z.url() });
const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

const MINUTE_MS = 60_000;
/** So old the keys are asked for again while they go on being used. */
const FRESH_MS = 5 * MINUTE_MS;
/** So long they are used while the issuer is away: nobody has got a new token meanwhile. */
const KEPT_MS = 60 * MINUTE_MS;
/** A token with an unknown key makes us ask the issuer, but not more often than this. */
const UNKNOWN_KEY_MS = 1_000;
const NO_KEYS_MS = 1_000;
const ANSWER_MS_MAX = 5_000;
const ANSWER_BYTES_MAX = 256 * 1024;

/** `fetch`, as far as it is needed. */
export type Ask = (url: string, init: RequestInit) => Promise<Response>;

/** How the keys of an issuer are found. */
export interface IssuerKeysOptions {
  readonly issuer: string;
  /** Hears why the issuer did not give its keys. */
  readonly onFault?: (error: unknown) => void;
  /** The keys are others than before. */
  readonly onChange?: () => void;
  readonly ask?: Ask;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Whether what is fetched there comes from whom it is said to come. */
export const isTrustworthy = (url: string): boolean => {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
};

/**
 * The public keys of an issuer, found by its metadata (OpenID Connect Discovery, RFC 8414) and
 * kept. An issuer that is away at the start is asked again with the next token.
 */
export function issuerKeys(options: IssuerKeysOptions) {
  const { issuer, ask = fetch, now = Date.now } = options;
  const { onFault = () => undefined, onChange = () => undefined } = options;
  let known: { find: JWTVerifyGetKey; text: string; at: number } | undefined;
  let asking: Promise<void> | undefined;
  let askedAt = -Infinity;

  const read = async <Shape extends z.ZodType>(url: string, shape: Shape) => {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const answer = await ask(url, { signal, redirect: 'error' });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    const text = await answer.text();
    if (text.length > ANSWER_BYTES_MAX) throw new Error(`${url} answered too much`);
    return shape.parse(JSON.parse(text));
  };

  const fetchKeys = async (): Promise<void> => {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const { issuer: named, jwks_uri: keysUrl } = await read(url, metadata);
    if (named !== issuer) throw new Error(`${url} is of the issuer ${named}, not of ${issuer}`);
    if (!isTrustworthy(keysUrl) && new URL(keysUrl).origin !== new URL(issuer).origin) {
      throw new Error(`${keysUrl} is neither https nor of the issuer itself`);
    }
    const { keys } = await read(keysUrl, keySet);
    // A shared secret has no place among public keys, and no algorithm of ours takes one.
    const usable = keys.filter(({ kty }) => kty !== 'oct');
    if (usable.length === 0) throw new Error(`${keysUrl} has no public key`);
    const text = JSON.stringify(usable);
    const isOther = known !== undefined && known.text !== text;
    known = { find: createLocalJWKSet({ keys: usable }), text, at: now() };
    if (isOther) onChange();
  };

  /** Asks the issuer, unless it was asked a moment ago; who comes meanwhile waits for the same. */
  const freshen = async (): Promise<void> => {
    const pauseMs = known === undefined ? NO_KEYS_MS : UNKNOWN_KEY_MS;
    if (asking === undefined && now() - askedAt < pauseMs) return;
    askedAt = asking === undefined ? now() : askedAt;
    asking ??= fetchKeys()
      .catch(onFault)
      .finally(() => {
        asking = undefined;
      });
    await asking;
  };

  const usable = () => (known !== undefined && now() - known.at < KEPT_MS ? known : undefined);

  return {
    /** Asks for the keys when they are due, without waiting for them. */
    keepFresh(): void {
      if (known === undefined || now() - known.at > FRESH_MS) void freshen();
    },
    /** The key of a token; rejects with KeysAway, or as jose does when the issuer has none such. */
    find: (async (header, token) => {
      if (usable() === undefined) await freshen();
      const keys = usable();
      if (keys === undefined) throw new KeysAway(`there are no keys of ${issuer}`);
      try {
        return await keys.find(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        await freshen();
        return (usable() ?? keys).find(header, token);
      }
    }) satisfies JWTVerifyGetKey,
    /** Whether tokens can be checked now. */
    areThere: (): boolean => usable() !== undefined,
  };
}
