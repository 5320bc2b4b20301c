#!/usr/bin/env node
// Gets a fresh checkout to the point where compiled code can run, then runs one command.
// Plain JavaScript without dependencies, because it must work before `npm ci` has run.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const COMMANDS = {
  start: 'operations/start.js',
  infra: 'operations/infra.js',
  'compose-env': 'operations/compose-env.js',
  stop: 'operations/stop.js',
  status: 'operations/status.js',
  reset: 'operations/reset.js',
  logs: 'operations/logs.js',
  'dead-letters': 'operations/dead-letters.js',
  'sign-message': 'operations/sign-message.js',
  'dpop-proof': 'operations/dpop-proof.js',
  rebuild: 'operations/rebuild.js',
  rotate: 'operations/rotate.js',
  audit: 'operations/audit.js',
  restore: 'operations/restore/restore.js',
  'backup-keys': 'operations/backup/backup-keys.js',
  backup: 'operations/backup/backup.js',
  reference: 'operations/reference.js',
  replay: 'operations/replay/replay.js',
  'replay-account': 'operations/account-replay/account-replay.js',
  demo: 'operations/demo/demo.js',
  simulate: 'reliability/write-path/run.js',
  token: 'operations/token.js',
  verify: 'proofs/verify.js',
  bank: 'operations/bank/bank.js',
  packages: 'operations/packages/packages.js',
  sbom: 'operations/sbom/sbom.js',
  schemathesis: 'reliability/schemathesis.js',
  bench: 'bench/bench.js',
  test: 'reliability/test.js',
  check: 'reliability/check.js',
};
/** Compiles what runs; the tests are checked by `npm run check`. */
const PROJECT = 'tsconfig.build.json';
const ERROR_LINES = 15;
const NOT_SOURCES = new Set(['node_modules', 'dist', '.git', '.data', '.dapr', 'docs']);

const give = (sentence) => {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
};

const requireNode = () => {
  const { node } = JSON.parse(readFileSync(join(ROOT, 'runtime/versions.json'), 'utf8'));
  const [have, need] = [process.versions.node, node].map((text) => text.split('.').map(Number));
  const newer = have[0] > need[0] || (have[0] === need[0] && have[1] >= need[1]);
  if (!newer) give(`Node ${process.versions.node} is too old: install Node ${node} or newer.`);
};

const digestOf = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Runs one preparing step; its output is shown only when it fails. */
const prepare = (label, command, args, remedy) => {
  const started = Date.now();
  process.stderr.write(`${label} ...`);
  // Windows needs a shell for npm.cmd; the arguments are fixed words.
  const shell = process.platform === 'win32';
  const done = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', shell });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stderr.write(` ${done.status === 0 ? 'done' : 'failed'} in ${seconds} s\n`);
  if (done.status === 0) return;
  const lines = (done.error?.message ?? `${done.stdout}${done.stderr}`).trim().split('\n');
  const hidden = lines.length - ERROR_LINES;
  const more = hidden > 0 ? [`... and ${hidden} lines more`] : [];
  give([...lines.slice(0, ERROR_LINES), ...more, remedy].join('\n'));
};

const installPackages = () => {
  const stamp = join(ROOT, 'node_modules', '.core-bank-stamp');
  const wanted = digestOf(join(ROOT, 'package-lock.json'));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const remedy = 'Installing the npm packages failed: check the network, then run this again.';
  prepare('Installing npm packages (once)', 'npm', args, remedy);
  writeFileSync(stamp, wanted);
};

/** Names, sizes and times of all sources: cheap to read and changed by every edit. */
const sourcesStamp = () => {
  const hash = createHash('sha256');
  for (const file of ['tsconfig.json', PROJECT]) hash.update(digestOf(join(ROOT, file)));
  const rooms = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !NOT_SOURCES.has(entry.name))
    .map((entry) => entry.name);
  for (const room of rooms.sort()) {
    const files = readdirSync(join(ROOT, room), { recursive: true }).map(String);
    for (const file of files.sort()) {
      if (!file.endsWith('.ts') || file.includes('node_modules')) continue;
      const { size, mtimeMs } = statSync(join(ROOT, room, file));
      hash.update(`${room}/${file} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
};

const compile = () => {
  const stamp = join(ROOT, 'dist', '.core-bank-stamp');
  const wanted = sourcesStamp();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  rmSync(stamp, { force: true });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const remedy = 'The sources do not compile: correct the lines above, then run this again.';
  prepare('Compiling', process.execPath, [tsc, '-p', join(ROOT, PROJECT)], remedy);
  writeFileSync(stamp, wanted);
};

const [command = '', ...rest] = process.argv.slice(2);
const target = COMMANDS[command];
const known = Object.keys(COMMANDS).join(', ');
if (target === undefined) give(`Unknown command "${command}", there are: ${known}.`);
requireNode();
installPackages();
compile();
const file = join(ROOT, 'dist', target);
if (!existsSync(file)) give(`There is no ${target.replace(/js$/, 'ts')} in this checkout yet.`);
// Files that are named on the command line lie where the person is.
process.env.CORE_BANK_CALLED_FROM = process.env.INIT_CWD ?? process.cwd();
process.chdir(ROOT);
process.env.CORE_BANK_HOME = ROOT;
process.argv = [process.execPath, file, ...rest];
// In this same process, so signals and exit codes need no passing on.
await import(pathToFileURL(file).href);
