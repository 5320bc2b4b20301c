import { createHmac } from 'node:crypto';
import { exportSPKI, UnsecuredJWT } from 'jose';
import request from 'supertest';
import { silentLogger as logger } from '../silent-logger-for-tests.ts';
import { bearer } from './bearer.ts';
import { gate, principalOf } from '../http/gate.ts';
import { createApp, finish } from '../http/http.ts';
import {
  testIssuer,
  testKey,
  type Signing,
  type TestIssuer,
  type TestKey,
} from './issuer-for-tests.ts';

const ALGORITHMS = ['ES256', 'PS256', 'RS256', 'EdDSA'];
const revoked = new Set<string>();

let issuer: TestIssuer;
let stranger: TestKey;
beforeAll(async () => {
  stranger = await testKey();
});
beforeEach(async () => {
  issuer = await testIssuer();
});

/** An API with one operation, which wants proofs:read. */
function api() {
  const app = createApp({ logger });
  const identify = bearer({
    issuer: issuer.url,
    audience: 'urn:core-bank:api',
    rolesClaim: 'roles',
    algorithms: ALGORITHMS,
    isRevoked: (jti) => revoked.has(jti),
    ask: issuer.ask,
    now: () => issuer.state.now,
    logger,
  });
  const enter = gate(identify)({ scope: 'proofs:read', object: 'bank' });
  app.post('/who', enter, (asked, response) => void response.json(principalOf(asked)));
  finish(app, logger);
  return (token?: string) => {
    const asked = request(app).post('/who');
    return token === undefined ? asked : asked.set('Authorization', `Bearer ${token}`);
  };
}
const seconds = (): number => Math.floor(issuer.state.now / 1_000);
const tokenOf = (claims: Record<string, unknown> = {}, more: Signing = {}) =>
  issuer.sign({ claims, ...more });

test('given a right token, then it is known who sends the request', async () => {
  const { status, body } = await api()(await tokenOf());
  expect([status, body]).toEqual([
    200,
    {
      subject: 'teller-7',
      client: 'branch-desk',
      roles: ['teller'],
      strength: 'single-factor',
      scopes: ['proofs:read', 'cash:write'],
      expires: seconds() + 300,
    },
  ]);
});

test.each(ALGORITHMS)('given a key for %s, then its tokens are taken', async (alg) => {
  issuer.state.published = [await testKey(alg)];
  expect((await api()(await tokenOf())).status).toBe(200);
});

describe('given no token', () => {
  test('then the answer is 401 without an error code, and says how to get one', async () => {
    const { status, headers, body } = await api()();
    expect([status, headers['www-authenticate']]).toEqual([
      401,
      'Bearer realm="core-bank", DPoP realm="core-bank", algs="ES256 EdDSA Ed25519"',
    ]);
    expect(body).toMatchObject({ code: 'unauthenticated' });
    expect(body.detail).toContain('npm run -s token');
  });
  test.each(['Basic dTpw', 'Bearer', 'Bearer a b', 'token', 'Bearer "x"'])(
    'but %s, then nobody is named either',
    async (header) => {
      const app = api();
      expect((await app().set('Authorization', header)).status).toBe(401);
    },
  );
  test('in the header but in the query or a cookie, then nobody is named', async () => {
    const token = await tokenOf();
    const asked = api()().query({ access_token: token }).set('Cookie', `access_token=${token}`);
    expect((await asked).status).toBe(401);
  });
});

/** Attacks and mistakes, by what they are: the token, and the sentence for its sender. */
const REFUSED: readonly [name: string, make: () => Promise<string> | string, sentence: string][] = [
  ['one that has ended', () => tokenOf({ exp: seconds() - 10 }), 'The access token has expired.'],
  [
    'one that is not valid yet',
    () => tokenOf({ nbf: seconds() + 60 }),
    'The access token is not valid yet.',
  ],
  [
    'one of the future',
    () => tokenOf({ iat: seconds() + 60, exp: seconds() + 120 }),
    'The access token was issued in the future.',
  ],
  [
    'one that lives for a day',
    () => tokenOf({ exp: seconds() + 86_400 }),
    'The access token lives longer than 900 seconds.',
  ],
  [
    'one that is signed by the key of somebody else',
    () => tokenOf({}, { key: { ...stranger, kid: issuer.state.published[0]!.kid } }),
    'The signature of the access token is wrong.',
  ],
  [
    'one with an unknown key',
    () => tokenOf({}, { key: stranger }),
    'The access token is not signed by a key of https://issuer.example.',
  ],
  [
    'one of another issuer',
    () => tokenOf({ iss: 'https://evil.example' }),
    'The access token is not of the issuer https://issuer.example.',
  ],
  [
    'one for another service',
    () => tokenOf({ aud: 'https://other.example' }),
    'The access token is not for the audience urn:core-bank:api.',
  ],
  [
    'one without a signature',
    () => new UnsecuredJWT({ sub: 'x', scope: 'proofs:read' }).setExpirationTime('5m').encode(),
    'The access token is signed by an algorithm that is not taken.',
  ],
  [
    'one with the public key as a shared secret',
    hmacByPublicKey,
    'The access token is signed by an algorithm that is not taken.',
  ],
  [
    'an id token',
    () => tokenOf({}, { typ: 'id+jwt' }),
    'The token is no access token: its typ is another one.',
  ],
  [
    'one that was taken back',
    async () => {
      revoked.add('taken-back');
      return tokenOf({ jti: 'taken-back' });
    },
    'The access token was taken back.',
  ],
  ['a word', () => 'password', 'The access token is not a signed JWT that can be read.'],
  [
    'one without a client',
    () => tokenOf({ client_id: undefined }),
    'The access token names no client: it has neither client_id nor azp.',
  ],
  [
    'one without an id',
    () => tokenOf({ jti: undefined }),
    'The claim jti of the access token is missing or wrong.',
  ],
];

/** The oldest trick: a verifier that lets the token choose would check it with what is public. */
async function hmacByPublicKey(): Promise<string> {
  const [header, payload] = (await tokenOf()).split('.') as [string, string];
  const { kid, publicKey } = issuer.state.published[0]!;
  const forged = Buffer.from(JSON.stringify({ alg: 'HS256', kid, typ: 'at+jwt' }));
  const text = `${forged.toString('base64url')}.${payload}`;
  const mac = createHmac('sha256', await exportSPKI(publicKey))
    .update(text)
    .digest('base64url');
  expect(header).not.toBe('');
  return `${text}.${mac}`;
}

describe('given a token that is', () => {
  test.each(REFUSED)('%s, then the answer is 401 and says so', async (_name, make, sentence) => {
    const { status, headers, body } = await api()(await make());
    expect([status, body.code, body.detail]).toEqual([401, 'unauthenticated', sentence]);
    expect(headers['www-authenticate']).toBe(
      `Bearer realm="core-bank", error="invalid_token", error_description="${sentence}"`,
    );
  });
});

describe('given a right token', () => {
  test('without the scope, then the answer is 403 and names it', async () => {
    const { status, headers, body } = await api()(await tokenOf({ scope: 'cash:write' }));
    expect([status, body.code, body.scope]).toEqual([403, 'forbidden', 'proofs:read']);
    expect(headers['www-authenticate']).toContain('error="insufficient_scope"');
  });
  test('without a role of ours, then the answer is 403', async () => {
    const { status, body } = await api()(await tokenOf({ roles: ['gardener'] }));
    expect([status, body.detail]).toEqual([
      403,
      'The access token names no role of this bank in its claim roles.',
    ]);
  });
  test('twice in two headers, then the answer is 400', async () => {
    const token = await tokenOf();
    const { status } = await api()().set('Authorization', [
      `Bearer ${token}`,
      `Bearer ${token}`,
    ] as never);
    expect([400, 401]).toContain(status);
  });
  test('that ends after it was taken, then it is refused from then on', async () => {
    const send = api();
    const token = await tokenOf();
    expect((await send(token)).status).toBe(200);
    issuer.state.now += 310_000;
    expect((await send(token)).body.detail).toBe('The access token has expired.');
  });
  test('that is taken back after it was taken, then it is refused from then on', async () => {
    const send = api();
    const token = await tokenOf({ jti: 'soon' });
    expect((await send(token)).status).toBe(200);
    revoked.add('soon');
    expect((await send(token)).status).toBe(401);
  });
});

describe('given an issuer', () => {
  test('that is away, then the answer is 503, and 200 once it is back', async () => {
    issuer.state.isAway = true;
    const send = api();
    const token = await tokenOf();
    const { status, headers, body } = await send(token);
    expect([status, headers['retry-after'], body.code]).toEqual([503, '2', 'service-unavailable']);
    issuer.state.isAway = false;
    issuer.state.now += 2_000;
    expect((await send(token)).status).toBe(200);
  });
  test('that goes away later, then its tokens are taken on', async () => {
    const send = api();
    expect((await send(await tokenOf())).status).toBe(200);
    issuer.state.isAway = true;
    issuer.state.now += 600_000;
    expect((await send(await tokenOf())).status).toBe(200);
    issuer.state.now += 3_600_000;
    expect((await send(await tokenOf())).status).toBe(503);
  });
  test('with a new key, then old and new tokens are taken, and it is asked once', async () => {
    const send = api();
    const old = await tokenOf();
    expect((await send(old)).status).toBe(200);
    issuer.state.now += 10_000;
    issuer.state.published.unshift(await testKey());
    expect((await send(await tokenOf())).status).toBe(200);
    expect((await send(old)).status).toBe(200);
    expect(issuer.state.questions).toBe(2);
  });
  test('that took a key back, then what that had signed is taken no longer', async () => {
    const send = api();
    const old = await tokenOf();
    expect((await send(old)).status).toBe(200);
    issuer.state.now += 10_000;
    issuer.state.published = [await testKey()];
    expect((await send(await tokenOf())).status).toBe(200);
    expect((await send(old)).status).toBe(401);
  });
  test('and many tokens with unknown keys, then it is asked rarely', async () => {
    const send = api();
    expect((await send(await tokenOf())).status).toBe(200);
    issuer.state.now += 10_000;
    const forged = await tokenOf({}, { key: stranger });
    for (let tries = 0; tries < 20; tries += 1) expect((await send(forged)).status).toBe(401);
    expect(issuer.state.questions).toBe(2);
  });
  test.each([
    ['whose metadata is of another one', { issuer: 'https://evil.example' }],
    ['whose keys come without TLS', { jwks_uri: 'http://issuer.example/keys' }],
  ])('%s, then its keys are not taken', async (_name, metadata) => {
    issuer.state.metadata = metadata;
    expect((await api()(await tokenOf())).status).toBe(503);
    expect(issuer.state.questions).toBe(0);
  });
});
