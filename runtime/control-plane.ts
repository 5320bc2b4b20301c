import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { logFile } from './instance.ts';
import type { Instance } from './instance.ts';
import type { ProgramSpec } from './managed-program.ts';
import { answersOk, LOOPBACK } from './ports.ts';

const PLACEMENT_MEMBER = 'dapr-placement-0';
const SCHEDULER_MEMBER = 'dapr-scheduler-server-0';
const COMMON_FLAGS = [
  ...['--listen-address', LOOPBACK, '--healthz-listen-address', LOOPBACK],
  ...['--enable-metrics=false', '--log-level', 'warn'],
];

/** Dapr's placement service tells sidecars where an actor lives. It keeps nothing on disk. */
const placementProgram = (instance: Instance, command: string): ProgramSpec => ({
  name: 'placement',
  command,
  args: [
    ...['--port', String(instance.ports.placement)],
    ...['--healthz-port', String(instance.ports.placementHealth), '--id', PLACEMENT_MEMBER],
    ...['--initial-cluster', `${PLACEMENT_MEMBER}=${LOOPBACK}:${instance.ports.placementRaft}`],
    ...COMMON_FLAGS,
  ],
  env: { GOMEMLIMIT: '64MiB' },
  cwd: instance.dataDir,
  logFile: logFile(instance, 'placement'),
  port: instance.ports.placement,
  layer: 1,
  ready: () => answersOk(instance.ports.placementHealth, '/healthz'),
});

/** Dapr's scheduler keeps actor reminders in an etcd of its own. */
const schedulerProgram = (instance: Instance, command: string): ProgramSpec => {
  const cwd = join(instance.dataDir, 'scheduler');
  mkdirSync(cwd, { recursive: true, mode: 0o700 });
  const peer = `http://${LOOPBACK}:${instance.ports.schedulerPeer}`;
  return {
    name: 'scheduler',
    command,
    args: [
      ...['--port', String(instance.ports.scheduler), '--id', SCHEDULER_MEMBER],
      ...['--healthz-port', String(instance.ports.schedulerHealth)],
      ...['--etcd-data-dir', join(cwd, 'etcd')],
      ...['--etcd-initial-cluster', `${SCHEDULER_MEMBER}=${peer}`],
      ...['--etcd-client-port', String(instance.ports.schedulerEtcd)],
      // A member that is alone need not wait out an election.
      ...['--etcd-client-listen-address', LOOPBACK, '--etcd-initial-election-tick-advance'],
      ...COMMON_FLAGS,
    ],
    env: { GOMEMLIMIT: '128MiB' },
    cwd,
    logFile: logFile(instance, 'scheduler'),
    port: instance.ports.scheduler,
    layer: 1,
    ready: () => answersOk(instance.ports.schedulerHealth, '/healthz'),
  };
};

export const controlPlanePrograms = (
  instance: Instance,
  placement: string,
  scheduler: string,
): ProgramSpec[] => [placementProgram(instance, placement), schedulerProgram(instance, scheduler)];
