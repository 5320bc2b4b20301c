import { hash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { once } from 'node:events';
import { z } from 'zod';
import { publicApiConfig } from '../config.ts';
import { silentLogger as logger } from '../silent-logger-for-tests.ts';
import { bearer } from '../tokens/bearer.ts';
import { selfSigned } from './certificate-for-tests.ts';
import { gate } from './gate.ts';
import { health } from './health.ts';
import { createApp, finish } from './http.ts';
import { testIssuer, type TestIssuer } from '../tokens/issuer-for-tests.ts';
import { listenPublic } from './public-listener.ts';

const TOKEN = 'a token of the sidecar';
const folder = mkdtempSync(path.join(tmpdir(), 'tls-'));
const [certFile, keyFile] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
const put = ({ cert, key }: { cert: string; key: string }): void => {
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
};
const first = selfSigned('first');
const second = selfSigned('second');

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const settings = () =>
  z.object(publicApiConfig).parse({
    APP_PORT: plain,
    DAPR_HTTP_PORT: 1,
    DAPR_API_TOKEN: TOKEN,
    APP_API_TOKEN: TOKEN,
    OIDC_ISSUER: 'http://127.0.0.1:1',
    TLS_CERT_FILE: certFile,
    TLS_KEY_FILE: keyFile,
    TLS_PORT: secure,
    TLS_CLIENT_CERTIFICATES: 'ask',
  });

let stop: () => Promise<void>;
let issuer: TestIssuer;
let [plain, secure] = [0, 0];
beforeAll(async () => {
  put(first);
  [plain, secure] = [await freePort(), await freePort()];
  const app = createApp({ logger });
  app.get('/things', (_request, response) => void response.json({}));
  issuer = await testIssuer();
  const identify = bearer({
    issuer: issuer.url,
    audience: 'urn:core-bank:api',
    rolesClaim: 'roles',
    algorithms: ['ES256'],
    ask: issuer.ask,
    now: () => issuer.state.now,
    logger,
  });
  const enter = gate(identify)({ scope: 'proofs:read', object: 'bank' });
  app.get('/bound', enter, (_request, response) => void response.json({}));
  health(app, {}, () => true);
  finish(app, logger);
  stop = await listenPublic(app, settings(), logger);
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

test('given production, nothing listens beyond this machine without TLS', async () => {
  const config = { ...settings(), TLS_CERT_FILE: undefined, TLS_KEY_FILE: undefined };
  Object.assign(process.env, { CORE_BANK_PRODUCTION: 'yes', LISTEN_HOST: '0.0.0.0' });
  const listening = listenPublic(() => undefined, config, logger);
  delete process.env['CORE_BANK_PRODUCTION'];
  delete process.env['LISTEN_HOST'];
  await expect(listening).rejects.toThrow('asks for TLS on 0.0.0.0');
});

type Asked = { status: number | undefined; headers: http.IncomingHttpHeaders; body: string };
const asked = async (request: http.ClientRequest): Promise<Asked> => {
  request.end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
};
const overTls = (options: https.RequestOptions = {}): Promise<Asked> =>
  asked(
    https.request({
      host: '127.0.0.1',
      port: secure,
      path: '/things',
      ca: [first.cert, second.cert],
      agent: false,
      ...options,
    }),
  );
const overHttp = (where: string, headers: http.OutgoingHttpHeaders = {}): Promise<Asked> =>
  asked(http.request({ host: '127.0.0.1', port: plain, path: where, headers, agent: false }));

test('given a client that comes by TLS, it is served, and may come so only', async () => {
  const { status, headers } = await overTls();
  expect(status).toBe(200);
  expect(headers['strict-transport-security']).toMatch(/^max-age=31536000/);
});

test('given TLS older than 1.2, nobody is served', async () => {
  const old = {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  } as const;
  await expect(overTls(old)).rejects.toThrow();
});

test('given a client without TLS, it is not served, but the sidecar is, and health', async () => {
  const refused = await overHttp('/things');
  expect([refused.status, refused.headers['strict-transport-security']]).toEqual([421, undefined]);
  expect(JSON.parse(refused.body)).toMatchObject({
    code: 'misdirected-request',
    detail: `Clients come by TLS, to port ${secure}.`,
  });
  expect((await overHttp('/things', { 'dapr-api-token': 'another token' })).status).toBe(421);
  expect((await overHttp('/things', { 'dapr-api-token': TOKEN })).status).toBe(200);
  expect((await overHttp('/healthz')).status).toBe(200);
});

test('given a token that is bound to a certificate, it counts with that one only', async () => {
  const x5t = hash('sha256', new X509Certificate(second.cert).raw, 'base64url');
  const token = await issuer.sign({ claims: { cnf: { 'x5t#S256': x5t } } });
  const bound = { path: '/bound', headers: { authorization: `Bearer ${token}` } };
  expect((await overTls({ ...bound, ...second })).status).toBe(200);
  for (const other of [first, {}]) {
    const { status, body } = await overTls({ ...bound, ...other });
    expect([status, JSON.parse(body).detail]).toEqual([
      401,
      'The access token is bound to a certificate that this connection has not.',
    ]);
  }
  const plainly = await overHttp('/bound', { ...bound.headers, 'dapr-api-token': TOKEN });
  expect(plainly.status).toBe(401);
});

const nameShown = async (): Promise<string> => {
  const socket = tls.connect({ host: '127.0.0.1', port: secure, ca: [first.cert, second.cert] });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
};

test('given new files, new connections get them, open ones go on, bad files nobody', async () => {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  expect((await overTls({ agent })).status).toBe(200);
  expect(await nameShown()).toBe('first');
  put(second);
  process.emit('SIGHUP');
  expect(await nameShown()).toBe('second');
  put({ ...first, key: second.key });
  process.emit('SIGHUP');
  expect(await nameShown()).toBe('second');
  const sockets = Object.values(agent.freeSockets).flat();
  expect(sockets).toHaveLength(1);
  expect((await overTls({ agent })).status).toBe(200);
  expect(Object.values(agent.freeSockets).flat()).toEqual(sockets);
  agent.destroy();
});
