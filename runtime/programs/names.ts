import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from '../instance.ts';
import { sidecarsGroup } from '../users.ts';

/** Where sidecars write down their addresses, and find those of others. */
export const namesFolder = (dataDir: string): string => join(dataDir, 'names');

/** Addresses of sidecars that are gone; the new ones register themselves. */
export const forgetAddresses = ({ dataDir }: Pick<Instance, 'dataDir'>): void =>
  rmSync(namesFolder(dataDir), { recursive: true, force: true });

/** Under root each sidecar is another user, so the file belongs to the group of them all. */
export const shareNames = ({ dataDir, number }: Pick<Instance, 'dataDir' | 'number'>): void => {
  const folder = namesFolder(dataDir);
  if (existsSync(folder)) return;
  mkdirSync(folder, { mode: 0o700 });
  const gid = sidecarsGroup(number);
  if (gid === undefined) return;
  const file = join(folder, 'names.db');
  writeFileSync(file, '');
  for (const path of [folder, file]) chownSync(path, 0, gid);
  // SQLite gives its other two files the same mode.
  chmodSync(file, 0o660);
  chmodSync(folder, 0o770);
};
