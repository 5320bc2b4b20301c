import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from '../instance.ts';
import { CannotRun } from '../progress.ts';
import { satisfies, versionIn } from './versions.ts';
import type { ProgramName, ProgramVersion, Versions } from './versions.ts';

const HASH_DIGITS = 10;
const ERROR_LINES_SHOWN = 5;
const EXECUTABLE = process.platform === 'win32' ? '.exe' : '';
const BUILD_ENV = { CGO_ENABLED: '0', GOWORK: 'off' };

const linkFlags = (program: ProgramVersion): string => {
  const variable = program.versionVariable;
  return variable === undefined ? '-s -w' : `-s -w -X ${variable}=${program.version}`;
};

const sourceFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.go') || file === 'go.mod' || file === 'go.sum')
    .sort()
    .map((file) => join(folder, file));

/** The name has the version and a hash of everything that is built: a change is built again. */
export const builtName = (root: string, name: ProgramName, program: ProgramVersion): string => {
  const hash = createHash('sha256').update(`${linkFlags(program)} ${program.package}`);
  for (const file of sourceFiles(join(root, 'runtime', program.module))) {
    hash.update(readFileSync(file));
  }
  const digest = hash.digest('hex').slice(0, HASH_DIGITS);
  return `${name}-${program.version}-${digest}${EXECUTABLE}`;
};

export const builtPath = (
  instance: Pick<Instance, 'root' | 'cacheDir'>,
  name: ProgramName,
  program: ProgramVersion,
): string => join(instance.cacheDir, 'bin', builtName(instance.root, name, program));

const run = (args: readonly string[], cwd: string, log: string, env: object): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn('go', args, {
      cwd,
      env: { ...process.env, ...BUILD_ENV, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out = createWriteStream(log);
    child.stdout.pipe(out, { end: false });
    child.stderr.pipe(out, { end: false });
    child.once('error', reject);
    child.once('close', (code) => out.end(() => resolve(code ?? 1)));
  });

const requireGo = async (name: string, wanted: string, env: string, log: string): Promise<void> => {
  const remedy = `install Go ${wanted} or newer (https://go.dev/dl), or set ${env} to a binary`;
  const code = await run(['version'], '.', log, {}).catch(() => undefined);
  if (code !== 0)
    throw new CannotRun(`${name} has to be built once, but there is no Go: ${remedy}.`);
  const found = versionIn(readFileSync(log, 'utf8')) ?? '0.0.0';
  // Since 1.21 the go command fetches a newer toolchain itself unless that is switched off.
  const canFetch = satisfies(found, '1.21.0', false) && process.env['GOTOOLCHAIN'] !== 'local';
  if (!satisfies(found, wanted, false) && !canFetch) {
    throw new CannotRun(`Go ${found} is too old to build ${name}: ${remedy}.`);
  }
};

const lastLines = (file: string): string =>
  readFileSync(file, 'utf8').trim().split('\n').slice(-ERROR_LINES_SHOWN).join('\n');

/**
 * Builds one program into the cache and gives its path. It builds next to the target and
 * renames, so two processes that build the same program at once both end well.
 */
export const buildProgram = async (
  instance: Pick<Instance, 'root' | 'cacheDir'>,
  name: ProgramName,
  versions: Versions,
): Promise<string> => {
  const program = versions.programs[name];
  const goal = builtPath(instance, name, program);
  const work = join(instance.cacheDir, 'building', `${name}-${process.pid}`);
  const log = join(instance.cacheDir, `${name}-build-${process.pid}.log`);
  mkdirSync(join(instance.cacheDir, 'bin'), { recursive: true });
  mkdirSync(work, { recursive: true });
  try {
    await requireGo(name, versions.go, program.env, log);
    const flags = ['-trimpath', '-buildvcs=false', '-ldflags', linkFlags(program)];
    // Every module is the one whose hash stands in our go.sum, or the build fails.
    const code = await run(
      ['build', '-mod=readonly', ...flags, '-o', join(work, name), program.package],
      join(instance.root, 'runtime', program.module),
      log,
      { GOFLAGS: '' },
    );
    const made = [join(work, name), join(work, `${name}${EXECUTABLE}`)].find(existsSync);
    if (code !== 0 || made === undefined) {
      throw new CannotRun(`Building ${name} failed, see ${log}. It ended with:\n${lastLines(log)}`);
    }
    renameSync(made, goal);
    rmSync(log, { force: true });
    return goal;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};
