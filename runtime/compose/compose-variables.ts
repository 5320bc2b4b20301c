import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { APP_IDS } from '../../contracts/access/namespaces.ts';
import { makeAuthority } from '../mesh/authority.ts';
import { withNewKey } from '../../platform/key-ring.ts';
import { variableOf } from '../environment.ts';
import { makeSentryTokens, sentryConfiguration } from '../mesh/identities.ts';
import { newSigningPair } from '../signing-keys.ts';
import { writePrivate } from '../private-file.ts';
import { newSecret } from '../secrets.ts';

/** Where sentry's container has the keys of the tokens. */
const TOKEN_KEYS_FILE = '/mesh/keys/tokens.json';
/** Those that serve no operator: they are the bank's two APIs. */
const WITHOUT_OPERATOR = ['core-bank-api', 'queries-bank-api'];
/** It has no business with the broker. */
const WITHOUT_BROKER = ['queries-bank-api'];

const natsUrl = (user: string, password: string): string =>
  `nats://${user}:${password}@127.0.0.1:3820`;

type SigningPair = ReturnType<typeof newSigningPair>;
const privateHalf = ({ privateKey }: SigningPair): string =>
  privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
const publicHalf = ({ publicKey }: SigningPair): string =>
  publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

/** The authority of the mesh, and everybody's token. */
function meshVariables(): Record<string, string> {
  const { anchor, issuer, issuerKey } = makeAuthority();
  const { tokens, keys } = makeSentryTokens();
  return {
    DAPR_TRUST_ANCHORS: anchor,
    SENTRY_ISSUER: issuer,
    SENTRY_ISSUER_KEY: issuerKey,
    SENTRY_CONFIGURATION: sentryConfiguration(TOKEN_KEYS_FILE),
    SENTRY_KEYS: keys,
    ...Object.fromEntries(
      [...tokens].map(([id, token]) => [variableOf('SENTRY_TOKEN', id), token]),
    ),
  };
}

/** What one app has for itself alone. */
function ownVariables(app: string): Record<string, string> {
  const variables: Record<string, string> = {
    [variableOf('DAPR_API_TOKEN', app)]: newSecret(),
    [variableOf('APP_API_TOKEN', app)]: newSecret(),
  };
  if (!WITHOUT_OPERATOR.includes(app)) variables[variableOf('OPERATOR_TOKEN', app)] = newSecret();
  if (WITHOUT_BROKER.includes(app)) return variables;
  const password = newSecret();
  variables[variableOf('NATS_PASSWORD', app)] = password;
  variables[variableOf('NATS_URL', app)] = natsUrl(app, password);
  return variables;
}

/** Every variable of docker-compose.yml, and the auditor's public key (PEM). */
function composeSecrets() {
  const [journal, mongo, natsFeed] = [newSecret(), newSecret(), newSecret()];
  const [log, auditor] = [newSigningPair(), newSigningPair()];
  const [host, feed] = [newSigningPair(), newSigningPair()];
  const variables: Readonly<Record<string, string>> = {
    POSTGRES_ADMIN_PASSWORD: newSecret(),
    POSTGRES_JOURNAL_PASSWORD: journal,
    MONGO_PASSWORD: mongo,
    NATS_PASSWORD_ADMIN: newSecret(),
    NATS_PASSWORD_INTEGRATION_FEED: natsFeed,
    NATS_PASSWORD_READER: newSecret(),
    // Of the local issuer, which runs with its profile only.
    ISSUER_LOCAL_SECRET: newSecret(),
    ISSUER_SERVICE_SECRET: newSecret(),
    IMMUDB_ADMIN_PASSWORD: newSecret(),
    IMMUDB_PASSWORD: newSecret(),
    IMMUDB_READER_PASSWORD: newSecret(),
    // Compose gives it to immudb's container alone, as a file of the user that immudb runs as.
    IMMUDB_SIGNING_KEY: String(log.privateKey.export({ type: 'sec1', format: 'pem' })),
    // The keys that wrap the keys of persons (platform/key-ring.ts), for the actor hosts alone.
    KEY_RING: JSON.stringify(withNewKey()),
    // Nobody may send commands as messages until this names their producers (docs/messages.md).
    COMMAND_PRODUCERS: JSON.stringify({ producers: [] }),
    LOG_PUBLIC_KEY: publicHalf(log),
    AUDIT_SIGNING_KEY: privateHalf(auditor),
    COMMAND_KEY: newSecret(),
    PERSONS_KEY: newSecret(),
    HOST_SIGNING_KEY: privateHalf(host),
    HOST_PUBLIC_KEYS: publicHalf(host),
    LOG_FEED_SIGNING_KEY: privateHalf(feed),
    LOG_FEED_PUBLIC_KEYS: publicHalf(feed),
    JOURNAL_URL: `postgres://journal:${journal}@127.0.0.1:3810/journal`,
    BANK_EVENTS_URL: natsUrl('integration-feed', natsFeed),
    MONGODB_URL: `mongodb://bank:${mongo}@127.0.0.1:3840/corebank?authSource=admin`,
    ...meshVariables(),
    ...Object.assign({}, ...APP_IDS.map(ownVariables)),
  };
  const auditorPublicKey = String(auditor.publicKey.export({ type: 'spki', format: 'pem' }));
  return { variables, auditorPublicKey };
}

/** In single quotes a value may have several lines, and nothing in it is replaced. */
const line = ([name, value]: readonly [string, string]): string => `${name}='${value}'\n`;

/**
 * Makes the passwords, keys and identities that docker-compose.yml asks for, once.
 * @returns the file that has them; undefined when it was there already.
 */
export function writeComposeEnvironment(folder: string): string | undefined {
  const file = join(folder, 'compose.env');
  if (existsSync(file)) return undefined;
  const { variables, auditorPublicKey } = composeSecrets();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // For anyone who checks what the auditor says; the other half is only in the environment file.
  writeFileSync(join(folder, 'compose-audit-public-key.pem'), auditorPublicKey);
  writePrivate(file, Object.entries(variables).map(line).join(''));
  return file;
}
