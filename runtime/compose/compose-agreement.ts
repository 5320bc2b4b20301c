import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ACTOR_HOST_APP, withActorHosts } from '../programs/actor-hosts.ts';
import { sidecarName } from '../users.ts';
import { appEnvironment, daprdArgs, parseDaprYaml } from '../programs/dapr-yaml.ts';
import type { DaprApp } from '../programs/dapr-yaml.ts';
import { namespaceOf } from '../../contracts/access/namespaces.ts';
import { appSecretNames, SIDECAR_TUNING, variableOf } from '../environment.ts';
import { componentVariables } from '../programs/components.ts';
import { BASE_PORTS } from '../instance.ts';
import { brokerConfiguration, brokerPlan } from '../programs/broker-rights.ts';
import { IDENTITIES, PLACEMENT_ID } from '../mesh/identities.ts';
import { sentryArgs } from '../mesh/sentry.ts';
import { placementArgs } from '../programs/placement.ts';

/** Where the containers see the checkout's components. */
const MOUNTED_ROOT = '/bank';
/** The second only when its profile is asked for. */
const ACTOR_HOSTS = 2;
const TOKENS = ['DAPR_API_TOKEN', 'APP_API_TOKEN'];
/** Where sentry has its configuration and its authority. */
const SENTRY_FILES = ['/mesh/sentry.yaml', '/mesh/authority'] as const;
const ANCHORS_FILE = '/mesh/authority/ca.crt';
const ISSUER_KEY_FILE = '/mesh/authority/issuer.key';
const TOKEN_FILE = '/mesh/token.jwt';
/** What a program of the mesh learns from its environment. */
const MESH = ['DAPR_SENTRY_TOKEN_FILE', 'DAPR_TRUST_ANCHORS', 'NAMESPACE'];
const APP_ONLY = [
  'NODE_ENV',
  'LISTEN_HOST',
  'ALLOWED_HOSTS',
  'DOCS',
  'OIDC_SENDER_CONSTRAINT',
  'FOUR_EYES_ACTS',
  'FOUR_EYES_AMOUNTS',
  'FOUR_EYES_SECONDS',
  'COMMANDS_PUBLIC_URL',
  'QUERIES_PUBLIC_URL',
  'QUERIES_URL',
  ...TOKENS,
];

/** The texts that must agree, so that a test can change one of them. */
export interface Texts {
  readonly compose: string;
  readonly daprYaml: string;
  readonly versions: string;
  readonly pubsub: string;
}

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly network_mode?: string;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly unknown[];
  readonly environment?: Readonly<Record<string, string>>;
}
type Services = Readonly<Record<string, Service>>;
interface Compose {
  readonly services: Services;
  readonly configs: { readonly nats: { readonly content: string } };
  readonly secrets: unknown;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export const readTexts = (root: string): Texts => {
  const text = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
  return {
    compose: text('docker-compose.yml'),
    daprYaml: text('dapr.yaml'),
    versions: text('runtime', 'versions.json'),
    pubsub: text('components', 'bank-pubsub.yaml'),
  };
};

const same = (what: string, found: unknown, wanted: unknown): string[] => {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  return a === b ? [] : [`${what}: compose has ${a}, but ${b} is right`];
};

const names = (record: object | undefined): string[] => Object.keys(record ?? {}).sort();

const appDifferences = (app: DaprApp, services: Services): string[] => {
  const service = services[app.name];
  const wanted = appEnvironment(app);
  const fixed = Object.entries(service?.environment ?? {}).filter(([name]) => name in wanted);
  const extra = names(service?.environment).filter((name) => !(name in wanted));
  const byName = (pairs: [string, string][]): [string, string][] =>
    pairs.sort(([a], [b]) => a.localeCompare(b));
  return [
    ...same(`${app.name} command`, service?.command, app.command),
    ...same(`${app.name} network`, service?.network_mode, 'service:pod'),
    ...same(`${app.name} environment`, byName(fixed), byName(Object.entries(wanted))),
    ...same(
      `${app.name} secrets`,
      extra.filter((name) => !APP_ONLY.includes(name)),
      appSecretNames(app).toSorted(),
    ),
    ...tokenDifferences(app, app.name, services),
    ...operatorDifferences(app, services),
  ];
};

/** Each app shares its tokens with its own sidecar and nobody else. */
const tokenDifferences = ({ appID }: DaprApp, name: string, services: Services): string[] =>
  same(
    `${name} tokens`,
    TOKENS.map((token) => services[name]?.environment?.[token]),
    TOKENS.map((token) => `\${${variableOf(token, appID)}:?}`),
  );

/** Where a folder is named, the sockets' volume is mounted, and the operator has the token. */
const operatorDifferences = ({ appID, name }: DaprApp, services: Services): string[] => {
  const { environment, volumes } = services[name] ?? {};
  if (environment?.['OPERATOR_FOLDER'] === undefined) return [];
  const variable = variableOf('OPERATOR_TOKEN', appID);
  const token = `\${${variable}:?}`;
  const asked = services['operator']?.environment?.[variable];
  return [
    ...same(`${name} operator folder`, environment['OPERATOR_FOLDER'], `/operator/${name}`),
    ...same(`${name} operator token`, [environment['OPERATOR_TOKEN'], asked], [token, token]),
    ...same(`${name} operator volume`, volumes?.includes('operator:/operator'), true),
  ];
};

/** What a program of the mesh learns; its token is one of its key files. */
const identityDifferences = (name: string, id: string, services: Services): string[] => {
  const { NAMESPACE, DAPR_SENTRY_TOKEN_FILE } = services[name]?.environment ?? {};
  return [
    ...same(`${name} namespace`, NAMESPACE, namespaceOf(id)),
    ...same(`${name} token file`, DAPR_SENTRY_TOKEN_FILE, TOKEN_FILE),
  ];
};

const sidecarDifferences = (root: string, app: DaprApp, services: Services): string[] => {
  const name = sidecarName(app.name);
  const service = services[name];
  const variables = [
    ...componentVariables(root, app),
    ...Object.keys(SIDECAR_TUNING),
    'CORE_BANK_DATA',
    'DAPR_HOST_IP',
    ...MESH,
    ...TOKENS,
  ].sort();
  const tuning = Object.keys(SIDECAR_TUNING).map((key) => [key, service?.environment?.[key]]);
  const mount = './components:/bank/components:ro';
  const args = daprdArgs(MOUNTED_ROOT, app, BASE_PORTS.sentry);
  return [
    ...same(`${name} command`, service?.command, ['./daprd', ...args]),
    ...identityDifferences(name, app.appID, services),
    ...same(`${name} network`, service?.network_mode, 'service:pod'),
    ...same(`${name} environment`, names(service?.environment), variables),
    ...tokenDifferences(app, name, services),
    ...componentVariables(root, app).flatMap((variable) =>
      same(
        `${name} ${variable}`,
        service?.environment?.[variable],
        `\${${variableOf(variable, app.appID)}:?}`,
      ),
    ),
    ...same(`${name} tuning`, tuning, Object.entries(SIDECAR_TUNING)),
    ...same(`${name} components`, service?.volumes?.includes(mount), true),
  ];
};

/** Which service runs which image of versions.json. */
const IMAGE_OF: Readonly<Record<string, string>> = {
  postgres: 'postgres',
  nats: 'nats',
  immudb: 'immudb',
  mongo: 'mongo',
  placement: 'placement',
  sentry: 'sentry',
};

const imageDifferences = (images: Record<string, string>, apps: DaprApp[], all: Services) => {
  const wanted = Object.entries(IMAGE_OF);
  for (const app of apps) wanted.push([sidecarName(app.name), 'daprd']);
  return wanted.flatMap(([service, image]) =>
    same(`${service} image`, all[service]?.image, images[image]),
  );
};

/** The infrastructure's ports must stand in the commands of the parts that listen there. */
const portDifferences = (services: Services, configs: string): string[] => {
  const commandOf = (service: string): string => (services[service]?.command ?? []).join(' ');
  const owners: Readonly<Record<keyof typeof BASE_PORTS, string>> = {
    postgres: commandOf('postgres'),
    nats: configs,
    immudb: commandOf('immudb'),
    mongo: commandOf('mongo'),
    placement: commandOf('placement'),
    placementHealth: commandOf('placement'),
    placementRaft: commandOf('placement'),
    sentry: commandOf('sentry'),
    sentryHealth: commandOf('sentry'),
    issuer: Object.values(services['issuer']?.environment ?? {}).join(' '),
  };
  return Object.entries(owners).flatMap(([name, text]) => {
    const port = BASE_PORTS[name as keyof typeof BASE_PORTS];
    return text.includes(String(port)) ? [] : [`${name}: compose does not use port ${port}`];
  });
};

/** Sentry and placement run as they do natively, with files of their own in other places. */
const meshDifferences = ({ sentry, placement, ...services }: Services): string[] => [
  ...same('sentry command', sentry?.command, [
    './sentry',
    ...sentryArgs(...SENTRY_FILES, BASE_PORTS),
  ]),
  ...same('placement command', placement?.command, [
    './placement',
    ...placementArgs(ANCHORS_FILE, BASE_PORTS),
  ]),
  ...identityDifferences('placement', PLACEMENT_ID, { placement: placement ?? {}, ...services }),
];

const topicDifferences = (pubsub: string): string[] => {
  const component = parse(pubsub) as {
    spec: { metadata: { name: string; value?: string }[] };
  };
  const allowed = component.spec.metadata.find((item) => item.name === 'allowedTopics')?.value;
  return same(
    'topics',
    allowed?.split(',').sort(),
    Object.values(brokerPlan(pubsub).streams).sort(),
  );
};

/** Its users have the rights that they have natively. In compose a dollar sign is written twice. */
const brokerDifferences = (content: string, pubsub: string): string[] => {
  const wanted = brokerConfiguration(brokerPlan(pubsub), {
    listen: `127.0.0.1:${BASE_PORTS.nats}`,
    name: 'core-bank-0',
    storeDir: '/data',
    passwordOf: (user) => `{{${variableOf('NATS_PASSWORD', user)}:?}}`,
  });
  const written = wanted
    .replaceAll('$', '$$$$')
    .replaceAll(/\{\{(.*?)\}\}/g, (_, variable) => `\${${variable}}`);
  return same('nats configuration', content, written);
};

/** Users that the images run as (their Dockerfiles); only they may read what is theirs. */
const IMAGE_UIDS = { immudb: '3322', daprd: '65532', own: '1000' };

const ownerDifferences = (compose: Compose, apps: readonly DaprApp[]): string[] => {
  const secret = (source: string, uid: string, target?: string) => [
    { source, ...(target === undefined ? {} : { target }), uid, gid: uid, mode: '0400' },
  ];
  const token = (id: string) => secret(`token-${id}`, IMAGE_UIDS.daprd, TOKEN_FILE);
  const hosts = apps.filter(({ appID }) => appID === ACTOR_HOST_APP);
  const wanted = new Map([
    ['immudb', secret('immudb-signing-key', IMAGE_UIDS.immudb)],
    ['sentry', secret('issuer-key', IMAGE_UIDS.daprd, ISSUER_KEY_FILE)],
    ['placement', token(PLACEMENT_ID)],
    ...hosts.map(({ name }) => [name, secret('key-ring', IMAGE_UIDS.own)] as const),
    ['core-bank-api', secret('message-producers', IMAGE_UIDS.own)],
    ...apps.map(({ name, appID }) => [sidecarName(name), token(appID)] as const),
  ]);
  const tokens = IDENTITIES.map((id) => [
    `token-${id}`,
    { environment: variableOf('SENTRY_TOKEN', id) },
  ]);
  const o = `mode=0700,uid=${IMAGE_UIDS.daprd},gid=${IMAGE_UIDS.daprd}`;
  const names = { driver_opts: { type: 'tmpfs', device: 'tmpfs', o } };
  return [
    ...Object.entries(compose.services).flatMap(([name, { secrets }]) =>
      same(`${name} key files`, secrets, wanted.get(name)),
    ),
    ...same('secrets', compose.secrets, {
      'immudb-signing-key': { environment: 'IMMUDB_SIGNING_KEY' },
      'key-ring': { environment: 'KEY_RING' },
      'message-producers': { environment: 'COMMAND_PRODUCERS' },
      'issuer-key': { environment: 'SENTRY_ISSUER_KEY' },
      ...Object.fromEntries(tokens),
    }),
    ...same('names volume', compose.volumes['names'], names),
  ];
};

/** Whose access tokens the bank takes, which nobody but its owner can say. */
const YOURS = ['OIDC_AUDIENCE', 'OIDC_ISSUER'];

/** Variables that docker-compose.yml reads, as `${NAME:?}` or as a secret. */
export const composeVariables = (compose: string): string[] =>
  [
    ...new Set(
      [...compose.matchAll(/(?:\$\{|environment: )([A-Z_]+)(?::\?|$)/gm)].map(([, name]) => name!),
    ),
  ]
    .filter((name) => !YOURS.includes(name))
    .sort();

/** Everything in which docker-compose.yml differs from what the native house runs. */
export const differences = (root: string, texts: Texts): string[] => {
  const compose = parse(texts.compose, { merge: true }) as Compose;
  const apps = [...withActorHosts(parseDaprYaml(texts.daprYaml, 0), ACTOR_HOSTS)];
  const { images } = JSON.parse(texts.versions) as { images: Record<string, string> };
  const { services } = compose;
  const extra = names(services).filter(
    (name) =>
      !(name in IMAGE_OF) &&
      !['pod', 'setup', 'operator', 'issuer'].includes(name) &&
      !apps.some((app) => name === app.name || name === sidecarName(app.name)),
  );
  return [
    ...same('services beyond dapr.yaml', extra, []),
    ...apps.flatMap((app) => appDifferences(app, services)),
    ...apps.flatMap((app) => sidecarDifferences(root, app, services)),
    ...imageDifferences(images, apps, services),
    ...portDifferences(services, compose.configs.nats.content),
    ...meshDifferences(services),
    ...topicDifferences(texts.pubsub),
    ...ownerDifferences(compose, apps),
    ...brokerDifferences(compose.configs.nats.content, texts.pubsub),
  ];
};
