import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A TypeScript file of the project; `path` is relative to the checkout, with "/". */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** A room with what its package.json says that it needs. */
export interface Room {
  readonly name: string;
  readonly packages: readonly string[];
}

export interface Project {
  readonly sources: readonly Source[];
  readonly rooms: readonly Room[];
  /** Packages for tests and tools, which the root package.json lists. */
  readonly toolPackages: readonly string[];
}

/** A rule that a source breaks, in one sentence that begins with its path. */
export type Fault = string;

export const roomOf = (path: string): string => path.slice(0, path.indexOf('/'));

/** Tests, and what only tests use. */
export const isTest = (path: string): boolean => /(?:\.test|-for-tests|-contract)\.ts$/.test(path);

const IMPORT =
  /^\s*(?:import|export)\s(?:[^;'"()]*?\sfrom\s)?\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm;

/** What a source imports, as it is written. */
export const importsOf = ({ text }: Source): string[] =>
  [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '');

/** The path within the checkout that a relative import of a source names. */
export function resolveImport(from: string, relative: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const step of relative.split('/')) {
    if (step === '..') parts.pop();
    else if (step !== '.') parts.push(step);
  }
  return parts.join('/');
}

interface PackageFile {
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const readPackage = (folder: string): PackageFile =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageFile;

const NOT_OURS = new Set(['node_modules', 'dist', 'results']);

function sourcesIn(root: string, folder: string): Source[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : sourcesIn(root, path);
    if (!entry.name.endsWith('.ts')) return [];
    return [{ path, text: readFileSync(join(root, path), 'utf8') }];
  });
}

/** Reads the rooms that the root package.json names, and every source in them. */
export function readProject(root: string): Project {
  const { workspaces = [], devDependencies = {} } = readPackage(root);
  const names = workspaces.filter((name) => existsSync(join(root, name)));
  return {
    sources: names.flatMap((name) => sourcesIn(root, name)),
    rooms: names.map((name) => ({
      name,
      packages: Object.keys(readPackage(join(root, name)).dependencies ?? {}),
    })),
    toolPackages: Object.keys(devDependencies),
  };
}
