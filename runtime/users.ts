import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { APP_IDS } from '../contracts/access/namespaces.ts';
import { CannotRun } from './progress.ts';

/** A user of the system. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Started as root, no program of the bank runs as root, or as a user that something else runs as:
 * each has a uid of its own, UID_BASE + UIDS_PER_INSTANCE * instance + its place in this list.
 * They have no entry in /etc/passwd. Hosts of one app share its user, as they share its secrets.
 */
const UID_BASE = 64_000;
const UIDS_PER_INSTANCE = 32;
/** The name of an app's sidecar as a program. */
export const sidecarName = (app: string): string => `${app}-daprd`;
const PROGRAMS: readonly string[] = [
  'postgres',
  'nats',
  'immudb',
  'ferretdb',
  'sentry',
  'placement',
  'issuer',
  ...APP_IDS,
  ...APP_IDS.map(sidecarName),
];
/** Of all sidecars, which keep their addresses in a file that they share, and nothing else. */
const SIDECARS_GROUP = UIDS_PER_INSTANCE - 1;
/** Entries of /etc/passwd that somebody made for the bank begin with it. */
export const OWN_ACCOUNTS = 'core-bank';

/** The group of that bank's sidecars, when they are other users than who starts it. */
export const sidecarsGroup = (number: number): number | undefined =>
  isRoot() ? UID_BASE + UIDS_PER_INSTANCE * number + SIDECARS_GROUP : undefined;

const ROOT: User = { uid: 0, gid: 0 };
const OTHERS_MAY_ENTER = 0o001;

/** The name that the system has for a uid. */
export const accountOf = (uid: number): string | undefined =>
  readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((entry) => entry[2] === String(uid))?.[0];

/**
 * As whom a program runs: undefined, as who started the bank, unless that is root.
 * @throws CannotRun for a uid that somebody else has.
 */
export const userOf = (number: number, program: string): User | undefined => {
  if (!isRoot()) return undefined;
  const first = UID_BASE + UIDS_PER_INSTANCE * number;
  const place = PROGRAMS.indexOf(program);
  if (place === -1) throw new Error(`${program} has no user of its own`);
  const uid = first + place;
  const taken = accountOf(uid);
  if (taken !== undefined && !taken.startsWith(OWN_ACCOUNTS)) {
    throw new CannotRun(
      `Started as root, ${program} would run as user ${uid}, who is ${taken} here: start the ` +
        'bank as an ordinary user.',
    );
  }
  const isSidecar = APP_IDS.some((app) => sidecarName(app) === program);
  return { uid, gid: isSidecar ? (sidecarsGroup(number) ?? uid) : uid };
};

/** The folder on the way to a path that shuts out everybody but its owner. */
const shutOn = (path: string): string | undefined => {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & OTHERS_MAY_ENTER) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
};

/**
 * Under root, programs have to get at what others own.
 * @throws CannotRun for a path that is below a folder that shuts them out.
 */
export const requireReachable = (path: string): void => {
  const shut = isRoot() ? shutOn(path) : undefined;
  if (shut === undefined) return;
  throw new CannotRun(
    `Started as root, each program runs as a user of its own, and ${shut} lets none of them pass ` +
      `to ${path}: put that elsewhere, or "chmod o+x ${shut}", or start the bank as an ordinary ` +
      'user.',
  );
};

/** A program's file in a place that its user can reach, when the folder of builds is not one. */
export const reachable = ({ dataDir }: { readonly dataDir: string }, named: string): string => {
  if (!isRoot()) return named;
  // What is no path is looked up on PATH.
  if (!named.startsWith('/') || !existsSync(named)) return named;
  const command = realpathSync(named);
  if (shutOn(command) === undefined) return named;
  const folder = join(dataDir, 'programs');
  const place = join(folder, basename(command));
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const [wanted, there] = [statSync(command), statSync(place, { throwIfNoEntry: false })];
  if (there?.ino === wanted.ino && there.dev === wanted.dev) return place;
  if (there?.size === wanted.size && there.mtimeMs >= wanted.mtimeMs) return place;
  rmSync(place, { force: true });
  try {
    linkSync(command, place);
  } catch {
    // On another disk.
    copyFileSync(command, place, constants.COPYFILE_FICLONE);
  }
  chmodSync(place, 0o755);
  return place;
};

/** How a program is run as its own user, as a part of its specification. */
export const asOwnUser = (
  instance: { readonly number: number; readonly dataDir: string },
  program: string,
  command: string,
): { readonly command: string; readonly user?: User } => {
  const user = userOf(instance.number, program);
  return user === undefined ? { command } : { command: reachable(instance, command), user };
};

/**
 * Gives a file or a folder with all that is in it to a user; nothing changes without one. No link
 * is followed, because who owns the folder could have made one to what is not theirs.
 */
export const handOver = (path: string, user: User | undefined): void => {
  if (user === undefined) return;
  const { uid, gid } = lstatSync(path);
  if (uid !== user.uid || gid !== user.gid) lchownSync(path, user.uid, user.gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const entry of readdirSync(path)) handOver(join(path, entry), user);
};

/** A folder that a program alone may enter. */
export const ownFolder = (path: string, user: User | undefined): void => {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  handOver(path, user);
};

/** A folder of the runtime that holds what several programs own: they pass, and cannot look. */
export const passage = (path: string): void => {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (isRoot()) chmodSync(path, 0o711);
};

/**
 * The data folder belongs to who starts the bank. What an ordinary user started root can go on
 * with; the way back needs a person.
 * @throws CannotRun for the folder of somebody else.
 */
export const takeDataDir = (dataDir: string): void => {
  passage(dataDir);
  const { uid } = statSync(dataDir);
  if (uid === (process.getuid?.() ?? uid)) return;
  if (!isRoot()) {
    const why = uid === 0 ? ', because root has started this bank' : '';
    throw new CannotRun(
      `${dataDir} belongs to user ${uid}${why}: start it as that user, or have root give it ` +
        `away: chown -R ${process.getuid?.()} ${dataDir}`,
    );
  }
  handOver(dataDir, ROOT);
};
