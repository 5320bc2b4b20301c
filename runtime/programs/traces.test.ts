import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { daprdArgs, readDaprYaml } from './dapr-yaml.ts';
import { readTraceCollector, withTraces } from './traces.ts';

const ROOT = process.cwd();
const APPS = readDaprYaml(ROOT, 0);
const dataDir = mkdtempSync(join(tmpdir(), 'traces-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const configurationOf = (args: readonly string[]): string =>
  args[args.indexOf('--config') + 1] as string;

test.each([undefined, '', ' '])('given %j, there is no collector', (text) => {
  expect(readTraceCollector(text)).toBeUndefined();
});

test.each([
  ['http://127.0.0.1:4318', '127.0.0.1:4318', false],
  ['http://127.0.0.1:4318/', '127.0.0.1:4318', false],
  ['http://localhost:4318/v1/traces', 'localhost:4318', false],
  ['https://traces.example.org', 'traces.example.org:443', true],
  ['http://traces.example.org', 'traces.example.org:80', false],
])('given %s, the collector is %s', (text, endpointAddress, isSecure) => {
  expect(readTraceCollector(text)).toEqual({ endpointAddress, isSecure });
});

test.each([
  '127.0.0.1:4318',
  'grpc://127.0.0.1:4317',
  'http://127.0.0.1:4318/traces',
  'http://127.0.0.1:4318/?token=x',
  'http://user:secret@127.0.0.1:4318',
  'yes',
])('given %s, it is refused with an example', (text) => {
  expect(() => readTraceCollector(text)).toThrow('http://127.0.0.1:4318');
});

test('given no collector, the apps are those of dapr.yaml and record no trace', () => {
  expect(withTraces({ root: ROOT, dataDir }, APPS, undefined)).toBe(APPS);
  for (const app of APPS) {
    const text = readFileSync(configurationOf(daprdArgs(ROOT, app, 3853)), 'utf8');
    expect(parse(text)).toMatchObject({ spec: { tracing: { samplingRate: '0' } } });
  }
});

test('given a collector, every sidecar sends it all spans and is else as before', () => {
  const collector = readTraceCollector('http://127.0.0.1:4318');
  const traced = withTraces({ root: ROOT, dataDir }, APPS, collector);
  expect(traced).toHaveLength(APPS.length);
  traced.forEach((app, at) => {
    const [before, after] = [APPS[at]!, app].map((one) => {
      const text = readFileSync(configurationOf(daprdArgs(ROOT, one, 3853)), 'utf8');
      return parse(text) as { spec: object };
    });
    const tracing = {
      samplingRate: '1',
      otel: { endpointAddress: '127.0.0.1:4318', isSecure: false, protocol: 'http' },
    };
    expect(after).toEqual({ ...before, spec: { ...before!.spec, tracing } });
  });
});
