import { logFile, type Instance } from '../instance.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { answersOk, LOOPBACK } from '../ports.ts';

const MEMBER = 'dapr-placement-0';

/**
 * Dapr's placement service tells sidecars where an actor lives. It keeps nothing on disk. The
 * bank has no scheduler: no actor has a reminder, what falls due stands in the journal.
 */
export const placementProgram = (instance: Instance, command: string): ProgramSpec => ({
  name: 'placement',
  command,
  args: [
    '--port',
    String(instance.ports.placement),
    '--healthz-port',
    String(instance.ports.placementHealth),
    '--id',
    MEMBER,
    '--initial-cluster',
    `${MEMBER}=${LOOPBACK}:${instance.ports.placementRaft}`,
    '--listen-address',
    LOOPBACK,
    '--healthz-listen-address',
    LOOPBACK,
    '--enable-metrics=false',
    '--log-level',
    'warn',
  ],
  env: { GOMEMLIMIT: '64MiB' },
  cwd: instance.dataDir,
  logFile: logFile(instance, 'placement'),
  port: instance.ports.placement,
  layer: 1,
  ready: () => answersOk(instance.ports.placementHealth, '/healthz'),
});
