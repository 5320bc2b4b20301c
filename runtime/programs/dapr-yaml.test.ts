import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { appEnvironment, daprdArgs, movePorts } from './dapr-yaml.ts';
import { parseDaprYaml, renderDaprYaml } from './dapr-yaml.ts';
import type { DaprApp } from './dapr-yaml.ts';

const ROOT = process.cwd();
const TEXT = readFileSync(join(ROOT, 'dapr.yaml'), 'utf8');

const app = (id: string, instance = 0): DaprApp => {
  const found = parseDaprYaml(TEXT, instance).find((one) => one.appID === id);
  if (found === undefined) throw new Error(`dapr.yaml has no ${id}`);
  return found;
};

describe('moving ports', () => {
  test('given an instance, port fields and loopback addresses move, nothing else does', () => {
    const moved = movePorts(
      {
        appPort: 3000,
        appHealthThreshold: 3,
        placementHostAddress: '127.0.0.1:3850',
        env: { IMMUDB_ADDRESS: 'localhost:3830', OTHER: 'example.org:3000', LIMIT: '3000' },
      },
      2_000,
    );
    expect(moved).toEqual({
      appPort: 5000,
      appHealthThreshold: 3,
      placementHostAddress: '127.0.0.1:5850',
      env: { IMMUDB_ADDRESS: 'localhost:5830', OTHER: 'example.org:3000', LIMIT: '3000' },
    });
  });

  test('given dapr.yaml, no port of any instance meets one of another', () => {
    const ports = [0, 1, 2, 3].flatMap((instance) =>
      parseDaprYaml(TEXT, instance).flatMap((one) => [
        one.appPort,
        one.daprHTTPPort,
        one.daprGRPCPort,
        one.daprInternalGRPCPort,
        one.metricsPort,
      ]),
    );
    expect(new Set(ports).size).toBe(ports.length);
  });
});

describe('the flags of a sidecar', () => {
  test('given event-source, they are those of "dapr run -f", on loopback only', () => {
    expect(daprdArgs('/bank', app('event-source', 1), 4853)).toEqual([
      '--config',
      '/bank/components/config-event-source.yaml',
      '--app-protocol',
      'http',
      '--dapr-listen-addresses',
      '127.0.0.1',
      '--log-level',
      'warn',
      '--app-max-concurrency',
      '-1',
      '--placement-host-address',
      '',
      '--max-body-size',
      '8Mi',
      '--read-buffer-size',
      '4Ki',
      '--enable-app-health-check',
      '--app-health-check-path',
      '/healthz',
      '--app-health-probe-interval',
      '2',
      '--app-health-probe-timeout',
      '1500',
      '--app-health-threshold',
      '3',
      '--resources-path',
      '/bank/components',
      '--app-id',
      'event-source',
      '--app-port',
      '4003',
      '--dapr-http-port',
      '4503',
      '--dapr-grpc-port',
      '4603',
      '--profile-port',
      '-1',
      '--metrics-port',
      '4893',
      '--dapr-internal-grpc-port',
      '4703',
      '--dapr-graceful-shutdown-seconds',
      '5',
      '--dapr-internal-grpc-listen-address',
      '127.0.0.1',
      '--metrics-listen-address',
      '127.0.0.1',
      '--enable-metrics=false',
      '--enable-mtls',
      '--sentry-address',
      '127.0.0.1:4853',
      '--control-plane-trust-domain',
      'localhost',
    ]);
  });

  test('given an app, its environment names its own ports and those of its sidecar', () => {
    expect(appEnvironment(app('event-source', 1))).toMatchObject({
      APP_ID: 'event-source',
      APP_PORT: '4003',
      APP_PROTOCOL: 'http',
      DAPR_HTTP_PORT: '4503',
      DAPR_GRPC_PORT: '4603',
      IMMUDB_ADDRESS: '127.0.0.1:4830',
      LOG_LEVEL: 'info',
    });
  });

  test('given an app without a port, the mistake is named', () => {
    const text = 'version: 1\napps: [{appID: lost, appDirPath: ., command: [node]}]';
    expect(() => parseDaprYaml(text, 0)).toThrow('an app (lost) has no appPort');
  });
});

test('given another instance, the rendered dapr.yaml has moved ports and absolute paths', () => {
  const rendered = renderDaprYaml(ROOT, 3);
  const file = parse(rendered) as { apps: { configFilePath: string }[] };
  const folder = join(ROOT, 'components');
  expect(file.apps.map((one) => dirname(one.configFilePath))).toEqual(file.apps.map(() => folder));
  const ports = (apps: readonly DaprApp[]): number[] => apps.map((one) => one.appPort);
  expect(ports(parseDaprYaml(rendered, 0))).toEqual(ports(parseDaprYaml(TEXT, 3)));
});
