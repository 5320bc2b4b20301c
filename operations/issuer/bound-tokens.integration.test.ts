import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt, type JWK } from 'jose';
import { freePort } from '../../runtime/ports.ts';
import { LOCAL_CLIENT, LOCAL_GRANT } from '../../runtime/programs/issuer.ts';
import { possessionProof, proofKey } from '../possession-proof.ts';

const AUDIENCE = 'urn:core-bank:api';
const secrets = { local: randomUUID(), service: randomUUID() };
const folder = mkdtempSync(join(tmpdir(), 'issuer-'));
let program: ChildProcess;
let url: string;
let key: JWK;

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const env = {
    PATH: process.env['PATH'],
    LOG_LEVEL: 'warn',
    ISSUER_PORT: String(port),
    ISSUER_FOLDER: folder,
    ISSUER_LOCAL_SECRET: secrets.local,
    ISSUER_SERVICE_SECRET: secrets.service,
    OIDC_AUDIENCE: AUDIENCE,
  };
  const main = join(process.cwd(), 'dist', 'operations', 'issuer', 'main.js');
  program = spawn(process.execPath, [main], { env, stdio: 'ignore' });
  const isThere = () =>
    fetch(url).then(
      () => true,
      () => false,
    );
  while (!(await isThere())) await sleep(50);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  key = privateKey.export({ format: 'jwk' }) as JWK;
}, 60_000);
afterAll(async () => {
  program.kill();
  await once(program, 'exit');
  rmSync(folder, { recursive: true });
});

const GRANTS = [
  ['the local grant', { grant_type: LOCAL_GRANT, roles: 'teller' }, LOCAL_CLIENT, secrets.local],
  [
    'client credentials',
    { grant_type: 'client_credentials', resource: AUDIENCE, scope: 'accounts:read' },
    'core-bank-service',
    secrets.service,
  ],
] as const;
type Grant = readonly [string, Readonly<Record<string, string>>, client: string, secret: string];

const ask = async ([, parameters, client, secret]: Grant, dpop?: string) => {
  const credentials = Buffer.from(`${client}:${secret}`).toString('base64');
  const headers = {
    authorization: `Basic ${credentials}`,
    ...(dpop === undefined ? {} : { dpop }),
  };
  const body = new URLSearchParams(parameters);
  const answer = await fetch(`${url}/token`, { method: 'POST', headers, body });
  return { status: answer.status, said: (await answer.json()) as Record<string, unknown> };
};

describe.each(GRANTS)('%s', (...grant) => {
  test('given a proof, then the token is bound to its key', async () => {
    const { status, said } = await ask(grant, await possessionProof(key, 'POST', `${url}/token`));
    expect([status, said['token_type']]).toEqual([200, 'DPoP']);
    const { cnf } = decodeJwt(String(said['access_token']));
    expect(cnf).toEqual({ jkt: expect.stringMatching(/^[\w-]{43}$/) });
  });
  test('given a proof for another address, then there is no token', async () => {
    const { status, said } = await ask(grant, await possessionProof(key, 'POST', url));
    expect([status, said['error']]).toEqual([400, 'invalid_dpop_proof']);
  });
  test('given no proof, then the token is bound to nothing', async () => {
    const { status, said } = await ask(grant);
    expect([status, said['token_type']]).toEqual([200, 'Bearer']);
    expect(decodeJwt(String(said['access_token']))).not.toHaveProperty('cnf');
  });
});

test('the key of this machine is made once', () => {
  expect(proofKey(folder)).toEqual(proofKey(folder));
});
