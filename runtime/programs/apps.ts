import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ACTOR_HOST_APP } from './actor-hosts.ts';
import { daprdArgs } from './dapr-yaml.ts';
import type { DaprApp } from './dapr-yaml.ts';
import type { InspectorPorts } from './inspector.ts';
import { appEnvironmentWithSecrets, appSecretNames, sidecarEnvironment } from '../environment.ts';
import { logFile, operatorFolders, type Instance } from '../instance.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { answersOk, LOOPBACK } from '../ports.ts';
import { nicenessOf } from '../supervisor/scheduling.ts';
import { accessFolder, auditFolder, keyRingFile, trustFile, type Secrets } from '../secrets.ts';
import { asOwnUser, handOver, ownFolder, passage, sidecarName, userOf } from '../users.ts';
import { shareNames } from './names.ts';

const SIDECAR_LAYER = 2;
const APP_LAYER = 3;

/** What an app alone reads and writes in the data folder, by the variable that tells it where. */
const OWN_FILES: Readonly<Record<string, (dataDir: string, app: DaprApp) => string>> = {
  ACCESS_FOLDER: accessFolder,
  AUDIT_FOLDER: auditFolder,
  KEY_RING_FILE: keyRingFile,
  OPERATOR_FOLDER: (dataDir, { name }) => join(operatorFolders(dataDir), name),
  TRUSTED_STATE_FILE: (dataDir) => dirname(trustFile(dataDir)),
};

/** Gives an app what is its own in the data folder. */
export const shareWithApp = ({ dataDir, number }: Instance, app: DaprApp): void => {
  const user = userOf(number, app.appID);
  passage(operatorFolders(dataDir));
  for (const name of appSecretNames(app)) {
    const path = OWN_FILES[name]?.(dataDir, app);
    if (path === undefined) continue;
    if (name !== 'KEY_RING_FILE') ownFolder(path, user);
    // It may lie elsewhere, and is missing when a restore has yet to bring it back.
    else if (existsSync(path)) handOver(path, user);
  }
};

/** The sidecar alone, for a program that takes the place of the app. */
export const sidecarProgram = (
  instance: Instance,
  secrets: Secrets,
  app: DaprApp,
  daprd: string,
): ProgramSpec => ({
  name: sidecarName(app.name),
  givesUpOn: 'nats',
  beforeStart: () => shareNames(instance),
  ...asOwnUser(instance, sidecarName(app.appID), daprd),
  args: daprdArgs(instance.root, app, instance.ports.sentry),
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
 * gives the actors to others (Dapr 1.18): one that hangs would keep them indefinitely.
 */
const ACTOR_HOST_UNANSWERED_MAX = 3;

/** An app may stand at a breakpoint for so long: in its start, and without answering a probe. */
export const INSPECTED_MS_MAX = 24 * 60 * 60_000;
const PROBE_MS_MIN = 1_000;

/** Its app may stand at a breakpoint: the sidecar keeps what is on its way to it. */
const patient = (app: DaprApp): DaprApp => {
  const appHealthThreshold = INSPECTED_MS_MAX / PROBE_MS_MIN;
  return { ...app, settings: { ...app.settings, appHealthThreshold } };
};

const appItself = (
  instance: Instance,
  secrets: Secrets,
  app: DaprApp,
  inspectorPort: number | undefined,
): ProgramSpec => {
  const [command = 'node', ...args] = app.command;
  shareWithApp(instance, app);
  const isActorHost = app.appID === ACTOR_HOST_APP;
  const watched = isActorHost ? { unansweredMax: ACTOR_HOST_UNANSWERED_MAX } : {};
  return {
    name: app.name,
    // The node that runs this also runs the apps, whatever PATH says.
    ...asOwnUser(instance, app.appID, command === 'node' ? process.execPath : command),
    args: inspectorPort === undefined ? args : [`--inspect=${LOOPBACK}:${inspectorPort}`, ...args],
    env: appEnvironmentWithSecrets(instance, secrets, app),
    cwd: resolve(instance.root, app.appDirPath),
    logFile: logFile(instance, app.name),
    port: app.appPort,
    layer: APP_LAYER,
    niceness: nicenessOf(app.appID),
    ...(inspectorPort === undefined ? watched : { startMsMax: INSPECTED_MS_MAX }),
    ready: () => answersOk(app.appPort, app.settings['appHealthCheckPath'] as string),
  };
};

/**
 * App and sidecar are two programs: the death of one does not restart the other. An inspected app
 * is never killed or passed over for its silence, because nobody can tell a breakpoint from a hang.
 */
export const appPrograms = (
  instance: Instance,
  secrets: Secrets,
  apps: readonly DaprApp[],
  daprd: string,
  inspectors: InspectorPorts = new Map(),
): ProgramSpec[] =>
  apps.flatMap((app) => {
    const port = inspectors.get(app.name);
    return [
      sidecarProgram(instance, secrets, port === undefined ? app : patient(app), daprd),
      appItself(instance, secrets, app, port),
    ];
  });
