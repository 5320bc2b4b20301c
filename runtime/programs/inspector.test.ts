import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveInstance } from '../instance.ts';
import { prepareMesh } from '../mesh/identities.ts';
import { loadSecrets } from '../secrets.ts';
import { allPorts } from '../supervisor/bank.ts';
import { appPrograms } from './apps.ts';
import { readDaprYaml } from './dapr-yaml.ts';
import { readInspectorPorts } from './inspector.ts';

const APPS = ['bank-account-actor', 'core-bank-api'];
const TAKEN = new Map([[3002, 'bank-account-actor']]);
const read = (text: string | undefined) => [...readInspectorPorts(text, APPS, TAKEN)];

test.each([undefined, '', ' '])('given %j, nothing is inspected', (text) => {
  expect(read(text)).toEqual([]);
});

test('given two apps, each has its port', () => {
  expect(read('bank-account-actor:9229, core-bank-api:9230')).toEqual([
    ['bank-account-actor', 9229],
    ['core-bank-api', 9230],
  ]);
});

test.each([
  ['bank-account-actor', '"bank-account-actor" is not APP:PORT'],
  ['bank-account-actor:', '"bank-account-actor:" is not APP:PORT'],
  ['bank-account-actor:0.0.0.0:9229', 'is not APP:PORT'],
  ['bank-account-actor:9229,', '"" is not APP:PORT'],
  ['actor:9229', 'there is no app "actor". The apps are bank-account-actor, core-bank-api.'],
  ['bank-account-actor-daprd:9229', 'there is no app "bank-account-actor-daprd"'],
  ['core-bank-api:80', 'port 80 of core-bank-api must be from 1024 to 65535'],
  ['core-bank-api:65536', 'must be from 1024 to 65535'],
  ['core-bank-api:3002', 'port 3002 of core-bank-api belongs to bank-account-actor'],
  ['core-bank-api:9229,core-bank-api:9230', 'core-bank-api is named twice'],
  [
    'bank-account-actor:9229,core-bank-api:9229',
    'port 9229 of core-bank-api belongs to the inspector of bank-account-actor',
  ],
])('given %j, the mistake is named, with an example', (text, sentence) => {
  expect(() => read(text)).toThrow(sentence);
  expect(() => read(text)).toThrow('CORE_BANK_INSPECT=bank-account-actor:9229');
});

const ROOT = process.cwd();
const EDITOR = join(ROOT, '.vscode');
const readEditor = (file: string): unknown => JSON.parse(readFileSync(join(EDITOR, file), 'utf8'));

test('the tasks and launch configurations of the editor know every app of dapr.yaml', () => {
  const apps = readDaprYaml(ROOT, 0);
  const names = apps.map(({ name }) => name);
  const { tasks } = readEditor('tasks.json') as {
    tasks: { options?: { env: Record<string, string> } }[];
  };
  const text = tasks.map(({ options }) => options?.env['CORE_BANK_INSPECT']).find(Boolean);
  const ports = readInspectorPorts(text, names, allPorts(resolveInstance({ instance: 0 }), apps));
  expect([...ports.keys()].sort()).toEqual(names.toSorted());
  const { configurations } = readEditor('launch.json') as {
    configurations: { name: string; request: string; port?: number }[];
  };
  const attached = configurations
    .filter(({ request }) => request === 'attach')
    .map(({ name, port }) => [name.replace('Attach: ', ''), port]);
  expect(attached).toEqual([...ports]);
});

describe('an inspected actor host', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'inspector-'));
  prepareMesh(dataDir);
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  const host = 'bank-account-actor';
  const programs = (inspectors: ReadonlyMap<string, number>) => {
    const instance = resolveInstance({ instance: 0, dataDir });
    const apps = readDaprYaml(ROOT, 0).filter(({ name }) => name === host);
    const [sidecar, app] = appPrograms(instance, loadSecrets(dataDir), apps, 'daprd', inspectors);
    const { args } = sidecar!;
    return { app: app!, patience: args[args.indexOf('--app-health-threshold') + 1] };
  };

  test('is started with the inspector on loopback, and is not killed for its silence', () => {
    const { app, patience } = programs(new Map([[host, 9229]]));
    expect(app.args[0]).toBe('--inspect=127.0.0.1:9229');
    expect(app.args.at(-1)).toBe('dist/bank-account-actor/main.js');
    expect(app.unansweredMax).toBeUndefined();
    expect(app.startMsMax).toBeGreaterThan(60_000);
    // Probes a second apart: its sidecar keeps its actors for a day.
    expect(Number(patience)).toBeGreaterThanOrEqual(86_400);
  });

  test('that is not inspected is watched as dapr.yaml says', () => {
    const { app, patience } = programs(new Map([['core-bank-api', 9230]]));
    expect(app.args.join(' ')).not.toContain('--inspect');
    expect(app.unansweredMax).toBe(3);
    expect(patience).toBe('3');
  });
});
