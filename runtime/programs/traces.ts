import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import type { DaprApp } from './dapr-yaml.ts';
import type { Instance } from '../instance.ts';
import { CannotRun } from '../progress.ts';

/** Environment variable with the address of an OTLP collector. */
export const TRACES_VARIABLE = 'CORE_BANK_TRACES';
/** Daprd always posts here (OTLP/HTTP 1.x); its configuration has no place for another path. */
const PATHS = ['/', '/v1/traces'];

/** What receives the spans of the sidecars over OTLP/HTTP, in the words of Dapr's configuration. */
interface TraceCollector {
  /** Host and port. */
  readonly endpointAddress: string;
  readonly isSecure: boolean;
}

/** Reads an address as http://127.0.0.1:4318/v1/traces; undefined when there is none. */
export const readTraceCollector = (text: string | undefined): TraceCollector | undefined => {
  if (text === undefined || text.trim() === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  const isPlain = url?.username === '' && url.search === '' && url.hash === '';
  if (url === undefined || !isHttp || !isPlain || !PATHS.includes(url.pathname)) {
    throw new CannotRun(
      `${TRACES_VARIABLE}: "${text}" is not the address of an OTLP collector that speaks HTTP. ` +
        'An example: http://127.0.0.1:4318 (the path is always /v1/traces).',
    );
  }
  const isSecure = url.protocol === 'https:';
  const port = url.port === '' ? (isSecure ? '443' : '80') : url.port;
  return { endpointAddress: `${url.hostname}:${port}`, isSecure };
};

/** A Dapr configuration (YAML) that records every trace and sends it to the collector. */
const tracedConfiguration = (text: string, collector: TraceCollector): string => {
  const file = parse(text) as { spec: Record<string, unknown> };
  file.spec['tracing'] = { samplingRate: '1', otel: { ...collector, protocol: 'http' } };
  return stringify(file);
};

/**
 * The apps with sidecars that send their spans to the collector: by copies of their configurations
 * in the data folder, because the ones in the checkout are those of a bank without traces.
 */
export const withTraces = (
  { root, dataDir }: Pick<Instance, 'root' | 'dataDir'>,
  apps: readonly DaprApp[],
  collector: TraceCollector | undefined,
): readonly DaprApp[] => {
  if (collector === undefined) return apps;
  return apps.map((app) => {
    const source = resolve(root, String(app.settings['configFilePath']));
    const copy = join(dataDir, `traced-${basename(source)}`);
    writeFileSync(copy, tracedConfiguration(readFileSync(source, 'utf8'), collector));
    return { ...app, settings: { ...app.settings, configFilePath: copy } };
  });
};
