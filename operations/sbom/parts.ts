import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CannotRun } from '../../runtime/progress.ts';
import { licenceOfModule, licenceOfNpm } from './licences.ts';

/** Something of others that the bank consists of. */
export interface Part {
  readonly from: 'npm' | 'golang';
  readonly name: string;
  readonly version: string;
  /** As SPDX writes it. */
  readonly licence: string;
  /** SHA-512 in base64 of an npm package, Go's own hash of a module. */
  readonly hash?: string;
  /** Only for work on the bank, and in no running one. */
  readonly isForDevelopment: boolean;
}

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
}

/** Every package of package-lock.json that is not ours. */
export function npmParts(root: string): Part[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  return Object.entries(lock.packages).flatMap(([path, { version, integrity, license, dev }]) => {
    const name = path.split('node_modules/').at(-1) ?? '';
    if (!path.includes('node_modules/') || version === undefined) return [];
    const part = { from: 'npm', name, version, isForDevelopment: dev === true } as const;
    const hash = integrity?.replace('sha512-', '');
    const licence = licenceOfNpm(name, license);
    return [{ ...part, licence, ...(hash === undefined ? {} : { hash }) }];
  });
}

const go = (...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync('go', args, { encoding: 'utf8' });
  if (status !== 0) throw new CannotRun(`"go ${args.join(' ')}" failed: ${stderr.trim()}`);
  return stdout;
};

/** Every module that was compiled into the programs: the binaries themselves tell. */
export function goParts(programs: readonly string[]): Part[] {
  const cache = go('env', 'GOMODCACHE').trim();
  return programs.flatMap((program) =>
    go('version', '-m', program)
      .split('\n')
      .map((line) => line.split('\t'))
      .flatMap(([, kind, name = '', version = '', hash = '']): Part[] => {
        // A module that was replaced has no hash; the one in its place follows.
        if ((kind !== 'dep' && kind !== '=>') || hash === '') return [];
        const licence = licenceOfModule(name, licenceText(cache, name, version));
        return [{ from: 'golang', name, version, hash, licence, isForDevelopment: false }];
      }),
  );
}

/** The licence file of a module in Go's cache, whose folders write capitals as "!" and a letter. */
function licenceText(cache: string, name: string, version: string): string {
  const path = `${name}@${version}`.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
  const folder = join(cache, path);
  if (!existsSync(folder)) throw new CannotRun(`${folder} is gone: build the programs again.`);
  const files = readdirSync(folder, { withFileTypes: true });
  const file = files.find((one) => one.isFile() && /^(?:licen[cs]e|copying)/i.test(one.name));
  return file === undefined ? '' : readFileSync(join(folder, file.name), 'utf8');
}
