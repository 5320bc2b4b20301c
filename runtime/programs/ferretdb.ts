import { join } from 'node:path';
import { logFile, type Instance } from '../instance.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { accepts, LOOPBACK } from '../ports.ts';
import { POSTGRES_ADMIN } from './postgres-connection.ts';
import { readSideRole, readsideUrl } from './read-side-database.ts';
import type { Secrets } from '../secrets.ts';
import { asOwnUser, ownFolder } from '../users.ts';

/**
 * The server of MongoDB's protocol in front of PostgreSQL. It has no password of its own: the
 * credentials of its clients are passed on.
 */
export const ferretdbProgram = (instance: Instance, command: string): ProgramSpec => {
  const cwd = join(instance.dataDir, 'ferretdb');
  const own = asOwnUser(instance, 'ferretdb', command);
  ownFolder(cwd, own.user);
  return {
    name: 'ferretdb',
    ...own,
    args: [],
    env: {
      FERRETDB_LISTEN_ADDR: `${LOOPBACK}:${instance.ports.mongo}`,
      FERRETDB_POSTGRESQL_URL: readsideUrl(instance),
      GOMEMLIMIT: '256MiB',
    },
    cwd,
    logFile: logFile(instance, 'ferretdb'),
    port: instance.ports.mongo,
    layer: 1,
    ready: () => accepts(instance.ports.mongo),
  };
};

const urlOf = (instance: Instance, user: string, password: string): string =>
  `mongodb://${user}:${password}@${LOOPBACK}:${instance.ports.mongo}` +
  '/?authMechanism=PLAIN&authSource=$external';

/**
 * What an app connects to, a secret: each projection with a role that owns its own database, and
 * others with one that only reads.
 */
export function mongoUrl(instance: Instance, secrets: Secrets, appID: string): string {
  const { role, password } = readSideRole(secrets, appID);
  return urlOf(instance, role, password);
}

/** For tests that look at all of it; a secret. */
export const readSideAdminUrl = (instance: Instance, secrets: Secrets): string =>
  urlOf(instance, POSTGRES_ADMIN, secrets.postgresAdmin);
