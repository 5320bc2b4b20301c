import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { APP_IDS, namespaceOf, type AppId } from '../../contracts/access/namespaces.ts';
import { SIDECAR_RIGHTS } from '../../contracts/access/service-calls.ts';
import { sidecarToken } from '../../runtime/environment.ts';
import { renewSentryTokens, sentryTokenFile } from '../../runtime/mesh/identities.ts';
import type { DaprApp } from '../../runtime/programs/dapr-yaml.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { bankUnderTest, type BankUnderTest } from '../faults/bank-under-test.ts';
import { executed } from '../faults/executed.ts';
import { askSentry, type Claim } from './identity-for-tests.ts';
import {
  grpcPeer,
  member,
  NO_CONNECTION,
  PERMISSION_DENIED,
  UNIMPLEMENTED,
  type Credential,
} from './raw-grpc-for-tests.ts';

const NOBODY = 65_534;
/** Sentry watches the file of the keys. */
const RENEWAL_MS_MAX = 10_000;
const ID = '0f8fad5b-d9cb-869f-a165-70867728950e';
const INTERNALS = '/dapr.proto.internals.v1.ServiceInvocation';
const PLACEMENT = '/dapr.proto.placement.v1.Placement/ReportDaprStatus';
const VERBS = ['NONE', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE'];

type Route = readonly [method: string, path: string];

/** What no app may call at another one, although that serves it to somebody. */
const FOREIGN: readonly Route[] = [
  ['POST', '/events/account-events'],
  ['POST', '/events/ledger'],
  ['POST', '/ledger'],
  ['POST', '/rebuild'],
  ['GET', '/rebuild'],
  ['POST', '/operator/keys'],
  ['PUT', `/actors/BankAccount/${ID}/method/execute`],
  ['DELETE', `/actors/BankAccount/${ID}`],
  ['POST', '/v1/persons'],
  ['POST', `/v1/accounts/${ID}/deposits`],
  ['POST', '/sidecar/account-commands'],
  ['GET', '/dapr/config'],
  ['GET', '/health/ready'],
  ['GET', '/metrics'],
];
const named = (path: string): string =>
  path.replace('{stream}', `acct/${ID}`).replace(/\{\w+\}/, ID);
const TABLE = new Map(
  APP_IDS.flatMap((caller) =>
    SIDECAR_RIGHTS[caller].calls.map(({ method, path }) => [`${method} ${path}`, [method, path]]),
  ) as [string, Route][],
);
const ROUTES: readonly Route[] = [...TABLE.values(), ...FOREIGN];
const isInTable = (caller: AppId, callee: AppId, [method, path]: Route): boolean =>
  SIDECAR_RIGHTS[caller].calls.some(
    (call) => call.app === callee && call.method === method && call.path === path,
  );

let house: BankUnderTest;
let credentials: ReadonlyMap<AppId, Credential>;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
jest.setTimeout(120_000);

const appOf = (id: AppId): DaprApp => house.bank.apps.find(({ appID }) => appID === id)!;
const tokenOf = (id: string): string =>
  readFileSync(sentryTokenFile(house.bank.instance.dataDir, id), 'utf8');
const ask = (claim: Claim) => {
  const { ports, dataDir } = house.bank.instance;
  return askSentry(ports.sentry, dataDir, claim);
};

beforeAll(async () => {
  house = await bankUnderTest();
  const pairs = APP_IDS.map(async (id) => {
    const claim = { id, namespace: namespaceOf(id), token: tokenOf(id) };
    return [id, (await ask(claim)).credential] as const;
  });
  credentials = new Map(await Promise.all(pairs));
});
afterAll(async () => {
  agent.destroy();
  await house.close();
});

interface Said {
  readonly status: number;
  readonly text: string;
}

/** A request to the sidecar of an app with the app's own token. */
const askSidecar = (
  id: AppId,
  [method, path]: Route,
  headers: Readonly<Record<string, string>> = {},
): Promise<Said> =>
  new Promise((resolve, reject) => {
    const secrets = loadSecrets(house.bank.instance.dataDir);
    const sent = request(
      {
        agent,
        method,
        path,
        port: appOf(id).daprHTTPPort,
        headers: { 'dapr-api-token': sidecarToken(secrets, id), ...headers },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    sent.on('error', reject);
    sent.end(method === 'GET' || method === 'DELETE' ? undefined : '{}');
  });
/** By the rule of the app's own sidecar, or by the certificate at that of the callee. */
const isRefused = ({ status, text }: Said): boolean =>
  (status === 403 && text.includes('access control policy has denied')) ||
  (status === 400 && text.includes('invalid router'));

/** A call as one sidecar makes it to another; its headers are the caller's to choose. */
const localCall = ([method, path]: Route, caller: string): Buffer => {
  const header = (name: string, value: string): Buffer =>
    member(2, Buffer.concat([member(1, name), member(2, member(1, value))]));
  const message = Buffer.concat([
    member(1, named(path).slice(1)),
    member(2, member(2, '{}')),
    member(3, 'application/json'),
    member(4, member(1, VERBS.indexOf(method))),
  ]);
  return Buffer.concat([
    member(1, 1),
    header('dapr-caller-app-id', caller),
    header('Connection', 'dapr-caller-app-id, dapr-callee-app-id'),
    member(3, message),
  ]);
};

describe('one app calls another', () => {
  test('given the certificate of each app, only what the table names is let in', async () => {
    const wrong: string[] = [];
    let calls = 0;
    for (const caller of APP_IDS) {
      for (const callee of APP_IDS.filter((id) => id !== caller)) {
        const peer = grpcPeer(appOf(callee).daprInternalGRPCPort, credentials.get(caller));
        for (const route of ROUTES) {
          // Whom the header names decides nothing.
          const claimed = APP_IDS.find((id) => isInTable(id, callee, route)) ?? callee;
          const { code } = await peer.call(`${INTERNALS}/CallLocal`, localCall(route, claimed));
          const wanted = isInTable(caller, callee, route) ? 0 : PERMISSION_DENIED;
          calls += 1;
          if (code !== wanted) wrong.push(`${caller} -> ${callee} ${route.join(' ')}: ${code}`);
        }
        peer.close();
      }
    }
    expect(wrong).toEqual([]);
    expect(calls).toBe(APP_IDS.length * (APP_IDS.length - 1) * ROUTES.length);
  });

  /** What is let in that the table does not name, and what is refused that it names. */
  const differences = async (headers: Readonly<Record<string, string>>) => {
    const [letIn, refused]: [string[], string[]] = [[], []];
    const one = async (caller: AppId, callee: AppId, route: Route): Promise<void> => {
      const [method, path] = route;
      const target = `/v1.0/invoke/${callee}.${namespaceOf(callee)}/method${named(path)}`;
      const said = await askSidecar(caller, [method, target], headers);
      const call = `${caller} -> ${callee} ${method} ${path}: ${said.status} ${said.text}`;
      const isAllowed = isInTable(caller, callee, route);
      if (!isAllowed && !isRefused(said)) letIn.push(call);
      if (isAllowed && isRefused(said)) refused.push(call);
    };
    const pairs = APP_IDS.flatMap((caller) => APP_IDS.map((callee) => [caller, callee] as const));
    for (const [caller, callee] of pairs) {
      await Promise.all(ROUTES.map((route) => one(caller, callee, route)));
    }
    return { letIn, refused };
  };

  test('given the token of each app, its sidecar lets through what the table names', async () => {
    expect(await differences({})).toEqual({ letIn: [], refused: [] });
  });

  test('given that an app hides who calls, nothing more is let in', async () => {
    const hidden = { connection: 'dapr-caller-app-id, dapr-callee-app-id' };
    expect((await differences(hidden)).letIn).toEqual([]);
  });

  test('given an allowed path, a header makes no other call of it', async () => {
    const allowed = '/v1.0/invoke/event-source.default/method/log/events';
    for (const target of ['bank-account-actor.commands', 'http://127.0.0.1:1']) {
      const basic = Buffer.from(`dapr-app-id:${target}`).toString('base64');
      const tricks = [{ 'dapr-app-id': target }, { authorization: `Basic ${basic}` }];
      for (const headers of tricks) {
        const said = await askSidecar('projection-balances', ['GET', allowed], headers);
        expect({ target, status: said.status }).toEqual({ target, status: 403 });
      }
    }
  });
});

describe('an app and its own sidecar', () => {
  test('given the token of an app, its sidecar does nothing but what the app needs', async () => {
    const other: readonly Route[] = [
      ['POST', '/v1.0/shutdown'],
      ['PUT', '/v1.0/metadata/key'],
      ['GET', '/v1.0/state/any/key'],
      ['GET', '/v1.0/secrets/any/key'],
      ['POST', '/v1.0/bindings/any'],
      ['GET', `/v1.0/actors/BankAccount/${ID}/state/key`],
      ['POST', `/v1.0/actors/BankAccount/${ID}/reminders/one`],
      ['POST', '/v1.0/publish/bank-pubsub/bank-events'],
      ['GET', '/v1.0/invoke/http://127.0.0.1:1/method/version'],
      ['GET', '/v1.0/invoke/http%3A%2F%2F127.0.0.1%3A1/method/version'],
    ];
    const before = house.bank.restartCount();
    for (const id of APP_IDS) {
      for (const route of other) {
        const said = await askSidecar(id, route);
        expect({ id, route, said, refused: isRefused(said) }).toMatchObject({ refused: true });
      }
    }
    expect(house.bank.restartCount()).toBe(before);
  });

  test('given the token of an app, gRPC is of no use', async () => {
    const methods = ['InvokeService', 'InvokeActor', 'PublishEvent', 'GetMetadata', 'Shutdown'];
    const secrets = loadSecrets(house.bank.instance.dataDir);
    for (const id of APP_IDS) {
      const peer = grpcPeer(appOf(id).daprGRPCPort);
      for (const method of methods) {
        const path = `/dapr.proto.runtime.v1.Dapr/${method}`;
        const { code, message } = await peer.call(path, Buffer.alloc(0), false, {
          'dapr-api-token': sidecarToken(secrets, id),
        });
        expect({ id, method, code, message }).toMatchObject({ code: UNIMPLEMENTED });
      }
      peer.close();
    }
  });
});

/** Plain HTTP/2, and TLS without a certificate, to each port; prints how each attempt ended. */
const KNOCK = `
const { connect } = require('node:http2');
const knock = (port, scheme) => new Promise((resolve) => {
  const session = connect(scheme + '://127.0.0.1:' + port, { rejectUnauthorized: false });
  session.on('error', (error) => resolve('no connection'));
  session.on('close', () => resolve('no connection'));
  const stream = session.request({ ':method': 'POST', ':path': '${INTERNALS}/CallLocal',
    'content-type': 'application/grpc', te: 'trailers' });
  stream.on('error', () => resolve('no connection'));
  stream.on('response', (headers) => resolve('answered ' + JSON.stringify(headers)));
  stream.end(Buffer.alloc(5));
});
const ports = process.argv.slice(1);
const all = ports.flatMap((port) => ['http', 'https'].map((scheme) => knock(port, scheme)));
Promise.all(all).then((ends) => { console.log(JSON.stringify(ends)); process.exit(); });`;

test('given another user of the machine, no port between programs takes a connection', () => {
  const { ports } = house.bank.instance;
  const internal = house.bank.apps.map(({ daprInternalGRPCPort }) => daprInternalGRPCPort);
  const knocked = [...internal, ports.placement, ports.placementRaft];
  const other = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const run = spawnSync(process.execPath, ['-e', KNOCK, '--', ...knocked.map(String)], {
    encoding: 'utf8',
    cwd: '/',
    env: {},
    ...other,
  });
  expect(run.stderr).toBe('');
  const ends = JSON.parse(run.stdout) as string[];
  expect(ends).toEqual(Array.from({ length: knocked.length * 2 }, () => 'no connection'));
});

describe('sentry', () => {
  const id = 'bank-account-actor';
  const namespace = namespaceOf(id);

  test('gives an app its own identity and no other', async () => {
    expect((await ask({ id, namespace, token: tokenOf(id) })).answer.code).toBe(0);
    const others = [...APP_IDS, 'dapr-placement'].filter((other) => other !== id);
    for (const other of others) {
      const { code } = (await ask({ id, namespace, token: tokenOf(other) })).answer;
      expect({ other, code }).toEqual({ other, code: PERMISSION_DENIED });
    }
  });

  test.each<[what: string, claim: () => Partial<Claim>]>([
    ['no token', () => ({})],
    ['no token and no validator', () => ({ validator: 0 })],
    ['the validator that believes all', () => ({ validator: 1 })],
    ['another namespace', () => ({ token: tokenOf(id), namespace: 'default' })],
    ['a changed token', () => ({ token: tokenOf(id).replace(/.{4}$/, 'AAAA') })],
  ])('given %s, gives nothing', async (_what, claim) => {
    const { answer, credential } = await ask({ id, namespace, ...claim() });
    expect(answer.code).not.toBe(0);
    expect(credential.cert).toBe('');
  });
});

describe('placement', () => {
  const host = (id: string, namespace: string): Buffer =>
    Buffer.concat([
      member(1, '127.0.0.1:1'),
      member(4, 'BankAccount'),
      member(4, 'Person'),
      member(5, id),
      member(8, namespace),
    ]);
  const report = async (credential: Credential, message: Buffer) => {
    const peer = grpcPeer(house.bank.instance.ports.placement, credential);
    return { peer, answer: await peer.call(PLACEMENT, message, true) };
  };
  const outsiders = APP_IDS.filter((id) => namespaceOf(id) !== namespaceOf('bank-account-actor'));

  test('given the certificate of another app, it takes nobody for the actor host', async () => {
    expect(outsiders.length).toBe(4);
    for (const id of outsiders) {
      const credential = credentials.get(id)!;
      const claims = [host('bank-account-actor', 'commands'), host(id, 'commands')];
      for (const claim of claims) {
        const { peer, answer } = await report(credential, claim);
        peer.close();
        expect({ id, code: answer.code }).toEqual({ id, code: PERMISSION_DENIED });
      }
    }
  });

  test('given an app that claims actors in its own namespace, it gets no command', async () => {
    const { peer } = await report(
      credentials.get('event-source')!,
      host('event-source', 'default'),
    );
    try {
      const { commandUrl } = house;
      const persons = Array.from({ length: 20 }, (_, index) => ({
        givenName: `Secret${index}`,
        familyName: 'Person',
      }));
      const answers = await Promise.all(
        persons.map((person) => executed(`${commandUrl}/v1/persons`, person)),
      );
      expect(answers.map(({ version }) => version)).toEqual(persons.map(() => 1));
    } finally {
      peer.close();
    }
  });

  test('given no certificate, there is no connection', async () => {
    const peer = grpcPeer(house.bank.instance.ports.placement);
    const message = host('rogue', 'default');
    expect((await peer.call(PLACEMENT, message, true)).code).toBe(NO_CONNECTION);
    peer.close();
  });
});

test('given renewed tokens, sentry takes the new ones and no old one', async () => {
  const id = 'event-source';
  const old = tokenOf(id);
  renewSentryTokens(house.bank.instance.dataDir);
  const codeFor = async (token: string) =>
    (await ask({ id, namespace: namespaceOf(id), token })).answer.code;
  const deadline = performance.now() + RENEWAL_MS_MAX;
  while ((await codeFor(old)) === 0 && performance.now() < deadline) await sleep(100);
  expect(await codeFor(old)).toBe(PERMISSION_DENIED);
  expect(await codeFor(tokenOf(id))).toBe(0);
});
