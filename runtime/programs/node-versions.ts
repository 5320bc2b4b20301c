import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Instance } from '../instance.ts';
import { CannotRun } from '../progress.ts';
import type { NodeVersion, Versions } from './versions.ts';

const run = promisify(execFile);
const PLATFORM = `${process.platform}-${process.arch}`;
const RUNNING = process.versions.node.split('.')[0];

/** The binaries on npm need glibc, which a Linux like Alpine has not. */
const isLinked = (): boolean => {
  if (process.platform !== 'linux') return true;
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime !== undefined;
};

/** True when this machine can have a Node of that major. */
export const hasNode = (versions: Versions, major: string): boolean =>
  major === RUNNING || (versions.nodes[major]?.integrity[PLATFORM] !== undefined && isLinked());

/** Gets the binary from npm, of which no other byte than the pinned ones is run. */
async function download(
  cacheDir: string,
  { version, integrity }: NodeVersion,
  goal: string,
): Promise<void> {
  const name = `node-${PLATFORM}`;
  const work = join(cacheDir, 'building', `node-${version}-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    await run('npm', ['pack', '--silent', `${name}@${version}`, '--pack-destination', work]);
    const tarball = join(work, `${name}-${version}.tgz`);
    const digest = createHash('sha512').update(readFileSync(tarball)).digest('base64');
    if (`sha512-${digest}` !== integrity[PLATFORM]) {
      throw new CannotRun(`${name} ${version} of npm is not the one that versions.json names.`);
    }
    await run('tar', ['-xzf', tarball, '-C', work, 'package/bin/node']);
    mkdirSync(join(cacheDir, 'bin'), { recursive: true });
    renameSync(join(work, 'package', 'bin', 'node'), goal);
  } catch (cause) {
    if (cause instanceof CannotRun) throw cause;
    throw new CannotRun(`Node ${version} could not be had from npm: ${String(cause)}`, { cause });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The Node of that major: the one that runs, or one of npm that is downloaded once. */
export async function findNode(
  { cacheDir }: Pick<Instance, 'cacheDir'>,
  versions: Versions,
  major: string,
): Promise<string> {
  if (major === RUNNING) return process.execPath;
  const wanted = versions.nodes[major];
  if (wanted === undefined) throw new CannotRun(`versions.json names no Node ${major}.`);
  const goal = join(cacheDir, 'bin', `node-${wanted.version}`);
  if (!existsSync(goal)) await download(cacheDir, wanted, goal);
  return goal;
}
