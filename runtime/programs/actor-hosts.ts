import type { DaprApp } from './dapr-yaml.ts';
import { CannotRun } from '../progress.ts';

/** Dapr app id of the actor hosts. */
export const ACTOR_HOST_APP = 'bank-account-actor';
/** Most actor hosts of one instance. */
export const ACTOR_HOSTS_MAX = 8;
/** Each further host listens this far above the one before; dapr.yaml uses none of these ports. */
const PORTS_PER_HOST = 10;

/** How many actor hosts to start: as given, else as ACTOR_HOSTS says, else 1. */
export const actorHostsWanted = (given?: number): number => {
  const hosts = given ?? Number(process.env['ACTOR_HOSTS'] ?? 1);
  if (Number.isInteger(hosts) && hosts >= 1 && hosts <= ACTOR_HOSTS_MAX) return hosts;
  throw new CannotRun(`ACTOR_HOSTS must be a whole number from 1 to ${ACTOR_HOSTS_MAX}.`);
};

/**
 * One of several hosts of the same app id: Dapr spreads the actors over all of them. Each has its
 * own ports, its own program names and the name that becomes part of its own actor type.
 */
export const actorHost = (app: DaprApp, host: number): DaprApp => {
  if (host === 1) return app;
  const up = (host - 1) * PORTS_PER_HOST;
  return {
    ...app,
    name: `${app.appID}-${host}`,
    appPort: app.appPort + up,
    daprHTTPPort: app.daprHTTPPort + up,
    daprGRPCPort: app.daprGRPCPort + up,
    daprInternalGRPCPort: app.daprInternalGRPCPort + up,
    metricsPort: app.metricsPort + up,
    env: { ...app.env, ACTOR_HOST_NAME: `host${host}` },
  };
};

/** The apps of dapr.yaml with this many actor hosts instead of one. */
export const withActorHosts = (apps: readonly DaprApp[], hosts: number): readonly DaprApp[] =>
  apps.flatMap((app) =>
    app.appID === ACTOR_HOST_APP
      ? Array.from({ length: hosts }, (_, index) => actorHost(app, index + 1))
      : [app],
  );
