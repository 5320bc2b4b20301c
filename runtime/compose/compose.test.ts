import { differences, readTexts } from './compose-agreement.ts';
import type { Texts } from './compose-agreement.ts';

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
    ['a moved infrastructure port', 'compose', '--port=3830', '--port=3835', 'immudb'],
    ['a moved broker port', 'compose', '127.0.0.1:3820"\n', '127.0.0.1:4222"\n', 'nats'],
    ['another tuning', 'compose', 'GOGC: "300"', 'GOGC: "30"', 'tuning'],
    ['an app on another network', 'compose', 'service:pod', 'bridge', 'network'],
    ['an unknown variable', 'compose', 'APP_PROTOCOL: http', 'APP_PROTO: http', 'environment'],
  ])('given %s, the difference is reported', (_what, file, from, to, told) => {
    expect(changed(file, from, to).join('\n')).toContain(told);
  });
});
