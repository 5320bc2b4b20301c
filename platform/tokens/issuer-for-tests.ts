import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** A key pair of an issuer. */
export interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export const testKey = async (alg = 'ES256'): Promise<TestKey> => {
  const pair = await generateKeyPair(alg, { extractable: true });
  return { kid: randomUUID(), alg, ...pair };
};

/** What a token says besides, and by which key it is signed. */
export interface Signing {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: TestKey;
  readonly typ?: string;
}

export type TestIssuer = Awaited<ReturnType<typeof testIssuer>>;

/** An issuer of access tokens in memory, whose answers, keys and clock a test may change. */
export async function testIssuer(url = 'https://issuer.example') {
  const state = {
    /** Epoch milliseconds. */
    now: Date.UTC(2026, 10, 27),
    isAway: false,
    published: [await testKey()],
    /** Of its keys. */
    questions: 0,
    metadata: {} as Readonly<Record<string, unknown>>,
  };
  const json = (body: object): Response => new Response(JSON.stringify(body));

  const ask = async (asked: string): Promise<Response> => {
    if (state.isAway) throw new Error('nobody answers');
    if (asked === `${url}/.well-known/openid-configuration`) {
      return json({ issuer: url, jwks_uri: `${url}/keys`, ...state.metadata });
    }
    state.questions += 1;
    const keys = state.published.map(async ({ kid, alg, publicKey }) => {
      return { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    });
    return json({ keys: await Promise.all(keys) });
  };

  /** A token of a teller that lives five minutes, if nothing else is said. */
  const sign = async ({ claims = {}, key, typ = 'at+jwt' }: Signing = {}): Promise<string> => {
    const { privateKey, kid, alg } = key ?? (state.published[0] as TestKey);
    const seconds = Math.floor(state.now / 1_000);
    const all = {
      iss: url,
      aud: 'urn:core-bank:api',
      sub: 'teller-7',
      client_id: 'branch-desk',
      scope: 'proofs:read cash:write',
      roles: ['teller'],
      jti: randomUUID(),
      iat: seconds,
      exp: seconds + 300,
      ...claims,
    };
    return new SignJWT(all).setProtectedHeader({ alg, kid, typ }).sign(privateKey);
  };

  return { url, state, ask, sign };
}
