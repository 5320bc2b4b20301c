import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { CannotRun } from '../progress.ts';
import type { DaprApp } from './dapr-yaml.ts';

interface Component {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
  readonly scopes?: readonly string[];
  readonly spec?: { readonly metadata?: readonly { readonly envRef?: string }[] };
}

interface Configuration {
  readonly spec?: {
    readonly httpPipeline?: { readonly handlers?: readonly { readonly name: string }[] };
  };
}

/**
 * What a file of Dapr's says.
 * @throws CannotRun when it is no YAML: a sidecar would only warn, and run without what is in it.
 */
const documentsIn = <Document>(file: string): readonly Document[] =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new CannotRun(`${file} cannot be read: ${error.message}`);
    return document.toJS() as Document;
  });

/** The components in the scope of an app. */
const componentsOf = (root: string, app: DaprApp): readonly Component[] =>
  app.resourcesPaths.flatMap((path) =>
    readdirSync(resolve(root, path))
      .filter((file) => file.endsWith('.yaml'))
      .flatMap((file) => documentsIn<Component>(resolve(root, path, file)))
      .filter((file) => file.kind === 'Component' && (file.scopes ?? []).includes(app.appID)),
  );

/** The variables that the components in an app's scope refer to. */
export const componentVariables = (root: string, app: DaprApp): string[] =>
  componentsOf(root, app)
    .flatMap((file) => file.spec?.metadata ?? [])
    .flatMap((item) => (item.envRef === undefined ? [] : [item.envRef]));

/**
 * Checks that there is every component through which an app's sidecar leads requests, such as the
 * rule of what the app may ask for: the sidecar itself runs without one that it does not find.
 * @throws CannotRun when one is missing.
 */
export function requireHandlers(root: string, app: DaprApp): void {
  const file = app.settings['configFilePath'];
  if (file === undefined) return;
  const there = componentsOf(root, app).map(({ metadata }) => metadata?.name);
  for (const { spec } of documentsIn<Configuration>(resolve(root, String(file)))) {
    const handlers = spec?.httpPipeline?.handlers ?? [];
    const missing = handlers.find(({ name }) => !there.includes(name));
    if (missing === undefined) continue;
    throw new CannotRun(
      `The sidecar of ${app.appID} wants the component ${missing.name}, which is not in its scope.`,
    );
  }
}
