import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { people } from './issuer/people.ts';
import { signingKeys } from './issuer/signing-keys.ts';
import { prepareMesh } from '../runtime/mesh/identities.ts';
import {
  endEarlierProducerKeys,
  announceProducerKey,
  producersFile,
} from '../runtime/message-producer.ts';
import { loadSecrets } from '../runtime/secrets.ts';
import { KEY_OWNERS, signingKeyFile } from '../runtime/signing-keys.ts';
import {
  ROTATION_NAMES,
  SECRET_FILES,
  SECRETS,
  SIGNING_KEYS,
} from '../runtime/rotation/rotations.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'rotations-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** What hides nothing: public halves, certificates, and who is known by which key. */
const NO_SECRETS =
  /-public-key\.pem$|\.crt$|mesh\/sentry\.yaml|mesh\/keys\/|message-producers\.json/;

test('given all that a start makes, each file with a secret has a rotation', () => {
  loadSecrets(dataDir);
  prepareMesh(dataDir);
  producersFile(dataDir);
  announceProducerKey(dataDir);
  endEarlierProducerKeys(dataDir);
  const issuer = join(dataDir, 'issuer');
  mkdirSync(issuer);
  people(issuer);
  signingKeys(issuer);
  const known = [
    'secrets.json',
    ...Object.keys(SECRET_FILES),
    ...KEY_OWNERS.map((owner) => signingKeyFile('', owner)),
  ];
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dataDir.length + 1))
    .filter((path) => !NO_SECRETS.test(path));
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((path) => !known.some((one) => path.startsWith(one)))).toEqual([]);
});

test('given a rotation, something is replaced by it', () => {
  const used = new Set(
    [SECRETS, SIGNING_KEYS, SECRET_FILES].flatMap((table) => Object.values(table)),
  );
  expect(ROTATION_NAMES.filter((name) => !used.has(name))).toEqual([]);
});
