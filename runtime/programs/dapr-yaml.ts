import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { PORTS_PER_INSTANCE } from '../instance.ts';
import { meshFlags } from '../mesh/identities.ts';
import { CannotRun } from '../progress.ts';

type Scalar = string | number | boolean;

/** One app of dapr.yaml, including what is common to all apps. */
export interface DaprApp {
  /** Of its program; several programs may share an app id. */
  readonly name: string;
  readonly appID: string;
  readonly appDirPath: string;
  readonly appPort: number;
  readonly daprHTTPPort: number;
  readonly daprGRPCPort: number;
  readonly daprInternalGRPCPort: number;
  readonly metricsPort: number;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly resourcesPaths: readonly string[];
  /** Every other field, as `dapr run` knows it. */
  readonly settings: Readonly<Record<string, Scalar>>;
}

const PORT_FIELDS = [
  'appPort',
  'daprHTTPPort',
  'daprGRPCPort',
  'daprInternalGRPCPort',
  'metricsPort',
] as const;
const ADDRESS = /^(127\.0\.0\.1|localhost):(\d+)$/;

/** Moves port fields and loopback addresses, wherever they are, for another instance. */
export const movePorts = (value: unknown, by: number, field = ''): unknown => {
  if (Array.isArray(value)) return value.map((item) => movePorts(item, by));
  if (value !== null && typeof value === 'object') {
    const moved = Object.entries(value).map(([name, inner]) => [name, movePorts(inner, by, name)]);
    return Object.fromEntries(moved);
  }
  if (typeof value === 'number' && (PORT_FIELDS as readonly string[]).includes(field)) {
    return value + by;
  }
  if (typeof value !== 'string') return value;
  return value.replace(ADDRESS, (_, host: string, port: string) => `${host}:${Number(port) + by}`);
};

const OWN_FIELDS = new Set<string>([
  ...PORT_FIELDS,
  'appID',
  'appDirPath',
  'command',
  'env',
  'resourcesPaths',
]);

const oneApp = (common: Record<string, unknown>, raw: Record<string, unknown>): DaprApp => {
  const all = { ...common, ...raw };
  for (const field of [...PORT_FIELDS, 'appID', 'command', 'appDirPath']) {
    if (all[field] === undefined) {
      throw new CannotRun(`dapr.yaml: an app (${String(raw['appID'])}) has no ${field}.`);
    }
  }
  const env = { ...(common['env'] as object), ...(raw['env'] as object) };
  const rest = Object.entries(all).filter(([name]) => !OWN_FIELDS.has(name));
  return {
    ...(all as unknown as DaprApp),
    name: String(all['appID']),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)])),
    settings: Object.fromEntries(rest) as Record<string, Scalar>,
  };
};

/** Reads the apps of a dapr.yaml text for one instance. */
export const parseDaprYaml = (text: string, instanceNumber: number): readonly DaprApp[] => {
  const moved = movePorts(parse(text), instanceNumber * PORTS_PER_INSTANCE);
  const file = moved as { common?: Record<string, unknown>; apps: Record<string, unknown>[] };
  return file.apps.map((app) => oneApp(file.common ?? {}, app));
};

/** The apps of dapr.yaml for one instance. */
export const readDaprYaml = (root: string, instanceNumber: number): readonly DaprApp[] =>
  parseDaprYaml(readFileSync(resolve(root, 'dapr.yaml'), 'utf8'), instanceNumber);

/** The same file for another instance, with absolute paths so that it can be anywhere. */
export const renderDaprYaml = (root: string, instanceNumber: number): string => {
  const text = readFileSync(resolve(root, 'dapr.yaml'), 'utf8');
  const moved = movePorts(parse(text), instanceNumber * PORTS_PER_INSTANCE) as {
    common: { resourcesPaths: string[] };
    apps: { appDirPath: string; configFilePath: string }[];
  };
  const { common } = moved;
  common.resourcesPaths = common.resourcesPaths.map((path) => resolve(root, path));
  for (const app of moved.apps) {
    app.appDirPath = resolve(root, app.appDirPath);
    app.configFilePath = resolve(root, app.configFilePath);
  }
  return stringify(moved);
};

/** Flags of daprd in the order and with the defaults of the CLI's own table. */
const FLAGS: readonly (readonly [field: string, flag: string, byDefault?: Scalar])[] = [
  ['configFilePath', '--config'],
  ['appProtocol', '--app-protocol', 'http'],
  ['apiListenAddresses', '--dapr-listen-addresses'],
  ['enableProfiling', '--enable-profiling'],
  ['logLevel', '--log-level', 'info'],
  ['appMaxConcurrency', '--app-max-concurrency', -1],
  ['placementHostAddress', '--placement-host-address'],
  ['appSSL', '--app-ssl'],
  ['maxBodySize', '--max-body-size', '4Mi'],
  ['readBufferSize', '--read-buffer-size', '4Ki'],
  ['enableAppHealthCheck', '--enable-app-health-check'],
  ['appHealthCheckPath', '--app-health-check-path'],
  ['appHealthProbeInterval', '--app-health-probe-interval'],
  ['appHealthProbeTimeout', '--app-health-probe-timeout'],
  ['appHealthThreshold', '--app-health-threshold'],
  ['enableApiLogging', '--enable-api-logging'],
];

/**
 * What `dapr run -f` would pass to daprd, and the flags that keep every listener on loopback and
 * every connection between programs under mTLS.
 */
export const daprdArgs = (root: string, app: DaprApp, sentryPort: number): string[] => {
  const args: string[] = [];
  for (const [field, flag, byDefault] of FLAGS) {
    const value = app.settings[field] ?? byDefault;
    if (value === undefined || value === false) continue;
    if (value === true) args.push(flag);
    else args.push(flag, field === 'configFilePath' ? resolve(root, String(value)) : String(value));
  }
  for (const path of app.resourcesPaths) args.push('--resources-path', resolve(root, path));
  args.push('--app-id', app.appID, '--app-port', String(app.appPort));
  args.push('--dapr-http-port', String(app.daprHTTPPort));
  args.push('--dapr-grpc-port', String(app.daprGRPCPort));
  args.push('--profile-port', '-1', '--metrics-port', String(app.metricsPort));
  args.push('--dapr-internal-grpc-port', String(app.daprInternalGRPCPort));
  return [...args, ...sidecarFlags(sentryPort)];
};

/** The CLI has no fields for these, so `npm run infra` wraps daprd to add them there too. */
export const sidecarFlags = (sentryPort: number): readonly string[] => [
  '--dapr-graceful-shutdown-seconds',
  '5',
  '--dapr-internal-grpc-listen-address',
  '127.0.0.1',
  '--metrics-listen-address',
  '127.0.0.1',
  '--enable-metrics=false',
  ...meshFlags(sentryPort),
];

/** What `dapr run -f` tells the app about itself and its sidecar. */
export const appEnvironment = (app: DaprApp): Record<string, string> => ({
  APP_ID: app.appID,
  APP_PORT: String(app.appPort),
  APP_PROTOCOL: String(app.settings['appProtocol'] ?? 'http'),
  DAPR_HTTP_PORT: String(app.daprHTTPPort),
  DAPR_GRPC_PORT: String(app.daprGRPCPort),
  DAPR_METRICS_PORT: String(app.metricsPort),
  ...app.env,
});
