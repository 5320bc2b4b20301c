import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { componentVariables, requireHandlers } from './components.ts';
import { readDaprYaml } from './dapr-yaml.ts';

const root = mkdtempSync(join(tmpdir(), 'components-'));
const file = join(root, 'components', 'calls.yaml');
beforeEach(() => cpSync('components', join(root, 'components'), { recursive: true }));
afterAll(() => rmSync(root, { recursive: true }));

const apps = readDaprYaml(process.cwd(), 0);
const api = apps.find(({ appID }) => appID === 'core-bank-api')!;
const change = (edit: (text: string) => string): void =>
  writeFileSync(file, edit(readFileSync(file, 'utf8')));

test('given the components as they are, every sidecar finds its rule', () => {
  for (const app of apps) expect(() => requireHandlers(root, app)).not.toThrow();
  expect(componentVariables(root, api)).toEqual(['NATS_URL']);
});

// daprd only warned, and let the app ask for everything that the callee did not forbid.
test('given a file that is no YAML, no sidecar starts', () => {
  change((text) => `<<<<<<< HEAD\n${text}`);
  expect(() => requireHandlers(root, api)).toThrow(/calls\.yaml cannot be read/);
  expect(() => componentVariables(root, api)).toThrow(/calls\.yaml cannot be read/);
});

test('given a rule that is for another app, the sidecar does not start', () => {
  change((text) => text.replaceAll('- core-bank-api', '- another-app'));
  expect(() => requireHandlers(root, api)).toThrow(
    'wants the component calls-of-core-bank-api, which is not in its scope.',
  );
});
