import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A Go program that the bank needs. */
export type ProgramName =
  'nats-server' | 'immudb' | 'ferretdb' | 'daprd' | 'placement' | 'sentry' | 'dapr';

/** How one Go program is recognised on PATH and how it is built. */
export interface ProgramVersion {
  readonly version: string;
  /** Environment variable that names a binary to use instead. */
  readonly env: string;
  /** Folder under runtime/ that holds its go.mod and go.sum. */
  readonly module: string;
  readonly package: string;
  /** Go variable that is set to the version at link time. */
  readonly versionVariable?: string;
  /** Arguments that make it print its version; without them it is never taken from PATH. */
  readonly versionArgs?: readonly string[];
  /** Lowest version of the same major that serves the bank. */
  readonly atLeast?: string;
}

/** A Node on which the offline verifier is tested. */
export interface NodeVersion {
  readonly version: string;
  /** Of npm's packages, by platform and processor. */
  readonly integrity: Readonly<Record<string, string>>;
}

/** The versions of everything that the bank runs on (runtime/versions.json). */
export interface Versions {
  readonly node: string;
  /** By major version. */
  readonly nodes: Readonly<Record<string, NodeVersion>>;
  readonly go: string;
  readonly programs: Readonly<Record<ProgramName, ProgramVersion>>;
  readonly images: Readonly<Record<string, string>>;
}

/** Reads runtime/versions.json. */
export const readVersions = (root: string): Versions =>
  JSON.parse(readFileSync(join(root, 'runtime', 'versions.json'), 'utf8')) as Versions;

const parts = (version: string): number[] => version.split('.').map(Number);

/** The first x.y.z in what a program printed about itself; undefined when there is none. */
export const versionIn = (text: string): string | undefined => /(\d+\.\d+\.\d+)/.exec(text)?.[1];

/** Whether `found` is at least `wanted`; with `sameMajor` the first number must be equal too. */
export const satisfies = (found: string, wanted: string, sameMajor: boolean): boolean => {
  const [a, b] = [parts(found), parts(wanted)];
  if (sameMajor && a[0] !== b[0]) return false;
  for (let i = 0; i < 3; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
};
