import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFault } from '../../proofs/proof-fault.ts';
import { readReceipt, receiptFault } from '../../proofs/receipt.ts';
import { readPublicKey, readPublicKeys } from '../../proofs/signed-state.ts';
import { seededRandom } from '../../platform/seeded-random.ts';
import { ROTATION_NAMES, SECRET_FILES } from '../../runtime/rotation/rotations.ts';
import { loadSecrets, SECRET_NAMES } from '../../runtime/secrets.ts';
import { KEY_OWNERS, signingKeyFile } from '../../runtime/signing-keys.ts';
import { sentryTokenFile } from '../../runtime/mesh/identities.ts';
import { bankFetch } from '../faults/bank-fetch.ts';
import { bankUnderTest, runFault, type BankUnderTest } from '../faults/bank-under-test.ts';
import { runCommandOf } from '../restore/command-run.ts';

/** What has gathered while sidecars and the log were restarted, one after the other. */
const HEAL_MS_MAX = 60_000;

/** A folder, and what only who tries DPoP makes. */
const NOT_READ = ['mesh/tokens', 'issuer/dpop-key.json'];

let house: BankUnderTest;
jest.setTimeout(420_000);
beforeAll(async () => {
  house = await bankUnderTest();
});
afterAll(() => house.close());

/** Every secret of the data folder, by its name. */
function secretsNow(): Map<string, string> {
  const { dataDir } = house.bank.instance;
  const secrets = loadSecrets(dataDir);
  const read = (path: string): string => readFileSync(join(dataDir, path), 'utf8');
  const files = Object.keys(SECRET_FILES).filter((path) => !NOT_READ.includes(path));
  return new Map([
    ...SECRET_NAMES.map((name) => [name, secrets[name]] as const),
    ...KEY_OWNERS.map(
      (owner) => [owner, readFileSync(signingKeyFile(dataDir, owner), 'utf8')] as const,
    ),
    ...files.map((path) => [path, read(path)] as const),
    ['mesh/tokens', readFileSync(sentryTokenFile(dataDir, 'event-source'), 'utf8')],
  ]);
}

const read = async (path: string): Promise<Record<string, unknown>> =>
  (await (await bankFetch(`${house.queryUrl}${path}`)).json()) as Record<string, unknown>;

async function receiptOf(account: string) {
  const receipt = readReceipt(await read(`/v1/accounts/${account}/events/1/receipt`));
  if (isFault(receipt)) throw new Error(receipt.detail);
  return receipt;
}
const publicKeyNow = async (): Promise<string> =>
  String((await read('/v1/audit/public-key'))['publicKey']);

test('given a load, every secret is replaced, nothing is lost, and all stays proven', async () => {
  const { instance, dataDir } = { ...house.bank.instance, instance: house.bank.instance.number };
  const before = secretsNow();
  const [account] = await house.openAccounts(1);
  const [oldKey, oldReceipt] = [await publicKeyNow(), await receiptOf(account!)];

  let said = '';
  const rotateAll = async (): Promise<void> => {
    const rotated = await runCommandOf('operations/rotate.js', ['all'], { instance, dataDir });
    said = rotated.said;
    if (rotated.code !== 0) throw new Error(said);
  };
  const run = await runFault(house, seededRandom(7), rotateAll, {
    clients: 4,
    healMsMax: HEAL_MS_MAX,
  });
  expect(run.violations.slice(0, 10)).toEqual([]);
  expect(run.acknowledged).toBeGreaterThan(100);
  expect(said.match(/^New now/gm)).toHaveLength(ROTATION_NAMES.length);

  const after = secretsNow();
  const same = [...before].filter(([name, value]) => after.get(name) === value);
  expect(same.map(([name]) => name)).toEqual([]);

  const newKey = await publicKeyNow();
  expect(readPublicKey(newKey).equals(readPublicKey(oldKey))).toBe(false);
  expect(receiptFault(oldReceipt, readPublicKeys(newKey))).toBeUndefined();
  const newReceipt = await receiptOf(account!);
  expect(receiptFault(newReceipt, readPublicKeys(newKey))).toBeUndefined();
  expect(receiptFault(newReceipt, readPublicKey(oldKey))).toMatchObject({
    fault: 'signature-foreign',
  });

  const audit = await runCommandOf('operations/audit.js', [], { instance, dataDir });
  expect(audit.said).toMatch(/checkpoints +[0-9]+ of the auditor, signed and compared/);
  expect(audit.said).toContain('Books balance');
  expect(audit.code).toBe(0);
});
