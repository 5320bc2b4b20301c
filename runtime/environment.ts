import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { auditFolder, auditSigningKey, publicKeyLine, trustFile, type Secrets } from './secrets.ts';
import { appEnvironment } from './programs/dapr-yaml.ts';
import type { DaprApp } from './programs/dapr-yaml.ts';
import { mongoUrl } from './programs/ferretdb.ts';
import type { Instance } from './instance.ts';
import { bankEventsUrl, natsUrl } from './programs/nats.ts';
import { journalUrl } from './programs/journal-database.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string>>;

const INHERITED = [
  'PATH',
  'HOME',
  'LANG',
  'TZ',
  'TMPDIR',
  'LOG_LEVEL',
  'CORE_BANK_CRASH_FILE',
  // Names of this machine under which the APIs may be called (platform/http).
  'ALLOWED_HOSTS',
  // Apps then tell their sidecars which trace a call belongs to (platform/dapr.ts).
  'CORE_BANK_TRACES',
];

/** Passwords an app itself needs, by its folder; its sidecar's follow from the components. */
const APP_SECRETS: Readonly<Record<string, readonly string[]>> = {
  'bank-account-actor': ['JOURNAL_URL'],
  'event-source': [
    'AUDIT_FOLDER',
    'AUDIT_SIGNING_KEY',
    'BANK_EVENTS_URL',
    'IMMUDB_PASSWORD',
    'LOG_PUBLIC_KEY',
    'TRUSTED_STATE_FILE',
  ],
  projections: ['MONGODB_URL'],
  'queries-bank-api': ['MONGODB_URL'],
};

/** The secrets that an app needs, by the names of their environment variables. */
export const appSecretNames = (app: DaprApp): readonly string[] => {
  const room = app.command.find((word) => word.startsWith('dist/'))?.split('/')[1] ?? app.appID;
  return APP_SECRETS[room] ?? [];
};

const inherited = (): Record<string, string> => {
  const pairs = INHERITED.map((name) => [name, process.env[name]]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
};

/** Every secret, by the name of its environment variable. */
const secretVariables = (instance: Instance, secrets: Secrets): Environment => ({
  JOURNAL_URL: journalUrl(instance, secrets),
  NATS_URL: natsUrl(instance, secrets),
  BANK_EVENTS_URL: bankEventsUrl(instance, secrets),
  MONGODB_URL: process.env['CORE_BANK_MONGODB_URL'] ?? mongoUrl(instance, secrets),
  IMMUDB_PASSWORD: secrets.immudbWriter,
  AUDIT_SIGNING_KEY: auditSigningKey(instance.dataDir),
  // No secrets, but an app's own as well.
  AUDIT_FOLDER: auditFolder(instance.dataDir),
  LOG_PUBLIC_KEY: publicKeyLine(instance.dataDir),
  TRUSTED_STATE_FILE: trustFile(instance.dataDir),
});

const pick = (all: Environment, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, all[name] ?? '']));

/** Tokens of one app and its sidecar; another app's sidecar accepts none of them. */
const tokens = (secrets: Secrets, appID: string): Record<string, string> => {
  const derive = (purpose: string): string =>
    createHmac('sha256', secrets.tokenSeed).update(`${purpose}/${appID}`).digest('base64url');
  return { DAPR_API_TOKEN: derive('dapr'), APP_API_TOKEN: derive('app') };
};

/** The token that callers of an app's sidecar must show. */
export const sidecarToken = (secrets: Secrets, appID: string): string =>
  tokens(secrets, appID)['DAPR_API_TOKEN'] as string;

interface ComponentFile {
  readonly kind?: string;
  readonly scopes?: readonly string[];
  readonly spec?: { readonly metadata?: readonly { readonly envRef?: string }[] };
}

/** The variables that the components in an app's scope refer to. */
export const componentVariables = (root: string, app: DaprApp): string[] =>
  app.resourcesPaths.flatMap((path) =>
    readdirSync(resolve(root, path))
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => parse(readFileSync(resolve(root, path, file), 'utf8')) as ComponentFile)
      .filter((file) => file.kind === 'Component' && (file.scopes ?? []).includes(app.appID))
      .flatMap((file) => file.spec?.metadata ?? [])
      .flatMap((item) => (item.envRef === undefined ? [] : [item.envRef])),
  );

/**
 * Requests leave much garbage and little that lives, so collecting less often saves CPU for some 10
 * MB; the limit keeps a burst from enlarging the process permanently.
 */
export const SIDECAR_TUNING: Environment = { GOGC: '300', GOMEMLIMIT: '200MiB' };

/** The environment of an app's sidecar. */
export const sidecarEnvironment = (
  instance: Instance,
  secrets: Secrets,
  app: DaprApp,
): Environment => ({
  ...inherited(),
  ...SIDECAR_TUNING,
  ...tokens(secrets, app.appID),
  ...pick(secretVariables(instance, secrets), componentVariables(instance.root, app)),
  DAPR_HOST_IP: '127.0.0.1',
  CORE_BANK_DATA: instance.dataDir,
});

/** The environment of an app, with only the secrets it needs. */
export const appEnvironmentWithSecrets = (
  instance: Instance,
  secrets: Secrets,
  app: DaprApp,
): Environment => ({
  NODE_ENV: 'production',
  ...appEnvironment(app),
  ...inherited(),
  ...tokens(secrets, app.appID),
  ...pick(secretVariables(instance, secrets), appSecretNames(app)),
});

/** One environment for everything, for `dapr run -f`: sidecars inherit its shell. */
export const sharedEnvironment = (instance: Instance, secrets: Secrets): Environment => ({
  NODE_ENV: 'production',
  CORE_BANK_INSTANCE: String(instance.number),
  CORE_BANK_DATA: instance.dataDir,
  DAPR_HOST_IP: '127.0.0.1',
  DAPR_API_TOKEN: secrets.sharedDaprToken,
  APP_API_TOKEN: secrets.sharedAppToken,
  ...SIDECAR_TUNING,
  ...secretVariables(instance, secrets),
});
