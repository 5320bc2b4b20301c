import { resolve } from 'node:path';
import { ACTOR_HOST_APP } from './actor-hosts.ts';
import { daprdArgs } from './dapr-yaml.ts';
import type { DaprApp } from './dapr-yaml.ts';
import { appEnvironmentWithSecrets, sidecarEnvironment } from '../environment.ts';
import { logFile, type Instance } from '../instance.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { answersOk } from '../ports.ts';
import { nicenessOf } from '../supervisor/scheduling.ts';
import type { Secrets } from '../secrets.ts';

const SIDECAR_LAYER = 2;
const APP_LAYER = 3;

export const sidecarName = (app: string): string => `${app}-daprd`;

/** The sidecar alone, for a program that takes the place of the app. */
export const sidecarProgram = (
  instance: Instance,
  secrets: Secrets,
  app: DaprApp,
  daprd: string,
): ProgramSpec => ({
  name: sidecarName(app.name),
  givesUpOn: 'nats',
  command: daprd,
  args: daprdArgs(instance.root, app),
  env: sidecarEnvironment(instance, secrets, app),
  cwd: instance.dataDir,
  logFile: logFile(instance, sidecarName(app.name)),
  port: app.daprHTTPPort,
  layer: SIDECAR_LAYER,
  niceness: nicenessOf(app.appID),
  ready: () => answersOk(app.daprHTTPPort, '/v1.0/healthz/outbound'),
});

/**
 * A sidecar tells every actor of an app that is ill to end, and waits for the answers before it
 * gives the actors to others (Dapr 1.18): one that hangs would keep them for ever.
 */
const ACTOR_HOST_UNANSWERED_MAX = 3;

const appItself = (instance: Instance, secrets: Secrets, app: DaprApp): ProgramSpec => {
  const [command = 'node', ...args] = app.command;
  return {
    name: app.name,
    // The node that runs this also runs the apps, whatever PATH says.
    command: command === 'node' ? process.execPath : command,
    args,
    env: appEnvironmentWithSecrets(instance, secrets, app),
    cwd: resolve(instance.root, app.appDirPath),
    logFile: logFile(instance, app.name),
    port: app.appPort,
    layer: APP_LAYER,
    niceness: nicenessOf(app.appID),
    ...(app.appID === ACTOR_HOST_APP ? { unansweredMax: ACTOR_HOST_UNANSWERED_MAX } : {}),
    ready: () => answersOk(app.appPort, app.settings['appHealthCheckPath'] as string),
  };
};

/** App and sidecar are two programs: the death of one does not restart the other. */
export const appPrograms = (
  instance: Instance,
  secrets: Secrets,
  apps: readonly DaprApp[],
  daprd: string,
): ProgramSpec[] =>
  apps.flatMap((app) => [
    sidecarProgram(instance, secrets, app, daprd),
    appItself(instance, secrets, app),
  ]);
