import { createHmac } from 'node:crypto';
import type http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { silentLogger as logger } from '../silent-logger-for-tests.ts';
import { bearer } from './bearer.ts';
import { gate, lookAgain, principalOf } from '../http/gate.ts';
import { createApp, finish } from '../http/http.ts';
import { testIssuer, type TestIssuer } from './issuer-for-tests.ts';
import { testProver, type Otherwise, type TestProver } from './proof-for-tests.ts';
import { FRONT_DOOR } from '../http/requests.ts';
import type { SenderConstraintOptions } from './sender-constraint.ts';

const PUBLIC = 'https://api.bank.example/commands';
const WHO: readonly [string, string] = ['POST', `${PUBLIC}/who`];

let issuer: TestIssuer;
let client: TestProver;
let other: TestProver;
let servers: http.Server[] = [];
beforeAll(async () => {
  [client, other] = [await testProver(), await testProver()];
});
beforeEach(async () => {
  issuer = await testIssuer();
});
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
});

/** An API with one operation, which wants proofs:read. */
async function api(sender: Partial<SenderConstraintOptions> = { publicUrl: PUBLIC }) {
  const identify = bearer({
    issuer: issuer.url,
    audience: 'urn:core-bank:api',
    rolesClaim: 'roles',
    algorithms: ['ES256'],
    sender,
    ask: issuer.ask,
    now: () => issuer.state.now,
    logger,
  });
  const app = createApp({ logger });
  const enter = gate(identify)({ scope: 'proofs:read', object: 'bank' });
  app.post('/who', enter, async (asked, response) => {
    await lookAgain(asked);
    response.json({ client: principalOf(asked).client });
  });
  finish(app, logger);
  const server = app.listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const send = (authorization: string, ...proofs: string[]) => {
    const asked = request(server).post('/who?a=1').set('Authorization', authorization);
    return proofs.length === 0 ? asked : asked.set('DPoP', proofs as unknown as string);
  };
  return { send, own: `http://127.0.0.1:${port}` };
}

const bound = (jkt = client.jkt, claims: object = {}): Promise<string> =>
  issuer.sign({ claims: { cnf: { jkt }, ...claims } });
const proofFor = (token: string, otherwise: Otherwise = {}, about = WHO): Promise<string> =>
  client.prove(about, token, issuer.state.now, otherwise);
const secondsFrom = (seconds: number): number => Math.floor(issuer.state.now / 1_000) + seconds;

test.each(['ES256', 'EdDSA', 'Ed25519'])(
  'given a token that is bound to a key for %s, and a proof, then it is taken',
  async (alg) => {
    const prover = await testProver(alg);
    const token = await bound(prover.jkt);
    const proof = await prover.prove(WHO, token, issuer.state.now);
    const { status, body } = await (await api()).send(`DPoP ${token}`, proof);
    expect([status, body]).toEqual([200, { client: 'branch-desk' }]);
  },
);

test.each([
  ['scheme', () => `dpop `],
  ['scheme in capitals', () => `DPOP `],
])('given the %s spelled otherwise, then it is the same one', async (_name, scheme) => {
  const token = await bound();
  const { status } = await (await api()).send(`${scheme()}${token}`, await proofFor(token));
  expect(status).toBe(200);
});

test.each([
  ['as it says', undefined, 'http://localhost:3000'],
  ['as is configured', PUBLIC, PUBLIC],
])('given a request by a front door, a proof names that one, %s', async (_how, publicUrl, base) => {
  const { send, own } = await api({ frontDoor: { publicUrl } });
  const token = await bound();
  const by = async (address: string, ...said: readonly string[]) => {
    const proof = await proofFor(token, {}, ['POST', `${address}/who`]);
    const asked = send(`DPoP ${token}`, proof);
    return (await (said[0] === undefined ? asked : asked.set(FRONT_DOOR, said[0]))).status;
  };
  const said = 'http://localhost:3000';
  expect([await by(base, said), await by(own, said), await by(own)]).toEqual([200, 401, 200]);
  const other = 'https://evil.example';
  expect(await by(other, other)).toBe(401);
});

test('given no public address, then a proof names the one that was called', async () => {
  const { send, own } = await api({});
  const token = await bound();
  const about = ['POST', `${own}/who`] as const;
  expect((await send(`DPoP ${token}`, await proofFor(token, {}, about))).status).toBe(200);
  expect((await send(`DPoP ${token}`, await proofFor(token))).status).toBe(401);
});

test.each([`${PUBLIC}/who?other=1#part`, 'HTTPS://API.BANK.EXAMPLE:443/commands/who'])(
  'given the address spelled as %s, then it is the same one',
  async (htu) => {
    const token = await bound();
    const proof = await proofFor(token, { claims: { htu } });
    expect((await (await api()).send(`DPoP ${token}`, proof)).status).toBe(200);
  },
);

/** The oldest trick: a verifier that lets the proof choose would check it with what is public. */
function byPublicKey(): string {
  const header = { alg: 'HS256', typ: 'dpop+jwt', jwk: client.jwk };
  const parts = [header, { htm: 'POST' }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const mac = createHmac('sha256', JSON.stringify(client.jwk)).update(parts.join('.'));
  return `${parts.join('.')}.${mac.digest('base64url')}`;
}

/** Bad proofs, by what is wrong: the proof, and the sentence for its sender. */
type Make = (token: string) => Promise<string> | string;
const BAD: readonly (readonly [name: string, make: Make, sentence: string])[] = [
  ['no JWT', () => 'abc', 'The proof is not a signed JWT that can be read.'],
  ['too long', () => 'a'.repeat(4_097), 'The proof is too long.'],
  [
    'for another method',
    (token) => proofFor(token, { claims: { htm: 'GET' } }),
    'The proof is for another method.',
  ],
  [
    'for another address',
    (token) => proofFor(token, { claims: { htu: 'https://evil.example/commands/who' } }),
    `The proof is for another address than ${PUBLIC}/who.`,
  ],
  [
    'for no address',
    (token) => proofFor(token, { claims: { htu: 'who' } }),
    `The proof is for another address than ${PUBLIC}/who.`,
  ],
  [
    'for another access token',
    async () => proofFor(await bound()),
    'The proof is for another access token.',
  ],
  [
    'for no access token',
    (token) => proofFor(token, { claims: { ath: undefined } }),
    'The proof is for another access token.',
  ],
  [
    'too old',
    (token) => proofFor(token, { claims: { iat: secondsFrom(-61) } }),
    'The proof is older than 60 seconds.',
  ],
  [
    'of the future',
    (token) => proofFor(token, { claims: { iat: secondsFrom(6) } }),
    'The proof was made in the future.',
  ],
  [
    'older than the server',
    (token) => proofFor(token, { claims: { iat: secondsFrom(-1) } }),
    'The proof is older than this server: make a new one.',
  ],
  [
    'of another key than the token',
    (token) => other.prove(WHO, token, issuer.state.now),
    'The proof is not of the key that the access token is bound to.',
  ],
  [
    'signed by another key than it names',
    (token) => proofFor(token, { by: other }),
    'The signature of the proof is wrong.',
  ],
  [
    'with its private key',
    (token) => proofFor(token, { header: { jwk: client.privateJwk } }),
    'The proof gives its private key away.',
  ],
  [
    'without a key',
    (token) => proofFor(token, { header: { jwk: undefined } }),
    'The proof names no public key in its jwk.',
  ],
  [
    'with a key that is none',
    (token) => proofFor(token, { header: { jwk: { kty: 'EC' } } }),
    'The proof names no public key in its jwk.',
  ],
  [
    'of another type',
    (token) => proofFor(token, { header: { typ: 'JWT' } }),
    'The proof is none: its typ is not dpop+jwt.',
  ],
  [
    'signed by what is public',
    byPublicKey,
    'The proof is signed by an algorithm that is not taken.',
  ],
  ...(['iat', 'jti', 'htm', 'htu'] as const).map(
    (claim) =>
      [
        `without ${claim}`,
        (token: string) => proofFor(token, { claims: { [claim]: undefined } }),
        `The claim ${claim} of the proof is missing or wrong.`,
      ] as const,
  ),
  [
    'with an empty id',
    (token) => proofFor(token, { claims: { jti: '' } }),
    'The claim jti of the proof is missing or wrong.',
  ],
];

describe('given a bound token and a proof that is', () => {
  test.each(BAD)('%s, then the answer is 401 and says so', async (_name, make, sentence) => {
    const token = await bound();
    const { send } = await api();
    const { status, headers, body } = await send(`DPoP ${token}`, await make(token));
    expect([status, body.code, body.detail]).toEqual([401, 'unauthenticated', sentence]);
    expect(headers['www-authenticate']).toBe(
      'DPoP realm="core-bank", algs="ES256 EdDSA Ed25519", error="invalid_dpop_proof", ' +
        `error_description="${sentence}"`,
    );
  });
  test('missing, then the answer is 401 and says so', async () => {
    const { status, body } = await (await api()).send(`DPoP ${await bound()}`);
    expect([status, body.detail]).toEqual([401, 'The header DPoP with the proof is missing.']);
  });
  test('there twice, then the answer is 401 and says so', async () => {
    const token = await bound();
    const { send } = await api();
    const twice = [await proofFor(token), await proofFor(token)];
    const { status, body } = await send(`DPoP ${token}`, ...twice);
    expect([status, body.detail]).toEqual([401, 'The header DPoP must be sent once.']);
  });
  test('used before, then it counts no second time', async () => {
    const token = await bound();
    const { send } = await api();
    const proof = await proofFor(token);
    expect((await send(`DPoP ${token}`, proof)).status).toBe(200);
    const { status, body } = await send(`DPoP ${token}`, proof);
    expect([status, body.detail]).toEqual([401, 'The proof was used before: each is for one use.']);
    expect((await send(`DPoP ${token}`, await proofFor(token))).status).toBe(200);
  });
  test('sent twice at once, then it counts once', async () => {
    const token = await bound();
    const { send } = await api();
    const proof = await proofFor(token);
    const both = await Promise.all([0, 1].map(() => send(`DPoP ${token}`, proof)));
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401]);
  });
  test('of a client without room for more, then that one waits and another does not', async () => {
    // 160 bytes each: six proofs of a client, of which one person has three.
    const { send } = await api({
      publicUrl: PUBLIC,
      proofsMibMax: 1,
      proofsMibPerClientMax: 1 / 1_024,
    });
    const token = await bound();
    const next = async () => send(`DPoP ${token}`, await proofFor(token));
    for (let used = 0; used < 3; used += 1) expect((await next()).status).toBe(200);
    const { status, headers, body } = await next();
    expect([status, headers['retry-after'], body.code]).toEqual([429, '5', 'too-many-requests']);
    const others = await bound(client.jkt, { client_id: 'another' });
    expect((await send(`DPoP ${others}`, await proofFor(others))).status).toBe(200);
    issuer.state.now += 66_000;
    expect((await next()).status).toBe(200);
  });
});

describe('given a token that is bound to', () => {
  test('a key, but comes as Bearer, then the answer is 401 and asks for DPoP', async () => {
    const token = await bound();
    const { status, headers, body } = await (
      await api()
    ).send(`Bearer ${token}`, await proofFor(token));
    const sentence = 'The access token is bound to a key: send it as DPoP, with a proof.';
    expect([status, body.detail]).toEqual([401, sentence]);
    expect(headers['www-authenticate']).toMatch(/^DPoP .*error="invalid_token"/);
  });
  test('nothing, but comes as DPoP, then the answer is 401', async () => {
    const token = await issuer.sign();
    const { status, body } = await (await api()).send(`DPoP ${token}`, await proofFor(token));
    expect([status, body.detail]).toEqual([
      401,
      'The access token is bound to no key: send it as Bearer.',
    ]);
  });
  test.each([
    ['a certificate, and comes without one', { 'x5t#S256': 'a'.repeat(43) }, 'certificate'],
    ['what is not checked here', { jwk: {} }, 'cnf has other than'],
    ['nothing that is named', {}, 'cnf has other than'],
    ['no thumbprint', { jkt: 'short' }, 'cnf has other than'],
    ['a key and more', { jkt: 'a'.repeat(43), kid: '1' }, 'cnf has other than'],
    ['a word', 'key', 'cnf has other than'],
  ])('%s, then the answer is 401 and says so', async (_name, cnf, sentence) => {
    const token = await issuer.sign({ claims: { cnf } });
    const { status, body } = await (await api()).send(`Bearer ${token}`);
    expect(status).toBe(401);
    expect(body.detail).toContain(sentence);
  });
  test('a key, and lacks the scope, then 403 is a challenge of DPoP', async () => {
    const token = await bound(client.jkt, { scope: 'cash:write' });
    const { status, headers } = await (await api()).send(`DPoP ${token}`, await proofFor(token));
    expect(status).toBe(403);
    expect(headers['www-authenticate']).toMatch(/^DPoP .*insufficient_scope/);
  });
  test('a key, and has ended, then the answer is 401 as for any other', async () => {
    const token = await bound();
    issuer.state.now += 310_000;
    const { body } = await (await api()).send(`DPoP ${token}`, await proofFor(token));
    expect(body.detail).toBe('The access token has expired.');
  });
});

describe('given a bank that asks for bound tokens', () => {
  const required = { publicUrl: PUBLIC, isRequired: true };
  test('then one that is not is refused, and one that is is taken', async () => {
    const { send } = await api(required);
    const { status, headers, body } = await send(`Bearer ${await issuer.sign()}`);
    expect([status, body.detail]).toEqual([
      401,
      'The access token is bound to no key, which is asked for.',
    ]);
    expect(headers['www-authenticate']).toMatch(/^DPoP /);
    const token = await bound();
    expect((await send(`DPoP ${token}`, await proofFor(token))).status).toBe(200);
  });
  test('then who comes without a token learns of no Bearer', async () => {
    const { headers } = await (await api(required)).send('');
    expect(headers['www-authenticate']).toBe('DPoP realm="core-bank", algs="ES256 EdDSA Ed25519"');
  });
});
