import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { APP_IDS } from '../../contracts/access/namespaces.ts';
import { makeAuthority } from '../mesh/authority.ts';
import { makeSentryTokens, sentryConfiguration } from '../mesh/identities.ts';
import { writePrivate } from '../secrets.ts';

const SECRET_BYTES = 24;
const WRAPPING_KEY_BYTES = 32;
const KEY_ID_DIGITS = 10;
/** Where sentry's container has the keys of the tokens. */
const TOKEN_KEYS_FILE = '/mesh/keys/tokens.json';
/** Those that serve no operator: they are the bank's two APIs. */
const WITHOUT_OPERATOR = ['core-bank-api', 'queries-bank-api'];
/** It has no business with the broker. */
const WITHOUT_BROKER = ['queries-bank-api'];

const secret = (): string => `Cb1-${randomBytes(SECRET_BYTES).toString('base64url')}`;
const natsUrl = (user: string, password: string): string =>
  `nats://${user}:${password}@127.0.0.1:3820`;

type SigningPair = ReturnType<typeof signingPair>;
const signingPair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const privateHalf = ({ privateKey }: SigningPair): string =>
  privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
const publicHalf = ({ publicKey }: SigningPair): string =>
  publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

/** The variable that holds this for one app, or for another program with an identity. */
export const variableOf = (name: string, id: string): string =>
  `${name}_${id.toUpperCase().replaceAll('-', '_')}`;

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
    [variableOf('DAPR_API_TOKEN', app)]: secret(),
    [variableOf('APP_API_TOKEN', app)]: secret(),
  };
  if (!WITHOUT_OPERATOR.includes(app)) variables[variableOf('OPERATOR_TOKEN', app)] = secret();
  if (WITHOUT_BROKER.includes(app)) return variables;
  const password = secret();
  variables[variableOf('NATS_PASSWORD', app)] = password;
  variables[variableOf('NATS_URL', app)] = natsUrl(app, password);
  return variables;
}

/** Every variable of docker-compose.yml, and the auditor's public key (PEM). */
function composeSecrets() {
  const [journal, mongo, natsFeed] = [secret(), secret(), secret()];
  const [log, auditor, host, feed] = [signingPair(), signingPair(), signingPair(), signingPair()];
  const wrappingKey = randomBytes(WRAPPING_KEY_BYTES).toString('base64url');
  const digest = createHash('sha256').update(wrappingKey).digest('base64url');
  const current = digest.slice(0, KEY_ID_DIGITS);
  const variables: Readonly<Record<string, string>> = {
    POSTGRES_ADMIN_PASSWORD: secret(),
    POSTGRES_JOURNAL_PASSWORD: journal,
    MONGO_PASSWORD: mongo,
    NATS_PASSWORD_ADMIN: secret(),
    NATS_PASSWORD_INTEGRATION_FEED: natsFeed,
    NATS_PASSWORD_READER: secret(),
    // Of the local issuer, which runs with its profile only.
    ISSUER_LOCAL_SECRET: secret(),
    ISSUER_SERVICE_SECRET: secret(),
    IMMUDB_ADMIN_PASSWORD: secret(),
    IMMUDB_PASSWORD: secret(),
    IMMUDB_READER_PASSWORD: secret(),
    // Compose gives it to immudb's container alone, as a file of the user that immudb runs as.
    IMMUDB_SIGNING_KEY: String(log.privateKey.export({ type: 'sec1', format: 'pem' })),
    // The keys that wrap the keys of persons (platform/key-ring.ts), for the actor hosts alone.
    KEY_RING: JSON.stringify({ current, keys: { [current]: wrappingKey } }),
    // Nobody may send commands as messages until this names their producers (docs/messages.md).
    COMMAND_PRODUCERS: JSON.stringify({ producers: [] }),
    LOG_PUBLIC_KEY: publicHalf(log),
    AUDIT_SIGNING_KEY: privateHalf(auditor),
    COMMAND_KEY: secret(),
    PERSONS_KEY: secret(),
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
