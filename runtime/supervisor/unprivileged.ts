import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Refusal } from '../progress.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface Call {
  readonly command: string;
  readonly args: string[];
  readonly user?: User;
}

const OTHERS_MAY_ENTER = 0o001;

/** PostgreSQL refuses to run as root; then it runs as nobody. Undefined for ordinary users. */
export const postgresUser = (): User | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Refusal('PostgreSQL refuses root and there is no user "nobody": run as a user.');
  }
  return { uid: Number(uid), gid: Number(gid) };
};

const othersMayReach = (path: string): boolean => {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & OTHERS_MAY_ENTER) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
};

/**
 * How to run a program as that user. When a folder on the way (such as /root) shuts others
 * out, setpriv leaves the process the one capability to read and pass through folders.
 */
export const runAs = (
  user: User | undefined,
  command: string,
  args: readonly string[],
  paths: readonly string[],
): Call => {
  if (user === undefined) return { command, args: [...args] };
  if ([command, ...paths].every(othersMayReach)) return { command, args: [...args], user };
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const capability = [
    ...['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'],
    // Without this bit the kernel's access(2), which initdb asks, ignores the capability.
    '--securebits=+no_setuid_fixup',
  ];
  return { command: 'setpriv', args: [...identity, ...capability, command, ...args] };
};
