import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { APP_IDS } from '../../contracts/access/namespaces.ts';
import { readDaprYaml } from '../programs/dapr-yaml.ts';
import { accessFiles } from './configurations.ts';

const COMPONENTS = join(process.cwd(), 'components');
const files = accessFiles();

const documentsOf = (path: string): Readonly<Record<string, unknown>>[] =>
  parseAllDocuments(files.get(path) ?? '').map((one) => one.toJS() as Record<string, unknown>);

/** The paths that an app's sidecar lets through. */
const ruleOf = (app: string): RegExp => {
  const found = documentsOf('calls.yaml').find(({ scopes }) => (scopes as string[])[0] === app);
  const spec = found?.['spec'] as { metadata: { value: string }[] } | undefined;
  return new RegExp(spec!.metadata[0]!.value);
};

test('given the table, the files of components/ are what it makes', () => {
  const there = readdirSync(COMPONENTS).filter((file) => /^(?:calls|config-.*)\.yaml$/.test(file));
  expect(there.sort()).toEqual([...files.keys()].sort());
  const stale = there.filter(
    (file) => readFileSync(join(COMPONENTS, file), 'utf8') !== files.get(file),
  );
  expect(stale.map((file) => `components/${file}: npm run reference`)).toEqual([]);
});

test('given dapr.yaml, every app runs with the configuration that is made for it', () => {
  const apps = readDaprYaml(process.cwd(), 0);
  expect(apps.map(({ appID }) => appID).sort()).toEqual([...APP_IDS].sort());
  for (const { appID, settings } of apps) {
    expect(settings['configFilePath']).toBe(`./components/config-${appID}.yaml`);
  }
});

test('given any app, nobody may call what the table does not name, and nothing is reloaded', () => {
  for (const app of APP_IDS) {
    const [{ spec } = {}] = documentsOf(`config-${app}.yaml`) as unknown as {
      spec: {
        accessControl: { defaultAction: string; policies: { defaultAction: string }[] };
        features: object[];
      };
    }[];
    expect(spec?.accessControl.defaultAction).toBe('deny');
    for (const { defaultAction } of spec!.accessControl.policies)
      expect(defaultAction).toBe('deny');
    expect(spec?.features).toEqual([{ name: 'HotReload', enabled: false }]);
  }
});

const ID = '0f8fad5b-d9cb-869f-a165-70867728950e';

test.each([
  ['core-bank-api', `actors/BankAccount/${ID}/method/execute`],
  ['core-bank-api', `actors/Teller.host2/${ID}/method/execute`],
  ['core-bank-api', 'publish/bank-pubsub/account-command-results'],
  ['bank-account-actor', 'invoke/event-source.default/method/log/digests'],
  ['queries-bank-api', `invoke/event-source.default/method/log/streams/acct/${ID}/events?limit=1`],
  ['queries-bank-api', 'invoke/bank-account-actor.commands/method/persons/open'],
  ['event-source', `invoke/queries-bank-api.default/method/sidecar/accounts/${ID}`],
  ['event-source', 'healthz/outbound'],
  ['event-source', 'metadata'],
  ['event-source', 'publish/bank-pubsub/audit?'],
])('given %s, its sidecar lets %s through', (app, path) => {
  expect(ruleOf(app).test(`/v1.0/${path}`)).toBe(true);
});

test.each([
  ['core-bank-api', `actors/BankAccount/${ID}/state`],
  ['core-bank-api', `actors/BankAccount/${ID}/method/execute/more`],
  ['core-bank-api', `actors/BankAccount/${ID}%2fmethod/execute`],
  ['core-bank-api', 'shutdown'],
  ['bank-account-actor', 'metadata'],
  ['core-bank-api', 'metadata/key'],
  ['event-source', 'publish/bank-pubsub/bank-events'],
  ['projection-balances', 'invoke/http://127.0.0.1:80/method/log/events'],
  ['projection-balances', 'invoke/http:%2f%2f127.0.0.1/method/log/events'],
  ['projection-balances', 'invoke/event-source.default/method/log/../audit/status'],
  ['projection-balances', 'invoke/event-source.default/method/log/%2e%2e/audit/status'],
  ['projection-balances', 'invoke/event-source/method/log/events'],
  ['queries-bank-api', 'invoke/bank-account-actor.commands/method/operator/keys'],
  ['queries-bank-api', `invoke/event-source.default/method/log/streams/acct/../${ID}/events`],
])('given %s, its sidecar does not let %s through', (app, path) => {
  expect(ruleOf(app).test(`/v1.0/${path}`)).toBe(false);
});
