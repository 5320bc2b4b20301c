// Makes the passwords and the signing key that docker-compose.yml asks for, once.
//   node runtime/compose-env.mjs [folder]
// Plain JavaScript without dependencies: it runs on a checkout where nothing is installed.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const APPS = [
  'bank-account-actor',
  'core-bank-api',
  'event-source',
  'projection-balances',
  'projection-history',
  'queries-bank-api',
];
/** Those that serve an operator. */
const OPERATED = [
  'bank-account-actor',
  'event-source',
  'projection-balances',
  'projection-history',
];
const [folder = join(dirname(dirname(fileURLToPath(import.meta.url))), '.data')] =
  process.argv.slice(2);
const file = join(folder, 'compose.env');
if (existsSync(file)) {
  process.stdout.write(`${file} is there already; nothing was changed.\n`);
  process.exit(0);
}
const secret = () => `Cb1-${randomBytes(24).toString('base64url')}`;
const variable = (name, app) => `${name}_${app.toUpperCase().replaceAll('-', '_')}`;
const [journal, mongo] = [secret(), secret()];
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const [auditor, host, feed] = ['audit', 'host', 'feed'].map(() =>
  generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
);
const privateHalf = (pair) =>
  pair.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
const publicHalf = (pair) =>
  pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const natsUrl = (user, password) => `nats://${user}:${password}@127.0.0.1:3820`;
// In double quotes the reader of the file makes line ends of it again.
const oneLine = (text) => `"${text.replaceAll('\n', '\\n')}"`;
const natsFeed = secret();
const wrappingKey = randomBytes(32).toString('base64url');
const keyId = createHash('sha256').update(wrappingKey).digest('base64url').slice(0, 10);
const variables = {
  POSTGRES_ADMIN_PASSWORD: secret(),
  POSTGRES_JOURNAL_PASSWORD: journal,
  MONGO_PASSWORD: mongo,
  NATS_PASSWORD_ADMIN: secret(),
  NATS_PASSWORD_INTEGRATION_FEED: natsFeed,
  NATS_PASSWORD_READER: secret(),
  IMMUDB_ADMIN_PASSWORD: secret(),
  IMMUDB_PASSWORD: secret(),
  IMMUDB_READER_PASSWORD: secret(),
  // Compose gives it to immudb's container alone, as a file of the user that immudb runs as.
  IMMUDB_SIGNING_KEY: oneLine(privateKey.export({ type: 'sec1', format: 'pem' })),
  // The keys that wrap the keys of persons (platform/key-ring.ts), for the actor hosts alone.
  KEY_RING: `'${JSON.stringify({ current: keyId, keys: { [keyId]: wrappingKey } })}'`,
  AUDIT_SIGNING_KEY: privateHalf(auditor),
  COMMAND_KEY: secret(),
  PERSONS_KEY: secret(),
  HOST_SIGNING_KEY: privateHalf(host),
  HOST_PUBLIC_KEYS: publicHalf(host),
  LOG_FEED_SIGNING_KEY: privateHalf(feed),
  LOG_FEED_PUBLIC_KEYS: publicHalf(feed),
  LOG_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  JOURNAL_URL: `postgres://journal:${journal}@127.0.0.1:3810/journal`,
  BANK_EVENTS_URL: natsUrl('integration-feed', natsFeed),
  MONGODB_URL: `mongodb://bank:${mongo}@127.0.0.1:3840/corebank?authSource=admin`,
};
for (const app of APPS) {
  variables[variable('DAPR_API_TOKEN', app)] = secret();
  variables[variable('APP_API_TOKEN', app)] = secret();
  if (OPERATED.includes(app)) variables[variable('OPERATOR_TOKEN', app)] = secret();
  // The query API has no business with the broker.
  if (app === 'queries-bank-api') continue;
  const password = secret();
  variables[variable('NATS_PASSWORD', app)] = password;
  variables[variable('NATS_URL', app)] = natsUrl(app, password);
}
mkdirSync(folder, { recursive: true, mode: 0o700 });
// For anyone who checks what the auditor says; the other half is only in the environment file.
const half = auditor.publicKey.export({ type: 'spki', format: 'pem' });
writeFileSync(join(folder, 'compose-audit-public-key.pem'), half);
const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
writeFileSync(file, lines.join(''), { mode: 0o600 });
process.stdout.write(`Made ${file}. Now: docker compose --env-file .data/compose.env up --build\n`);
