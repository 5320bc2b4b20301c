// Makes the passwords and the signing key that docker-compose.yml asks for, once.
// Plain JavaScript without dependencies: it runs on a checkout where nothing is installed.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), '.data');
const file = join(folder, 'compose.env');
if (existsSync(file)) {
  process.stdout.write(`${file} is there already; nothing was changed.\n`);
  process.exit(0);
}
const secret = () => `Cb1-${randomBytes(24).toString('base64url')}`;
const [journal, mongo, natsSidecar] = [secret(), secret(), secret()];
const natsPublisher = secret();
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const auditor = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const variables = {
  DAPR_API_TOKEN: secret(),
  APP_API_TOKEN: secret(),
  POSTGRES_ADMIN_PASSWORD: secret(),
  POSTGRES_JOURNAL_PASSWORD: journal,
  MONGO_PASSWORD: mongo,
  NATS_ADMIN_PASSWORD: secret(),
  NATS_SIDECAR_PASSWORD: natsSidecar,
  NATS_PUBLISHER_PASSWORD: natsPublisher,
  NATS_READER_PASSWORD: secret(),
  IMMUDB_ADMIN_PASSWORD: secret(),
  IMMUDB_PASSWORD: secret(),
  AUDIT_SIGNING_KEY: auditor.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
  LOG_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  JOURNAL_URL: `postgres://journal:${journal}@127.0.0.1:3810/journal`,
  NATS_URL: `nats://sidecar:${natsSidecar}@127.0.0.1:3820`,
  BANK_EVENTS_URL: `nats://event-source:${natsPublisher}@127.0.0.1:3820`,
  MONGODB_URL: `mongodb://bank:${mongo}@127.0.0.1:3840/corebank?authSource=admin`,
};
mkdirSync(folder, { recursive: true, mode: 0o700 });
// Immudb's container runs as another user and must read it; the folder keeps others out.
const key = privateKey.export({ type: 'sec1', format: 'pem' });
writeFileSync(join(folder, 'compose-signing-key.pem'), key, { mode: 0o644 });
// For anyone who checks what the auditor says; the other half is only in the environment file.
const half = auditor.publicKey.export({ type: 'spki', format: 'pem' });
writeFileSync(join(folder, 'compose-audit-public-key.pem'), half);
const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
writeFileSync(file, lines.join(''), { mode: 0o600 });
process.stdout.write(`Made ${file}. Now: docker compose --env-file .data/compose.env up --build\n`);
