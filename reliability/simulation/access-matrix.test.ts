import { queryApiForTests } from '../../queries-bank-api/query-api-for-tests.ts';
import { createHmac, randomUUID } from 'node:crypto';
import { exportSPKI, UnsecuredJWT } from 'jose';
import type { Express } from 'express';
import request from 'supertest';
import { silent } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { ROLES, type Role } from '../../contracts/access/principal.ts';
import { SCOPES, scopesOf } from '../../contracts/access/rules.ts';
import { COMMAND_API_OPERATIONS, QUERY_API_OPERATIONS } from '../../contracts/catalogue.ts';
import type { Operation } from '../../contracts/http/openapi.ts';
import { bearer } from '../../platform/tokens/bearer.ts';
import { gate, type Gate } from '../../platform/http/gate.ts';
import {
  testIssuer,
  testKey,
  type Signing,
  type TestIssuer,
  type TestKey,
} from '../../platform/tokens/issuer-for-tests.ts';
import {
  testProver,
  type Otherwise,
  type TestProver,
} from '../../platform/tokens/proof-for-tests.ts';
import { logOf } from '../../queries-bank-api/log/life-for-tests.ts';
import { memoryReadModels } from '../../queries-bank-api/read-models/memory-read-models.ts';
import { commandHouse } from './command-house.ts';

const AUDIENCE = 'urn:core-bank:api';
const PUBLIC_URL = 'https://api.bank.example';
const ID = '0f8fad5b-d9cb-8690-a165-70867728950e';
const revoked = randomUUID();
let issuer: TestIssuer;
let own: TestKey;
let stranger: TestKey;
let publicKey: string;
let seconds: number;
let house: Awaited<ReturnType<typeof commandHouse>>;
let queries: Express;
let prover: TestProver;

beforeAll(async () => {
  issuer = await testIssuer();
  [own] = issuer.state.published as [TestKey];
  stranger = await testKey();
  prover = await testProver();
  publicKey = await exportSPKI(own.publicKey);
  seconds = Math.floor(issuer.state.now / 1_000);
  const door = gate(
    bearer({
      issuer: issuer.url,
      audience: AUDIENCE,
      rolesClaim: 'roles',
      algorithms: ['ES256', 'PS256', 'RS256', 'EdDSA'],
      isRevoked: (jti) => jti === revoked,
      sender: { publicUrl: PUBLIC_URL },
      ask: issuer.ask,
      now: () => issuer.state.now,
      logger: silent,
    }),
  );
  house = await commandHouse(door);
  queries = queriesBehind(door);
});
afterAll(() => house.close());

const all = { roles: [...ROLES], scope: Object.keys(SCOPES).join(' ') };
const signed = (claims: object = {}, more: Signing = {}): Promise<string> =>
  issuer.sign({ claims: { ...all, ...claims }, ...more });
const base64url = (value: object): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * A token that anyone who has read the public key can make, if a verifier takes it for a secret.
 */
function ofPublicKey(): string {
  const claims = { ...all, iss: issuer.url, aud: AUDIENCE, sub: 'x', client_id: 'x', jti: 'x' };
  const head = base64url({ alg: 'HS256', typ: 'at+jwt', kid: own.kid });
  const text = `${head}.${base64url({ ...claims, iat: seconds, exp: seconds + 300 })}`;
  return `${text}.${createHmac('sha256', publicKey).update(text).digest('base64url')}`;
}
const unsigned = (): string =>
  new UnsecuredJWT({ ...all, sub: 'x', client_id: 'x', jti: 'x' })
    .setIssuer(issuer.url)
    .setAudience(AUDIENCE)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 300)
    .encode();

const bound = (): Promise<string> => signed({ cnf: { jkt: prover.jkt } });
/** A bound token, and a proof that is right for an operation but for what is said here. */
const proven =
  (otherwise: Otherwise = {}, tokenOf = bound) =>
  async (operation: Operation): Promise<Shown> => {
    const token = await tokenOf();
    const about = [operation.method.toUpperCase(), `${PUBLIC_URL}${pathOf(operation)}`] as const;
    const proof = await prover.prove(about, token, issuer.state.now, otherwise);
    return { authorization: `DPoP ${token}`, proof };
  };

/** What a request shows. */
interface Shown {
  readonly authorization: string | undefined;
  readonly proof?: string;
}
type Show = (operation: Operation) => Promise<Shown | string | undefined> | string | undefined;

/** How a request may name nobody, and what it shows. */
const NOBODY: Readonly<Record<string, Show>> = {
  'no token': () => undefined,
  'a password': () => 'Basic dGVsbGVyOnRlbGxlcg==',
  'no JWT': () => 'Bearer abc',
  expired: async () => `Bearer ${await signed({ iat: seconds - 400, exp: seconds - 100 })}`,
  'not valid yet': async () => `Bearer ${await signed({ nbf: seconds + 100 })}`,
  'of the future': async () => `Bearer ${await signed({ iat: seconds + 100 })}`,
  'of a day': async () => `Bearer ${await signed({ exp: seconds + 86_400 })}`,
  'key of a stranger': async () => `Bearer ${await signed({}, { key: stranger })}`,
  'key of a stranger by our name': async () =>
    `Bearer ${await signed({}, { key: { ...stranger, kid: own.kid } })}`,
  'alg none': () => `Bearer ${unsigned()}`,
  'HS256 with the public key': () => `Bearer ${ofPublicKey()}`,
  'another issuer': async () => `Bearer ${await signed({ iss: 'https://other.example' })}`,
  'another audience': async () => `Bearer ${await signed({ aud: 'https://other.example' })}`,
  'no audience': async () => `Bearer ${await signed({ aud: undefined })}`,
  'an id token': async () => `Bearer ${await signed({}, { typ: 'id+jwt' })}`,
  'no client': async () => `Bearer ${await signed({ client_id: undefined })}`,
  revoked: async () => `Bearer ${await signed({ jti: revoked })}`,
  'bound to a key, as Bearer': async () => `Bearer ${await bound()}`,
  'bound to a key, without a proof': async () => `DPoP ${await bound()}`,
  'bound to no key, with a proof': proven({}, signed),
  'bound to a certificate that is not there': async () =>
    `Bearer ${await signed({ cnf: { 'x5t#S256': 'a'.repeat(43) } })}`,
  'a proof for another method': proven({ claims: { htm: 'DELETE' } }),
  'a proof for another operation': proven({ claims: { htu: `${PUBLIC_URL}/v1` } }),
  'a proof for another token': proven({ claims: { ath: 'a'.repeat(43) } }),
};

/** Who is known and must not, and who may: the scopes and the roles of the token. */
const rights = (operation: Operation): readonly (readonly [string, object, boolean])[] => {
  const { scope } = operation.access;
  const others = Object.keys(SCOPES).filter((one) => one !== scope);
  const allowed = SCOPES[scope] as readonly Role[];
  return [
    ['every scope but this', { scope: others.join(' ') }, false],
    ['no scope', { scope: '' }, false],
    ['no role', { roles: ['someone'] }, false],
    ...ROLES.map((role) => [role, { roles: [role] }, allowed.includes(role)] as const),
    ...ROLES.map((role) => {
      const scopes = scopesOf([role]).join(' ');
      return [
        `${role} as issued`,
        { roles: [role], scope: scopes },
        allowed.includes(role),
      ] as const;
    }),
  ];
};

function queriesBehind(door: Gate): Express {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  return queryApiForTests(models, logOf([]), 100, { gate: door });
}

/** An unknown parameter, which is looked at behind the gate and before anything is done. */
const pathOf = ({ path }: Operation): string =>
  `${path.replaceAll('{version}', '1').replaceAll(/\{\w+\}/g, ID)}?not-a-parameter=1`;

/**
 * What is answered behind the gate: a customer learns of nothing that is not theirs, not even what
 * is wrong with the question.
 */
function answerBehind({ id, method, access }: Operation, who: string): readonly unknown[] {
  const { object } = access;
  const isOfCustomer = object === 'account' || object === 'person';
  if (method === 'get' && isOfCustomer && who.startsWith('customer')) {
    return [404, `${object}-not-found`];
  }
  if (id === 'reverseTransfer') return [404, 'transfer-not-found'];
  if (id === 'reverseTransaction') return [404, 'transaction-not-found'];
  return [400, 'invalid-request'];
}

const APIS = [
  ['commands', () => house.url, COMMAND_API_OPERATIONS],
  ['queries', () => queries, QUERY_API_OPERATIONS],
] as const;
const CELLS = APIS.flatMap(([, , operations]) => operations).flatMap((operation) => [
  ...Object.keys(NOBODY),
  ...rights(operation),
]);

test('the matrix has a cell for every operation and every sender', () => {
  expect(CELLS.length).toBeGreaterThanOrEqual(1_000);
});

describe.each(APIS)('%s', (_api, server, operations) => {
  test.each(operations.map((operation) => [operation.id, operation] as const))(
    '%s',
    async (_id, operation) => {
      const ask = async (shown: Shown | string | undefined) => {
        const { authorization, proof } =
          typeof shown === 'object' ? shown : { authorization: shown };
        const asked = request(server())[operation.method](pathOf(operation));
        if (operation.method !== 'get') asked.send({});
        if (authorization !== undefined) asked.set('Authorization', authorization);
        if (proof !== undefined) asked.set('DPoP', proof);
        const answer = await asked;
        return [answer.status, answer.body.code, 'www-authenticate' in answer.headers];
      };
      for (const [why, show] of Object.entries(NOBODY)) {
        expect([why, ...(await ask(await show(operation)))]).toEqual([
          why,
          401,
          'unauthenticated',
          true,
        ]);
      }
      expect((await ask(await proven()(operation)))[0]).not.toBe(401);
      for (const [who, claims, may] of rights(operation)) {
        const [status, code] = await ask(`Bearer ${await signed(claims)}`);
        const expected = may ? answerBehind(operation, who) : [403, 'forbidden'];
        expect([who, status, code]).toEqual([who, ...expected]);
      }
    },
  );
});

test('a token counts in its header only, and once', async () => {
  const token = await signed();
  const path = `/v1/audit/status`;
  for (const place of [`?access_token=${token}`, `?token=${token}`]) {
    expect((await request(queries).get(path + place)).status).toBe(401);
  }
  expect((await request(queries).get(path).set('Cookie', `token=${token}`)).status).toBe(401);
  expect((await request(queries).get(path).set('Authorization', `Bearer ${token}`)).status).toBe(
    200,
  );
});

test.each(['/health/live', '/health/ready', '/healthz'])('%s asks for nobody', async (path) => {
  expect((await request(queries).get(path)).status).toBe(200);
  expect((await request(house.url).get(path)).status).toBe(200);
});
