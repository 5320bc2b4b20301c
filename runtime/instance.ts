import { CannotRun } from './progress.ts';
import { existsSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, dirname, resolve } from 'node:path';
import { requireReachable, takeDataDir } from './users.ts';

/** Goes up when what rests in a data folder can no longer be read by what was there before. */
const FORMAT = 6;
const FORMAT_FILE = 'format';
/** The folders of the stores. Keys alone are no data: after a loss they come back first. */
const STORES = ['postgres', 'immudb'];

/**
 * Marks a new data folder. Neither the journal nor the log of an older release can be continued,
 * because its events do not name their predecessors.
 * @throws CannotRun for a data folder of another release.
 */
export const requireFormat = (dataDir: string): void => {
  const file = join(dataDir, FORMAT_FILE);
  if (!existsSync(file) && !STORES.some((store) => existsSync(join(dataDir, store)))) {
    return writeFileSync(file, `${FORMAT}\n`, { mode: 0o600 });
  }
  const found = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 1;
  if (found === FORMAT) return;
  throw new CannotRun(
    `${dataDir} is of ${found < FORMAT ? 'an older' : 'another'} release, which this one cannot ` +
      'go on with: "npm run reset" empties it, or CORE_BANK_DATA names another folder.',
  );
};

/** Each instance moves every port by this much, so that several banks fit on one machine. */
export const PORTS_PER_INSTANCE = 1_000;
/** Beyond it the ports would reach those that the system assigns dynamically. */
export const INSTANCE_MAX = 25;
/** It would listen at port 6000, which browsers and fetch refuse (X11). */
const INSTANCE_NOBODY_REACHES = 3;

/** Infrastructure ports at instance 0; the ports of apps and sidecars come from dapr.yaml. */
export const BASE_PORTS = {
  postgres: 3810,
  nats: 3820,
  immudb: 3830,
  mongo: 3840,
  placement: 3850,
  placementHealth: 3851,
  placementRaft: 3852,
  sentry: 3853,
  sentryHealth: 3854,
  issuer: 3860,
} as const;

/** The ports of one instance's infrastructure. */
type InfraPorts = Readonly<Record<keyof typeof BASE_PORTS, number>>;

/** One bank on this machine: its number, its folders and its ports. */
export interface Instance {
  readonly number: number;
  /** The checkout. */
  readonly root: string;
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly ports: InfraPorts;
}

/** Which instance; what is missing comes from the environment. */
export interface InstanceOptions {
  readonly instance?: number;
  readonly dataDir?: string;
}

/**
 * The checkout. It is found by its dapr.yaml, because compiled files are one level deeper.
 * @throws CannotRun when there is none above the folder.
 */
export const projectRoot = (from = process.cwd()): string => {
  const given = process.env['CORE_BANK_HOME'];
  if (given !== undefined && existsSync(join(given, 'dapr.yaml'))) return given;
  let folder = resolve(from);
  while (!existsSync(join(folder, 'dapr.yaml')) || !existsSync(join(folder, 'runtime'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new CannotRun(`No dapr.yaml above ${from}: run this inside the core-bank checkout.`);
    }
    folder = parent;
  }
  return folder;
};

const instanceNumber = (given: number | undefined): number => {
  const number = given ?? Number(process.env['CORE_BANK_INSTANCE'] ?? 0);
  if (number === INSTANCE_NOBODY_REACHES) {
    throw new CannotRun(
      `Instance ${number} would listen at port 6000, which browsers and fetch refuse.`,
    );
  }
  if (Number.isInteger(number) && number >= 0 && number <= INSTANCE_MAX) return number;
  throw new CannotRun(`CORE_BANK_INSTANCE must be a whole number from 0 to ${INSTANCE_MAX}.`);
};

/**
 * Resolves the instance from options, then the environment, then defaults.
 * @throws CannotRun for a number that is not 0 to INSTANCE_MAX.
 */
export const resolveInstance = (options: InstanceOptions = {}): Instance => {
  const root = projectRoot();
  const number = instanceNumber(options.instance);
  const dataDir = resolve(
    options.dataDir ?? process.env['CORE_BANK_DATA'] ?? join(root, '.data', String(number)),
  );
  const cache = process.env['CORE_BANK_CACHE'] ?? join(homedir(), '.cache', 'core-bank');
  const moved = Object.entries(BASE_PORTS).map(([name, port]) => [
    name,
    port + PORTS_PER_INSTANCE * number,
  ]);
  const ports = Object.fromEntries(moved) as InfraPorts;
  return { number, root, dataDir, cacheDir: resolve(cache), ports };
};

/**
 * Creates the data folder. Under root the programs, each another user, may pass through it to what
 * is theirs, but not list it.
 * @throws CannotRun for a data folder of another release, or of another user.
 */
export const prepareDataDir = (instance: Instance): void => {
  takeDataDir(instance.dataDir);
  for (const path of [instance.root, instance.dataDir]) requireReachable(join(path, 'inside'));
  requireFormat(instance.dataDir);
  mkdirSync(join(instance.dataDir, 'logs'), { recursive: true, mode: 0o700 });
};

/** The log file of a program. */
export const logFile = (instance: Instance, program: string): string =>
  join(instance.dataDir, 'logs', `${program}.log`);

/** Where each app has a folder with the socket of its operator. */
export const operatorFolders = (dataDir: string): string => join(dataDir, 'operator');
