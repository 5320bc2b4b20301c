import { logFile, type Instance } from '../instance.ts';
import { answersOk, LOOPBACK } from '../ports.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { authorityFolder, prepareMesh, sentryConfigurationFile } from './identities.ts';
import { shareMesh } from './ownership.ts';
import { asOwnUser } from '../users.ts';
import type { CertificateTimes } from './identities.ts';

/** The arguments of sentry: its configuration, the folder of its authority, and its ports. */
export const sentryArgs = (
  configuration: string,
  authority: string,
  ports: Pick<Instance['ports'], 'sentry' | 'sentryHealth'>,
): string[] => [
  '--config',
  configuration,
  '--issuer-credentials',
  authority,
  '--trust-domain',
  'localhost',
  '--port',
  String(ports.sentry),
  '--listen-address',
  LOOPBACK,
  '--healthz-port',
  String(ports.sentryHealth),
  '--healthz-listen-address',
  LOOPBACK,
  '--enable-metrics=false',
  '--log-level',
  'warn',
];

/**
 * Dapr's sentry gives sidecars and placement their certificates, and new ones as long as they run.
 * Who asks must show the token of the identity that it wants.
 */
export const sentryProgram = (
  instance: Instance,
  command: string,
  times?: CertificateTimes,
): ProgramSpec => {
  prepareMesh(instance.dataDir, times);
  shareMesh(instance);
  return {
    name: 'sentry',
    ...asOwnUser(instance, 'sentry', command),
    args: sentryArgs(
      sentryConfigurationFile(instance.dataDir),
      authorityFolder(instance.dataDir),
      instance.ports,
    ),
    env: { NAMESPACE: 'default', GOMEMLIMIT: '64MiB' },
    cwd: instance.dataDir,
    logFile: logFile(instance, 'sentry'),
    port: instance.ports.sentry,
    // Sidecars need it as long as they run.
    layer: 0,
    ready: () => answersOk(instance.ports.sentryHealth, '/healthz'),
  };
};
