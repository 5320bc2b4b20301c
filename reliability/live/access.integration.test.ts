import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { loadSecrets } from '../../runtime/secrets.ts';
import { send as sendRaw } from '../bad-input/raw-http.ts';
import { bankUnderTest, type BankUnderTest } from '../faults/bank-under-test.ts';

const REDIRECT = 'http://127.0.0.1:47111/callback';
const ISSUER_PORT = 3_860;
const PORTS_PER_INSTANCE = 1_000;

jest.setTimeout(120_000);

let house: BankUnderTest;
let issuer: string;
beforeAll(async () => {
  house = await bankUnderTest();
  issuer = `http://127.0.0.1:${ISSUER_PORT + PORTS_PER_INSTANCE * house.bank.instance.number}`;
});
afterAll(() => house.close());

const inIssuer = (file: string): string => join(house.bank.instance.dataDir, 'issuer', file);
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as never;
const kidOf = (token: string): unknown =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid?: string })
    .kid;
type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };
const send = (path: string, token?: string, init: Init = {}): Promise<Response> => {
  const url = path.startsWith('/v1/audit') ? house.queryUrl : house.commandUrl;
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  return fetch(`${url}${path}`, { ...init, headers });
};
const register = (token?: string): Promise<Response> =>
  send('/v1/persons', token, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ givenName: 'Ada', familyName: 'Novak' }),
  });

interface Given {
  readonly access_token: string;
  readonly error?: string;
}
const ask = async (parameters: Record<string, string>, client?: string): Promise<Given> => {
  const basic = client === undefined ? '' : Buffer.from(client).toString('base64');
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: client === undefined ? {} : { authorization: `Basic ${basic}` },
    body: new URLSearchParams(parameters),
  });
  return (await answer.json()) as Given;
};

describe('given no token', () => {
  test('then no route but health and documentation answers', async () => {
    expect((await register()).status).toBe(401);
    expect((await send('/v1/audit/status')).status).toBe(401);
    for (const url of [house.commandUrl, house.queryUrl]) {
      expect(await (await fetch(`${url}/health/ready`)).json()).toEqual({ status: 'ready' });
      expect((await fetch(`${url}/openapi.json`)).status).toBe(200);
    }
  });
  test('then the local issuer gives none either', async () => {
    const grant = { grant_type: 'urn:core-bank:grant-type:local', roles: 'teller' };
    expect(await ask(grant)).toMatchObject({ error: 'invalid_request' });
    expect(await ask(grant, 'core-bank-local:guessed')).toMatchObject({ error: 'invalid_client' });
    const hostile = { name: '', method: 'GET', path: '/jwks', headers: { host: 'evil.example' } };
    expect((await sendRaw(issuer, hostile)).status).toBe(421);
  });
});

test('given client credentials, then a service gets in, with its rights alone', async () => {
  const { issuerService } = loadSecrets(house.bank.instance.dataDir);
  const { access_token: token } = await ask(
    { grant_type: 'client_credentials', scope: 'persons:write audit:log' },
    `core-bank-service:${issuerService}`,
  );
  expect(claimsOf(token)).toMatchObject({ sub: 'core-bank-service', roles: ['service'] });
  expect((await register(token)).status).toBe(201);
  expect((await send('/v1/audit/log', token)).status).toBe(403);
});

/** Follows the redirects of a browser as far as the page, or to the client. */
async function browser(start: string) {
  const cookies = new Map<string, string>();
  const open = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const next = answer.headers.get('location');
    if (next === null) return answer;
    const target = new URL(next, url).href;
    return target.startsWith(REDIRECT)
      ? new Response(null, { headers: { at: target } })
      : open(target);
  };
  let page = await open(start);
  const address = page.url;
  return {
    page: await page.text(),
    policy: page.headers.get('content-security-policy'),
    signIn: async (fields: Record<string, string>) => {
      page = await open(address, { method: 'POST', body: new URLSearchParams(fields) });
      return page;
    },
  };
}

describe('given a person who signs in by code with PKCE', () => {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const start = (more: Record<string, string> = {}): string =>
    `${issuer}/auth?${String(
      new URLSearchParams({
        client_id: 'core-bank-web',
        response_type: 'code',
        redirect_uri: REDIRECT,
        scope: 'openid accounts:read cash:write',
        code_challenge: challenge,
        code_challenge_method: 'S256',
        ...more,
      }),
    )}`;
  const passwordOf = (role: string): string =>
    (JSON.parse(readFileSync(inIssuer('passwords.json'), 'utf8')) as Record<string, string>)[role]!;

  test('then the token has the rights of the role that were asked for, once', async () => {
    const { page, policy, signIn } = await browser(start());
    expect(page).toContain('core-bank-web');
    expect(page).not.toMatch(/src=|https?:/);
    expect(policy).toContain("default-src 'none'");
    expect((await signIn({ role: 'auditor', password: 'guessed' })).status).toBe(401);
    const done = await signIn({ role: 'auditor', password: passwordOf('auditor') });
    const code = new URL(done.headers.get('at') ?? '').searchParams.get('code') ?? '';
    const exchange = {
      grant_type: 'authorization_code',
      client_id: 'core-bank-web',
      redirect_uri: REDIRECT,
      code,
    };
    const foreign = randomBytes(32).toString('base64url');
    expect(await ask({ ...exchange, code_verifier: foreign })).toMatchObject({
      error: 'invalid_grant',
    });
    const again = await browser(start());
    const signed = await again.signIn({ role: 'auditor', password: passwordOf('auditor') });
    const fresh = new URL(signed.headers.get('at') ?? '').searchParams.get('code') ?? '';
    const right = { ...exchange, code: fresh, code_verifier: verifier };
    const { access_token: token } = await ask(right);
    expect(claimsOf(token)).toMatchObject({
      sub: 'auditor',
      client_id: 'core-bank-web',
      roles: ['auditor'],
      scope: 'accounts:read',
      amr: ['pwd'],
    });
    expect((await send('/v1/audit/status', token)).status).toBe(403);
    expect(await ask(right)).toMatchObject({ error: 'invalid_grant' });
  });

  test('without PKCE, then nobody gets a code', async () => {
    const plain = start().replace(/&code_challenge=[^&]*&code_challenge_method=S256/, '');
    const answer = await fetch(plain, { redirect: 'manual' });
    expect(answer.headers.get('location') ?? (await answer.text())).toContain('invalid_request');
  });
});

const LOOK_AGAIN_MS = 1_500;

test('given a new signing key, then tokens of it and of the old one are taken', async () => {
  const old = await house.bank.token(['teller'], { subject: 'before' });
  expect((await register(old)).status).toBe(201);
  house.bank.kill('issuer', 'SIGHUP');
  let fresh = old;
  for (let tries = 0; tries < 50 && kidOf(fresh) === kidOf(old); tries += 1) {
    await sleep(100);
    fresh = await house.bank.token(['teller'], { subject: `after-${tries}` });
  }
  expect(kidOf(fresh)).not.toBe(kidOf(old));
  // The APIs look for a key that they do not know once a second at most.
  await sleep(LOOK_AGAIN_MS);
  expect((await register(fresh)).status).toBe(201);
  expect((await register(old)).status).toBe(201);
  expect(house.bank.restartCount('issuer')).toBe(0);
});

test('given an issuer that died, then tokens are taken on, and new ones come soon', async () => {
  const token = await house.bank.token(['teller'], { subject: 'survivor' });
  house.bank.kill('issuer', 'SIGKILL');
  expect((await register(token)).status).toBe(201);
  for (let tries = 0; ; tries += 1) {
    const next = await house.bank.token(['teller'], { subject: `next-${tries}` }).catch(() => '');
    if (next !== '') break;
    expect(tries).toBeLessThan(100);
    await sleep(100);
  }
});

test('given a token that is taken back, then it is refused within seconds', async () => {
  const token = await house.bank.token(['teller'], { subject: 'leaked' });
  expect((await register(token)).status).toBe(201);
  const file = join(house.bank.instance.dataDir, 'revoked-tokens');
  writeFileSync(file, `${String(claimsOf(token)['jti'])}\n`);
  for (let tries = 0; tries < 50 && (await register(token)).status !== 401; tries += 1) {
    await sleep(100);
  }
  expect((await register(token)).status).toBe(401);
});

/** The lines of the first steps, as they stand in the README. */
function firstSteps(): string {
  const readme = readFileSync(join(house.bank.instance.root, 'README.md'), 'utf8');
  const section = readme.slice(readme.indexOf('## First steps'));
  const blocks = section.slice(0, section.indexOf('\n## ')).split('```');
  return blocks.filter((_text, at) => at % 2 === 1).join('\n');
}

test('given the first steps of the README, then they do what they say', async () => {
  const { number, root, dataDir } = house.bank.instance;
  const script = firstSteps()
    .replaceAll(/127\.0\.0\.1:(300[01])/g, (_all, port: string) => {
      return `127.0.0.1:${Number(port) + PORTS_PER_INSTANCE * number}`;
    })
    .replaceAll('npm run -s token --', `node ${root}/dist/operations/token.js`)
    .replaceAll('npm run verify --', `node ${root}/dist/proofs/verify.js`);
  expect(script).toContain('TOKEN=$(');
  const cwd = join(dataDir, 'first-steps');
  mkdirSync(cwd);
  const { stdout } = await promisify(execFile)('bash', ['-euc', script], {
    cwd,
    env: {
      ...process.env,
      CORE_BANK_INSTANCE: String(number),
      CORE_BANK_DATA: dataDir,
      CORE_BANK_HOME: root,
      CORE_BANK_CALLED_FROM: cwd,
    },
  });
  expect(stdout).toContain('"ledger":"125.50"');
  expect(stdout).toContain('PROVEN');
});
