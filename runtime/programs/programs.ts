import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { buildProgram, builtPath } from './go-build.ts';
import type { Instance } from '../instance.ts';
import { CannotRun } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { readVersions, satisfies, versionIn } from './versions.ts';
import type { ProgramName, ProgramVersion } from './versions.ts';

const VERSION_TIMEOUT_MS = 5_000;
/** Measured from empty caches on two cores, on average. */
const BUILD_MINUTES = 1.4;
/** Every program but the CLI, which only `dapr run` by hand needs. */
export const SERVED_BY_START: readonly ProgramName[] = [
  'nats-server',
  'immudb',
  'ferretdb',
  'daprd',
  'placement',
  'sentry',
];

/** Paths of programs by name. */
export type Programs = Readonly<Partial<Record<ProgramName, string>>>;
type Environment = Readonly<Record<string, string | undefined>>;
type Place = Pick<Instance, 'root' | 'cacheDir'>;

const runnable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const onPath = (name: string, env: Environment): string | undefined =>
  (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file) && runnable(file));

const isCompatible = (file: string, program: ProgramVersion): boolean => {
  const result = spawnSync(file, [...(program.versionArgs ?? [])], {
    encoding: 'utf8',
    timeout: VERSION_TIMEOUT_MS,
  });
  const found = versionIn(`${result.stdout}${result.stderr}`);
  return found !== undefined && satisfies(found, program.atLeast ?? program.version, true);
};

/**
 * Looks for one program: named by its environment variable, a compatible one on PATH, or built
 * before.
 * @returns undefined when it must be built.
 * @throws CannotRun for a variable that names no program.
 */
export const lookUp = (
  place: Place,
  name: ProgramName,
  program: ProgramVersion,
  env: Environment = process.env,
): string | undefined => {
  const named = env[program.env];
  if (named !== undefined && named !== '') {
    if (runnable(named)) return named;
    throw new CannotRun(`${program.env} names ${named}, which is not an executable file.`);
  }
  const built = builtPath(place, name, program);
  // PATH comes first by rule, but a program that cannot tell its version is never trusted.
  const found = program.versionArgs === undefined ? undefined : onPath(name, env);
  if (found !== undefined && isCompatible(found, program)) return found;
  return existsSync(built) ? built : undefined;
};

/** Finds or builds the wanted programs, showing progress for each build. */
export const findPrograms = async (
  place: Place,
  wanted: readonly ProgramName[],
  progress: Progress,
): Promise<Programs> => {
  const versions = readVersions(place.root);
  const found: Partial<Record<ProgramName, string>> = {};
  const missing: ProgramName[] = [];
  for (const name of wanted) {
    const file = lookUp(place, name, versions.programs[name]);
    if (file === undefined) missing.push(name);
    else found[name] = file;
  }
  if (missing.length > 0) {
    const minutes = Math.ceil(missing.length * BUILD_MINUTES);
    progress.say(`Some programs have to be built once, which takes about ${minutes} min.`);
  }
  for (const [index, name] of missing.entries()) {
    const counted = `[${index + 1}/${missing.length}]`;
    const label = `${counted} building ${name} ${versions.programs[name].version} ...`;
    found[name] = await progress.during(label, () => buildProgram(place, name, versions));
  }
  return found;
};
