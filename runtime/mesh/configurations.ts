import { stringify } from 'yaml';
import { APP_IDS, namespaceOf, type AppId } from '../../contracts/access/namespaces.ts';
import { SIDECAR_RIGHTS, type SidecarRights } from '../../contracts/access/service-calls.ts';

const MADE_BY =
  '# Made by "npm run reference" from contracts/access/service-calls.ts: change it there.';
const PUBSUB = 'bank-pubsub';
const MIDDLEWARE = 'middleware.http.routerchecker';
const TRUST_DOMAIN = 'public';

type Call = SidecarRights['calls'][number];

/** What every sidecar of the bank has in common. */
const COMMON = {
  // Components change with a restart only: a reload would look for changes all the time.
  features: [{ name: 'HotReload', enabled: false }],
  tracing: { samplingRate: '0' },
  metrics: { enabled: false, http: { increasedCardinality: false } },
  // Sidecars find each other by a shared file: multicast DNS is not to be had everywhere.
  nameResolution: {
    component: 'sqlite',
    version: 'v1',
    configuration: {
      connectionString: '${CORE_BANK_DATA}/names.db',
      updateInterval: '5s',
      // Dapr 1.18 would delete the addresses that are in use, and every sidecar would end itself.
      cleanupInterval: '0',
    },
  },
};

/**
 * The parts of Dapr's API that an app may use. A list without an entry for a protocol lets all of
 * it through, so the one of gRPC, which no app uses, has the one part that can do nothing here:
 * there is no lock to give back.
 */
const allowedApis = ({ calls, publishes, actors, usesSdk }: SidecarRights): object[] => [
  ...(calls.length === 0 ? [] : [{ name: 'invoke', version: 'v1', protocol: 'http' }]),
  ...(publishes.length === 0 ? [] : [{ name: 'publish', version: 'v1', protocol: 'http' }]),
  ...(actors === undefined ? [] : [{ name: 'actors', version: 'v1', protocol: 'http' }]),
  ...(usesSdk === undefined ? [] : [{ name: 'metadata', version: 'v1', protocol: 'http' }]),
  { name: 'healthz', version: 'v1', protocol: 'http' },
  { name: 'unlock', version: 'v1alpha1', protocol: 'grpc' },
];

/**
 * A route in the words of Dapr's access control, where "**" stands for one part of a path (and for
 * more at its end, so "*" ends one). A stream has two parts: acct/{id}.
 */
const operationOf = (path: string): string =>
  path
    .replaceAll('{stream}', '**/**')
    .replaceAll(/\{\w+\}/g, '**')
    .replace(/\*\*$/, '*');

/** Who may call the app, as its sidecar knows them by their certificates. */
const accessControl = (callee: AppId): object => ({
  defaultAction: 'deny',
  trustDomain: TRUST_DOMAIN,
  policies: APP_IDS.map((caller) => ({
    caller,
    calls: SIDECAR_RIGHTS[caller].calls.filter(({ app }) => app === callee),
  }))
    .filter(({ calls }) => calls.length > 0)
    .map(({ caller, calls }) => ({
      appId: caller,
      defaultAction: 'deny',
      trustDomain: TRUST_DOMAIN,
      namespace: namespaceOf(caller),
      operations: calls.map(({ path, method }) => ({
        name: operationOf(path),
        httpVerb: [method],
        action: 'allow',
      })),
    })),
});

const componentName = (app: AppId): string => `calls-of-${app}`;

/** What the app's sidecar lets its app ask for, and whom it lets in. */
const configuration = (app: AppId): object => ({
  apiVersion: 'dapr.io/v1alpha1',
  kind: 'Configuration',
  metadata: { name: app },
  spec: {
    ...COMMON,
    api: { allowed: allowedApis(SIDECAR_RIGHTS[app]) },
    httpPipeline: { handlers: [{ name: componentName(app), type: MIDDLEWARE }] },
    accessControl: accessControl(app),
  },
});

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
const oneOf = (patterns: readonly string[]): string => `(?:${patterns.join('|')})`;

const pathPattern = ({ app, method, path }: Call): string => {
  const route = path
    .split(/(\{\w+\})/)
    .map((part) => {
      if (part === '{stream}') return '(?:acct|person|refusal|approval)/[0-9a-f-]+';
      return part.startsWith('{') ? '[0-9a-f-]+' : literal(part);
    })
    .join('');
  const query = method === 'GET' ? '(?:\\?.*)?' : '';
  return `invoke/${literal(`${app}.${namespaceOf(app)}`)}/method${route}${query}`;
};

/** The paths of its sidecar that an app may use (RE2). */
const ruleOf = ({ calls, publishes, actors, usesSdk }: SidecarRights): string => {
  const named = publishes.map((topic) => topic.replaceAll('.', '\\.'));
  const topics = named.length === 0 ? [] : [`publish/${PUBSUB}/${oneOf(named)}(?:\\?.*)?`];
  const actorCalls =
    actors === undefined
      ? []
      : [`actors/${oneOf(actors.types)}/[A-Za-z0-9-]+/method/${oneOf(actors.methods)}`];
  const itself = ['healthz(?:/outbound)?', ...(usesSdk === undefined ? [] : ['metadata'])];
  const all = [...itself, ...topics, ...actorCalls, ...calls.map(pathPattern)];
  return `^/v1\\.0/${oneOf(all)}$`;
};

const component = (app: AppId): object => ({
  apiVersion: 'dapr.io/v1alpha1',
  kind: 'Component',
  metadata: { name: componentName(app) },
  spec: {
    type: MIDDLEWARE,
    version: 'v1',
    metadata: [{ name: 'rule', value: ruleOf(SIDECAR_RIGHTS[app]) }],
  },
  scopes: [app],
});

const yaml = (...documents: readonly object[]): string =>
  `${MADE_BY}\n${documents.map((one) => stringify(one, { lineWidth: 0 })).join('---\n')}`;

/**
 * The files of components/ that say who may call whom, by their paths below it: a configuration
 * for each sidecar, and the paths of its own sidecar that each app may use.
 */
export const accessFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ...APP_IDS.map((app) => [`config-${app}.yaml`, yaml(configuration(app))] as const),
    ['calls.yaml', yaml(...APP_IDS.map(component))],
  ]);
