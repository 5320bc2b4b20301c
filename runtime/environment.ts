import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import {
  accessFolder,
  auditFolder,
  keyRingFile,
  loadSecrets,
  trustFile,
  type Secrets,
} from './secrets.ts';
import { earlierKeys, publicKeys, signingKey } from './signing-keys.ts';
import { ACTOR_HOST_APP } from './programs/actor-hosts.ts';
import { appEnvironment } from './programs/dapr-yaml.ts';
import type { DaprApp } from './programs/dapr-yaml.ts';
import { componentVariables, requireHandlers } from './programs/components.ts';
import { mongoUrl } from './programs/ferretdb.ts';
import { namesFolder } from './programs/names.ts';
import { operatorFolders, type Instance } from './instance.ts';
import { producersFile } from './message-producer.ts';
import { meshEnvironment } from './mesh/identities.ts';
import { topicsOf } from './programs/broker-rights.ts';
import { accessTokenVariables } from './programs/issuer.ts';
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
  'DOCS',
  'FOUR_EYES_ACTS',
  'FOUR_EYES_AMOUNTS',
  'FOUR_EYES_SECONDS',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
  'TLS_CLIENT_CERTIFICATES',
  'OIDC_SENDER_CONSTRAINT',
  'PROOFS_MIB_MAX',
  'PROOFS_MIB_PER_CLIENT_MAX',
  'COMMANDS_PUBLIC_URL',
  'QUERIES_PUBLIC_URL',
  'QUERIES_URL',
  'CONNECTIONS_MAX',
  'BANK_TIME_ZONE',
  'CORS_ORIGINS',
  'CONNECTIONS_PER_ADDRESS_MAX',
  'REQUESTS_MAX',
  'REQUESTS_PER_CLIENT_MAX',
  'FAILED_LOGINS_PER_MINUTE_MAX',
  'BATCHES_MAX',
  'BATCHES_PER_CLIENT_MAX',
  'STREAMS_MAX',
  'STREAMS_PER_CLIENT_MAX',
  'STREAMS_PER_ACCOUNT_MAX',
  'STATEMENTS_MAX',
  'STATEMENTS_PER_CLIENT_MAX',
  'SEARCHES_MAX',
  'SEARCHES_PER_CLIENT_MAX',
  'EXPORTS_MAX',
  'EXPORTS_PER_CLIENT_MAX',
  'ACCESS_DAYS_MAX',
  'ACCESS_MIB_MAX',
  // Apps then tell their sidecars which trace a call belongs to (platform/dapr.ts).
  'CORE_BANK_TRACES',
];

/** Of an app that an operator may ask for more than its clients may. */
const OPERATOR = ['OPERATOR_FOLDER', 'OPERATOR_TOKEN'];

/** What an API needs to check access tokens; no secrets. */
const ACCESS_TOKENS = [
  'CORE_BANK_PRODUCTION',
  'OIDC_ALGORITHMS',
  'OIDC_AUDIENCE',
  'OIDC_ISSUER',
  'OIDC_ROLES_CLAIM',
  'REVOKED_TOKENS_FILE',
];

/** Passwords an app itself needs, by its folder; its sidecar's follow from the components. */
const APP_SECRETS: Readonly<Record<string, readonly string[]>> = {
  'bank-account-actor': [
    'COMMAND_KEY',
    'HOST_SIGNING_KEY',
    'JOURNAL_URL',
    'KEY_RING_FILE',
    ...OPERATOR,
    'PERSONS_KEY',
  ],
  'core-bank-api': ['COMMAND_KEY', 'COMMAND_PRODUCERS_FILE', 'COMMAND_TOPICS', ...ACCESS_TOKENS],
  'event-source': [
    'ACCESS_FOLDER',
    'AUDIT_EARLIER_KEYS',
    'AUDIT_FOLDER',
    'AUDIT_SIGNING_KEY',
    'BANK_EVENTS_URL',
    'HOST_PUBLIC_KEYS',
    'IMMUDB_PASSWORD',
    'LOG_FEED_SIGNING_KEY',
    'LOG_PUBLIC_KEY',
    ...OPERATOR,
    'TRUSTED_STATE_FILE',
  ],
  projections: ['LOG_FEED_PUBLIC_KEYS', 'MONGODB_URL', ...OPERATOR],
  'queries-bank-api': [...ACCESS_TOKENS, 'MONGODB_URL', 'PERSONS_KEY'],
};

/** The secrets that an app needs, by the names of their environment variables. */
export const appSecretNames = (app: DaprApp): readonly string[] => {
  const room = app.command.find((word) => word.startsWith('dist/'))?.split('/')[1] ?? app.appID;
  return APP_SECRETS[room] ?? [];
};

/** For who develops; an app that is started in another way shows no documentation. */
const DEVELOPMENT: Environment =
  process.env['CORE_BANK_PRODUCTION'] === 'yes' ? {} : { DOCS: 'try' };

const inherited = (): Record<string, string> => {
  const pairs = INHERITED.map((name) => [name, process.env[name]]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
};

/** While a key of calls is replaced, the actor hosts take it and the other; nobody else has to. */
const sharedKeys = ({ appID }: DaprApp, key: string, other: string | undefined): string =>
  appID === ACTOR_HOST_APP && other !== undefined ? `${key},${other}` : key;

/** Every secret of an app and its sidecar, by the name of its environment variable. */
const secretVariables = (instance: Instance, secrets: Secrets, app: DaprApp): Environment => ({
  JOURNAL_URL: journalUrl(instance, secrets),
  KEY_RING_FILE: keyRingFile(instance.dataDir),
  NATS_URL: natsUrl(instance, secrets, app.appID),
  OPERATOR_FOLDER: join(operatorFolders(instance.dataDir), app.name),
  OPERATOR_TOKEN: operatorToken(secrets, app.appID),
  BANK_EVENTS_URL: bankEventsUrl(instance, secrets),
  MONGODB_URL: process.env['CORE_BANK_MONGODB_URL'] ?? mongoUrl(instance, secrets, app.appID),
  IMMUDB_PASSWORD: secrets.immudbWriter,
  AUDIT_SIGNING_KEY: signingKey(instance.dataDir, 'audit'),
  HOST_SIGNING_KEY: signingKey(instance.dataDir, 'host'),
  LOG_FEED_SIGNING_KEY: signingKey(instance.dataDir, 'feed'),
  COMMAND_KEY: sharedKeys(app, secrets.commandKey, secrets.otherCommandKey),
  PERSONS_KEY: sharedKeys(app, secrets.personsKey, secrets.otherPersonsKey),
  // No secrets, but an app's own as well.
  ACCESS_FOLDER: accessFolder(instance.dataDir),
  AUDIT_EARLIER_KEYS: earlierKeys(instance.dataDir, 'audit'),
  AUDIT_FOLDER: auditFolder(instance.dataDir),
  COMMAND_PRODUCERS_FILE: producersFile(instance.dataDir),
  COMMAND_TOPICS: topicsOf(instance.root, app.appID).join(','),
  HOST_PUBLIC_KEYS: publicKeys(instance.dataDir, 'host'),
  LOG_FEED_PUBLIC_KEYS: publicKeys(instance.dataDir, 'feed'),
  LOG_PUBLIC_KEY: publicKeys(instance.dataDir, 'log'),
  TRUSTED_STATE_FILE: trustFile(instance.dataDir),
  ...accessTokenVariables(instance),
});

const pick = (all: Environment, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, all[name] ?? '']));

/** Tokens of one app and its sidecar; another app's sidecar accepts none of them. */
const tokens = (secrets: Secrets, appID: string): Record<string, string> => {
  const derive = (purpose: string): string =>
    createHmac('sha256', secrets.tokenSeed).update(`${purpose}/${appID}`).digest('base64url');
  return { DAPR_API_TOKEN: derive('dapr'), APP_API_TOKEN: derive('app') };
};

const operatorToken = (secrets: Secrets, appID: string): string =>
  createHmac('sha256', secrets.tokenSeed).update(`operator/${appID}`).digest('base64url');

/** The variable that holds this for one app, or for another program with an identity. */
export const variableOf = (name: string, id: string): string =>
  `${name}_${id.toUpperCase().replaceAll('-', '_')}`;

/** What an app wants to see of its operator. With containers the environment names it. */
export function operatorTokenOf(dataDir: string, appID: string): string {
  const named = process.env[variableOf('OPERATOR_TOKEN', appID)];
  return named ?? operatorToken(loadSecrets(dataDir), appID);
}
/** The token that callers of an app itself must show: its sidecar, and who operates the bank. */
export const appToken = (secrets: Secrets, appID: string): string =>
  tokens(secrets, appID)['APP_API_TOKEN'] as string;

/** The token that callers of an app's sidecar must show. */
export const sidecarToken = (secrets: Secrets, appID: string): string =>
  tokens(secrets, appID)['DAPR_API_TOKEN'] as string;

/**
 * Requests leave much garbage and little that lives, so collecting less often saves CPU for some 10
 * MB; the limit keeps a burst from enlarging the process permanently.
 */
export const SIDECAR_TUNING: Environment = { GOGC: '300', GOMEMLIMIT: '200MiB' };

/** The environment of an app's sidecar. Throws CannotRun when a rule of it is missing. */
export const sidecarEnvironment = (
  instance: Instance,
  secrets: Secrets,
  app: DaprApp,
): Environment => {
  requireHandlers(instance.root, app);
  return {
    ...inherited(),
    ...SIDECAR_TUNING,
    ...tokens(secrets, app.appID),
    ...pick(secretVariables(instance, secrets, app), componentVariables(instance.root, app)),
    ...meshEnvironment(instance.dataDir, app.appID),
    DAPR_HOST_IP: '127.0.0.1',
    // Where the configurations of components/ have the addresses of sidecars.
    CORE_BANK_DATA: namesFolder(instance.dataDir),
  };
};

/** The environment of an app, with only the secrets it needs. */
export const appEnvironmentWithSecrets = (
  instance: Instance,
  secrets: Secrets,
  app: DaprApp,
): Environment => ({
  NODE_ENV: 'production',
  ...appEnvironment(app),
  ...DEVELOPMENT,
  ...inherited(),
  ...tokens(secrets, app.appID),
  ...pick(secretVariables(instance, secrets, app), appSecretNames(app)),
});

/**
 * What the shell of `dapr run -f` has. It holds no secret: apps and sidecars are started by
 * wrappers, which give each its own environment (operations/infra.ts).
 */
export const shellEnvironment = (instance: Instance): Environment => ({
  CORE_BANK_INSTANCE: String(instance.number),
  CORE_BANK_DATA: instance.dataDir,
});
