import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { composeVariables, differences, readTexts } from './compose-agreement.ts';
import type { Texts } from './compose-agreement.ts';
import { writeComposeEnvironment } from './compose-variables.ts';

const ROOT = process.cwd();
const TEXTS = readTexts(ROOT);

const changed = (file: keyof Texts, from: string, to: string): string[] => {
  const text = TEXTS[file].replace(from, to);
  expect(text).not.toBe(TEXTS[file]);
  return differences(ROOT, { ...TEXTS, [file]: text });
};

describe('docker-compose.yml', () => {
  test('agrees with dapr.yaml, the components and the versions', () => {
    expect(differences(ROOT, TEXTS)).toEqual([]);
  });

  test.each<[what: string, file: keyof Texts, from: string, to: string, told: string]>([
    ['another app port', 'daprYaml', 'appPort: 3003', 'appPort: 3033', 'event-source environment'],
    ['another sidecar port', 'daprYaml', '3503', '3533', 'event-source-daprd command'],
    ['another address', 'daprYaml', '127.0.0.1:3830', '127.0.0.1:3831', 'event-source environment'],
    ['another setting', 'daprYaml', 'Threshold: 3', 'Threshold: 4', 'event-source-daprd command'],
    ['another app id', 'daprYaml', 'appID: event-source', 'appID: log', 'services beyond'],
    ['another host name', 'daprYaml', ': host1', ': teller', 'bank-account-actor environment'],
    ['another name of the second host', 'compose', ': host2', ': host3', 'actor-2 environment'],
    ['a moved second host', 'compose', '"--app-port", "3012"', '"3013"', 'actor-2-daprd command'],
    ['another command', 'daprYaml', '"balances"', '"saldo"', 'projection-balances command'],
    ['another version', 'versions', 'daprd:1.18.1', 'daprd:1.18.2', 'event-source-daprd image'],
    ['another image', 'versions', 'mongo:8.0', 'mongo:7.0', 'mongo image'],
    ['another topic', 'pubsub', 'dead,bank-events', 'dead', 'topics'],
    ['a missing secret', 'compose', 'MONGODB_URL: $', 'MONGO_URL: $', 'secrets'],
    ['a missing token', 'compose', '  APP_API_TOKEN: $', '  OTHER_TOKEN: $', 'tokens'],
    ['a token of another app', 'compose', 'API_TOKEN_EVENT', 'API_TOKEN_CORE', 'tokens'],
    [
      'a broker user of another app',
      'compose',
      'URL_EVENT_SOURCE',
      'URL_CORE_BANK_API',
      'NATS_URL',
    ],
    ['a broker user with more rights', 'compose', '["ledger"', '[">", "ledger"', 'nats conf'],
    ['a broker user without limits', 'compose', 'permissions: ', 'other: ', 'nats conf'],
    ['a world-readable signing key', 'compose', '"0400"', '"0444"', 'key files'],
    ['a names folder for everybody', 'compose', 'mode=0700', 'mode=1777', 'names'],
    ['a moved infrastructure port', 'compose', '--port=3830', '--port=3835', 'immudb'],
    ['a moved broker port', 'compose', '127.0.0.1:3820"\n', '127.0.0.1:4222"\n', 'nats'],
    ['another tuning', 'compose', 'GOGC: "300"', 'GOGC: "30"', 'tuning'],
    ['an app on another network', 'compose', 'service:pod', 'bridge', 'network'],
    [
      'the identity of another app',
      'compose',
      'source: token-event',
      'source: token-core',
      'files',
    ],
    ['another namespace', 'compose', 'NAMESPACE: commands', 'NAMESPACE: default', 'namespace'],
    ['placement without TLS', 'compose', '"--tls-enabled", ', '', 'placement command'],
    ['an unknown variable', 'compose', 'APP_PROTOCOL: http', 'APP_PROTO: http', 'environment'],
  ])('given %s, the difference is reported', (_what, file, from, to, told) => {
    expect(changed(file, from, to).join('\n')).toContain(told);
  });

  test('given a first time, every password is made once, differs and is for its owner', () => {
    const folder = mkdtempSync(join(tmpdir(), 'compose-env-'));
    expect(writeComposeEnvironment(folder)).toBe(join(folder, 'compose.env'));
    expect(writeComposeEnvironment(folder)).toBeUndefined();
    const made = parseEnv(readFileSync(join(folder, 'compose.env'), 'utf8'));
    const isSecret = (file: string): boolean => !/public/.test(file);
    const modes = readdirSync(folder)
      .filter(isSecret)
      .map((file) => statSync(join(folder, file)));
    rmSync(folder, { recursive: true });
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o600]);
    expect(Object.keys(made).sort()).toEqual(composeVariables(TEXTS.compose));
    expect(new Set(Object.values(made)).size).toBe(Object.keys(made).length);
    expect(made['DAPR_TRUST_ANCHORS']).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    expect(made['IMMUDB_SIGNING_KEY']).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
  });
});
