import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROLES } from '../contracts/access/principal.ts';
import { resolveInstance } from '../runtime/instance.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';
import { STAFF } from './faults/bank-fetch.ts';
import { executed } from './faults/executed.ts';
import { bankUnderTest, type BankUnderTest } from './faults/bank-under-test.ts';

const VERSION = '4.32.5';
const PYTHON_MINOR_MIN = 10;
const EXAMPLES = 30;
/** What a role may is tried for each operation by the access matrix; here it meets bad input. */
const EXAMPLES_OF_ROLE = 5;
/**
 * Right by its schema is not right for the bank: check digits, a version that is past or money
 * that lacks cannot be written down in OpenAPI. All other checks of Schemathesis are on.
 */
const EXCLUDED_CHECKS = 'positive_data_acceptance';
/** It never ends; queries-bank-api/log/event-streams.test.ts and the whole-house tests try it. */
const ENDLESS = 'streamEvents';

/**
 * To wait for a version that is nowhere is answered 503 version-not-reached, because the read
 * side cannot know whether it will come. So only versions that are there are asked for; bad
 * ones are in the corpus of bad input.
 */
const THERE = { 'query.minVersion': '1' };

/** A batch with a bad item is answered 200, and the item 400: it harms no other. */
const BATCHES = `
[[operations]]
include-operation-id = "executeBatch"
checks.negative_data_rejection.enabled = false
`;

const HOW =
  'Schemathesis needs Python 3.10 or newer with venv and pip (on Debian: apt-get install ' +
  'python3-venv), and once the package registry. Nothing else of the bank needs Python.';

/** Installs Schemathesis alongside the other programs of the bank, once; gives its command. */
function installed(): string {
  const folder = path.join(resolveInstance().cacheDir, `schemathesis-${VERSION}`);
  const bin = path.join(folder, process.platform === 'win32' ? 'Scripts' : 'bin');
  const command = path.join(bin, 'schemathesis');
  const marker = path.join(folder, 'installed');
  if (existsSync(marker)) return command;
  const asked = spawnSync('python3', ['-c', 'import sys; print(sys.version_info[1])']);
  if (asked.status !== 0 || Number(asked.stdout.toString()) < PYTHON_MINOR_MIN) {
    throw new CannotRun(`There is no python3 that is new enough. ${HOW}`);
  }
  process.stderr.write(`Installing Schemathesis ${VERSION} into ${folder} (once) ...\n`);
  rmSync(folder, { recursive: true, force: true });
  const made = spawnSync('python3', ['-m', 'venv', folder], { encoding: 'utf8' });
  if (made.status !== 0) throw new CannotRun(`${made.stdout}${made.stderr}\n${HOW}`);
  const args = ['install', '--quiet', `schemathesis==${VERSION}`];
  const pip = spawnSync(path.join(bin, 'pip'), args, { encoding: 'utf8' });
  if (pip.status !== 0) throw new CannotRun(`${pip.stderr}\n${HOW}`);
  writeFileSync(marker, VERSION);
  return command;
}

/** An account with money, an open hold and a transfer, so that requests reach the bank's rules. */
async function furnish({ commandUrl }: BankUnderTest): Promise<Record<string, string>> {
  const post = (to: string, body: object) => executed(`${commandUrl}/v1/${to}`, body);
  const person = { givenName: 'Schema', familyName: 'Thesis' };
  const personId = String((await post('persons', person))['personId']);
  const terms = { ownerId: personId, currency: 'CZK', initialDeposit: '1000000.00' };
  const open = async () => String((await post('accounts', terms))['accountId']);
  const [accountId, other] = [await open(), await open()];
  const placed = await post(`accounts/${accountId}/holds`, { amount: '500000.00' });
  const legs = { fromAccountId: accountId, toAccountId: other, amount: '1.00' };
  const moved = await post('transfers', legs);
  return {
    'path.id': accountId,
    'path.holdId': String(placed['holdId']),
    'path.personId': personId,
    'path.transferId': String(moved['transferId']),
    'query.ownerId': personId,
    'query.accountId': accountId,
  };
}

interface Run {
  readonly url: string;
  readonly known: object;
  /** Who sends; without a token everything but health and documentation has to be 401. */
  readonly who: string;
  readonly token?: string;
  readonly examples: number;
  /** All of them when missing. */
  readonly phases?: string;
}

/** A run, and the roles of its token; a customer is that person. */
interface Sent extends Omit<Run, 'url' | 'token'> {
  readonly roles?: readonly string[];
  readonly person?: string | undefined;
}

/** Runs one API's document through Schemathesis; gives its exit code. */
function run(
  command: string,
  folder: string,
  { url, known, who, token, examples, phases }: Run,
): Promise<number> {
  const config = path.join(folder, 'schemathesis.toml');
  const members = Object.entries({ ...THERE, ...known }).map(
    ([name, value]) => `"${name}" = "${value}"\n`,
  );
  writeFileSync(config, `[parameters]\n${members.join('')}${BATCHES}`);
  const seed = process.env['SEED'] ?? String(Date.now() % 1_000_000_000);
  process.stdout.write(
    `\nSEED=${seed} ${url} ${Object.keys(known).length > 0 ? 'known' : 'any'} ids, ${who}\n`,
  );
  // One worker: CPython 3.11 miscounts its recursion when several threads build syntax trees.
  const args = [
    '--config-file',
    config,
    'run',
    `${url}/openapi.json`,
    '--seed',
    seed,
    '--workers',
    '1',
    '--max-examples',
    String(examples),
    '--continue-on-failure',
    '--exclude-checks',
    EXCLUDED_CHECKS,
    '--exclude-operation-id',
    ENDLESS,
    '--generation-database',
    'none',
    '--warnings',
    'off',
    ...(token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`]),
    ...(phases === undefined ? [] : ['--phases', phases]),
    ...process.argv.slice(2),
  ];
  const child = spawn(command, args, { cwd: folder, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/**
 * `npm run schemathesis`: sends what Schemathesis makes of both OpenAPI documents to a bank of
 * its own: without a token, with all rights of the staff, and as each role. No 5xx, no
 * undocumented status, no answer that breaks its schema, no bad request that is taken. Not part of
 * `npm test`, because Python is no requirement of the bank.
 */
runCommand(async () => {
  const command = installed();
  const folder = mkdtempSync(path.join(tmpdir(), 'schemathesis-'));
  // It asks again without a token and expects 401, far more often than an address may fail.
  process.env['FAILED_LOGINS_PER_MINUTE_MAX'] = '100000';
  const house = await bankUnderTest();
  try {
    for (const url of [house.commandUrl, house.queryUrl]) {
      const furnished = await furnish(house);
      // Each with a token of its own, which is taken to the end of its run.
      const person = furnished['path.personId'];
      const at = url.slice(-4);
      const sent: readonly Sent[] = [
        { who: 'no token', known: {}, examples: EXAMPLES },
        { who: 'any-ids', roles: STAFF, known: {}, examples: EXAMPLES },
        { who: 'known-ids', roles: STAFF, known: furnished, examples: EXAMPLES },
        ...ROLES.map((role) => ({
          who: role,
          roles: [role],
          known: furnished,
          examples: EXAMPLES_OF_ROLE,
          phases: 'examples,fuzzing',
          ...(role === 'customer' ? { person } : {}),
        })),
      ];
      for (const { roles, person: owner, ...one } of sent) {
        const wish = {
          client: `${one.who}-${at}`,
          ...(owner === undefined ? {} : { person: owner }),
        };
        const token = roles === undefined ? {} : { token: await house.bank.token(roles, wish) };
        const code = await run(command, folder, { url, ...one, ...token });
        if (code !== 0) process.exitCode = 1;
      }
    }
  } finally {
    await house.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
