import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { logFile, type Instance } from '../instance.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { accepts, LOOPBACK } from '../ports.ts';
import { readsideUrl } from './postgres.ts';
import type { Secrets } from '../secrets.ts';

/**
 * The server of MongoDB's protocol in front of PostgreSQL. It has no password of its own: the
 * credentials of its clients are passed on.
 */
export const ferretdbProgram = (instance: Instance, command: string): ProgramSpec => {
  const cwd = join(instance.dataDir, 'ferretdb');
  mkdirSync(cwd, { recursive: true, mode: 0o700 });
  return {
    name: 'ferretdb',
    command,
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

/** What the projections and the query API connect to; a secret. */
export const mongoUrl = (instance: Instance, secrets: Secrets): string =>
  `mongodb://readside:${secrets.postgresReadside}@${LOOPBACK}:${instance.ports.mongo}` +
  '/corebank?authMechanism=PLAIN&authSource=$external';
