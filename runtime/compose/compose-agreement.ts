import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { withActorHosts } from '../programs/actor-hosts.ts';
import { sidecarName } from '../programs/apps.ts';
import { appEnvironment, daprdArgs, parseDaprYaml } from '../programs/dapr-yaml.ts';
import type { DaprApp } from '../programs/dapr-yaml.ts';
import { appSecretNames, componentVariables, SIDECAR_TUNING } from '../environment.ts';
import { BASE_PORTS } from '../instance.ts';
import { STREAMS } from '../programs/nats.ts';

/** Where the containers see the checkout's components. */
const MOUNTED_ROOT = '/bank';
/** The second only when its profile is asked for. */
const ACTOR_HOSTS = 2;
const TOKENS = ['DAPR_API_TOKEN', 'APP_API_TOKEN'];
const APP_ONLY = ['NODE_ENV', 'LISTEN_HOST', 'ALLOWED_HOSTS', ...TOKENS];

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
  readonly environment?: Readonly<Record<string, string>>;
}
type Services = Readonly<Record<string, Service>>;

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
      appSecretNames(app),
    ),
    ...same(
      `${app.name} tokens`,
      TOKENS.filter((name) => extra.includes(name)),
      TOKENS,
    ),
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
    ...TOKENS,
  ].sort();
  const tuning = Object.keys(SIDECAR_TUNING).map((key) => [key, service?.environment?.[key]]);
  const mount = './components:/bank/components:ro';
  return [
    ...same(`${name} command`, service?.command, ['./daprd', ...daprdArgs(MOUNTED_ROOT, app)]),
    ...same(`${name} network`, service?.network_mode, 'service:pod'),
    ...same(`${name} environment`, names(service?.environment), variables),
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
  };
  return Object.entries(owners).flatMap(([name, text]) => {
    const port = BASE_PORTS[name as keyof typeof BASE_PORTS];
    return text.includes(String(port)) ? [] : [`${name}: compose does not use port ${port}`];
  });
};

const topicDifferences = (pubsub: string): string[] => {
  const component = parse(pubsub) as {
    spec: { metadata: { name: string; value?: string }[] };
  };
  const allowed = component.spec.metadata.find((item) => item.name === 'allowedTopics')?.value;
  return same('topics', allowed?.split(',').sort(), Object.values(STREAMS).sort());
};

/** Everything in which docker-compose.yml differs from what the native house runs. */
export const differences = (root: string, texts: Texts): string[] => {
  const compose = parse(texts.compose, { merge: true }) as {
    services: Services;
    configs: { nats: { content: string } };
  };
  const apps = [...withActorHosts(parseDaprYaml(texts.daprYaml, 0), ACTOR_HOSTS)];
  const { images } = JSON.parse(texts.versions) as { images: Record<string, string> };
  const { services } = compose;
  const extra = names(services).filter(
    (name) =>
      !(name in IMAGE_OF) &&
      !['pod', 'setup'].includes(name) &&
      !apps.some((app) => name === app.name || name === sidecarName(app.name)),
  );
  return [
    ...same('services beyond dapr.yaml', extra, []),
    ...apps.flatMap((app) => appDifferences(app, services)),
    ...apps.flatMap((app) => sidecarDifferences(root, app, services)),
    ...imageDifferences(images, apps, services),
    ...portDifferences(services, compose.configs.nats.content),
    ...topicDifferences(texts.pubsub),
  ];
};
