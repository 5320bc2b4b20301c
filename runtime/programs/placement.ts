import { logFile, type Instance } from '../instance.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { asOwnUser } from '../users.ts';
import { meshEnvironment, PLACEMENT_ID, trustAnchorsFile } from '../mesh/identities.ts';
import { answersOk, LOOPBACK } from '../ports.ts';

const MEMBER = 'dapr-placement-0';

/** The arguments of placement: whom it believes, and its ports. */
export const placementArgs = (
  anchorsFile: string,
  ports: Pick<Instance['ports'], 'placement' | 'placementHealth' | 'placementRaft' | 'sentry'>,
): string[] => [
  '--port',
  String(ports.placement),
  '--healthz-port',
  String(ports.placementHealth),
  '--id',
  MEMBER,
  '--initial-cluster',
  `${MEMBER}=${LOOPBACK}:${ports.placementRaft}`,
  '--listen-address',
  LOOPBACK,
  '--healthz-listen-address',
  LOOPBACK,
  '--tls-enabled',
  '--trust-domain',
  'localhost',
  '--trust-anchors-file',
  anchorsFile,
  '--sentry-address',
  `${LOOPBACK}:${ports.sentry}`,
  '--enable-metrics=false',
  '--log-level',
  'warn',
];

/**
 * Dapr's placement service tells sidecars where an actor lives, over connections with certificates
 * only. It keeps nothing on disk. The bank has no scheduler: no actor has a reminder, what falls
 * due stands in the journal.
 */
export const placementProgram = (instance: Instance, command: string): ProgramSpec => ({
  name: 'placement',
  ...asOwnUser(instance, 'placement', command),
  args: placementArgs(trustAnchorsFile(instance.dataDir), instance.ports),
  env: { ...meshEnvironment(instance.dataDir, PLACEMENT_ID), GOMEMLIMIT: '64MiB' },
  cwd: instance.dataDir,
  logFile: logFile(instance, 'placement'),
  port: instance.ports.placement,
  layer: 1,
  ready: () => answersOk(instance.ports.placementHealth, '/healthz'),
});
