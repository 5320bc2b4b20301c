import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from '../instance.ts';
import { authorityFolder } from '../mesh/identities.ts';
import { announceProducerKey, endEarlierProducerKeys } from '../message-producer.ts';
import { ACTOR_HOST_APP } from '../programs/actor-hosts.ts';
import { brokerPlanOf } from '../programs/broker-rights.ts';
import type { DaprApp } from '../programs/dapr-yaml.ts';
import { lastTransaction, provisionImmudb, replaceImmudbAdmin } from '../programs/immudb.ts';
import { issuerOf } from '../programs/issuer.ts';
import { untilTaken } from '../programs/nats.ts';
import {
  keepPostgresAdmin,
  provisionPostgres,
  replacePostgresAdmin,
} from '../programs/postgres.ts';
import { CannotRun } from '../progress.ts';
import { changeSecrets, loadSecrets, newSecret, replaceSecrets } from '../secrets.ts';
import { announceKey, endEarlierKeys, useAnnouncedKey } from '../signing-keys.ts';
import { sidecarName } from '../users.ts';
import { secretsOf, type RotationName } from './rotations.ts';

/** A running bank, as a rotation needs it. */
export interface House {
  readonly instance: Instance;
  readonly apps: () => readonly DaprApp[];
  /** Stops these programs and starts them with what the data folder says now, until ready. */
  readonly restart: (names: readonly string[]) => Promise<void>;
  /** They are started so from their next start on. */
  readonly renew: (names: readonly string[]) => void;
  readonly takeDown: (name: string) => Promise<void>;
  readonly signal: (name: string, signal: NodeJS.Signals) => boolean;
}

const PATIENCE_MS = 60_000;
const RETRY_MS = 500;
const LOG_APP = 'event-source';
const COMMANDS_APP = 'core-bank-api';
const QUERIES_APP = 'queries-bank-api';
const PROJECTIONS = ['projection-balances', 'projection-history'];
/** Of a program that has ended nothing is on its way to the broker any more. */
const LAST_PUBLISHED_MS = 1_000;
/** A changed file of producers is read before the next message is taken. */
const FILE_READ_MS = 2_000;

/** Stores that are under load may take long, or not be there for a moment. */
const patiently = async (work: () => Promise<void>): Promise<void> => {
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(RETRY_MS)) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
};

const namesOf = (house: House, appID: string): string[] =>
  house
    .apps()
    .filter((app) => app.appID === appID)
    .map(({ name }) => name);

const withSidecars = (names: readonly string[]): string[] =>
  names.flatMap((name) => [sidecarName(name), name]);

/** All processes of one app, one after the other, so that another host goes on meanwhile. */
const restartApp = async (house: House, appID: string): Promise<void> => {
  for (const name of namesOf(house, appID)) await house.restart([name]);
};

/**
 * First the file: a bank that is killed in between has the new passwords from its next start on,
 * which gives them to all stores.
 */
const rotatePasswords = async (house: House): Promise<void> => {
  const { instance } = house;
  const before = loadSecrets(instance.dataDir);
  keepPostgresAdmin(instance, before.postgresAdmin);
  const now = replaceSecrets(instance.dataDir, secretsOf('passwords'));
  await patiently(async () => {
    await replacePostgresAdmin(instance);
    await provisionPostgres(instance, now);
  });
  await patiently(async () => {
    await replaceImmudbAdmin(instance, before, now);
    await provisionImmudb(instance, now);
  });
  // Its configuration is read again, and who has an old password is sent away.
  house.renew(['nats', 'immudb']);
  house.signal('nats', 'SIGHUP');
  for (const name of namesOf(house, ACTOR_HOST_APP)) await house.restart(withSidecars([name]));
  for (const appIDs of [[QUERIES_APP], [LOG_APP], [COMMANDS_APP], PROJECTIONS]) {
    await house.restart(withSidecars(appIDs.flatMap((appID) => namesOf(house, appID))));
  }
  if (!issuerOf(instance).isLocal) return;
  for (const made of ['passwords.json', 'dpop-key.json']) {
    rmSync(join(instance.dataDir, 'issuer', made), { force: true });
  }
  await house.restart(['issuer']);
};

/** A call is made with one key and answered with the same, so only hosts need to know both. */
const rotateCallKeys = async (house: House): Promise<void> => {
  const { dataDir } = house.instance;
  const before = loadSecrets(dataDir);
  const { otherCommandKey = newSecret(), otherPersonsKey = newSecret() } = before;
  changeSecrets(dataDir, { otherCommandKey, otherPersonsKey });
  await restartApp(house, ACTOR_HOST_APP);
  changeSecrets(dataDir, {
    commandKey: otherCommandKey,
    personsKey: otherPersonsKey,
    otherCommandKey: before.commandKey,
    otherPersonsKey: before.personsKey,
  });
  await house.restart([COMMANDS_APP, QUERIES_APP].flatMap((appID) => namesOf(house, appID)));
  changeSecrets(dataDir, { otherCommandKey: undefined, otherPersonsKey: undefined });
  await restartApp(house, ACTOR_HOST_APP);
};

const rotateHostKey = async (house: House): Promise<void> => {
  const { instance } = house;
  announceKey(instance.dataDir, 'host');
  await restartApp(house, LOG_APP);
  useAnnouncedKey(instance.dataDir, 'host');
  await restartApp(house, ACTOR_HOST_APP);
  await sleep(LAST_PUBLISHED_MS);
  const secrets = loadSecrets(instance.dataDir);
  await patiently(async () => {
    await untilTaken(instance, secrets, 'ACCOUNT_EVENTS', LOG_APP);
    endEarlierKeys(instance.dataDir, 'host', await lastTransaction(instance, secrets));
  });
  await restartApp(house, LOG_APP);
};

const rotateFeedKey = async (house: House): Promise<void> => {
  const { dataDir } = house.instance;
  announceKey(dataDir, 'feed');
  await house.restart(PROJECTIONS);
  useAnnouncedKey(dataDir, 'feed');
  await restartApp(house, LOG_APP);
  endEarlierKeys(dataDir, 'feed');
  await house.restart(PROJECTIONS);
};

const rotateAuditKey = async (house: House): Promise<void> => {
  announceKey(house.instance.dataDir, 'audit');
  useAnnouncedKey(house.instance.dataDir, 'audit');
  await restartApp(house, LOG_APP);
};

/** Event-source would refuse a log that another key has signed, so it ends before. */
const rotateLogKey = async (house: House): Promise<void> => {
  for (const name of namesOf(house, LOG_APP)) await house.takeDown(name);
  announceKey(house.instance.dataDir, 'log');
  useAnnouncedKey(house.instance.dataDir, 'log');
  await house.restart(['immudb']);
  await restartApp(house, LOG_APP);
};

/** Sentry makes another authority when there is none; the others learn of it when they start. */
const rotateMesh = async (house: House): Promise<void> => {
  const sidecars = house.apps().map(({ name }) => sidecarName(name));
  await Promise.all(['sentry', 'placement', ...sidecars].map(house.takeDown));
  rmSync(authorityFolder(house.instance.dataDir), { recursive: true, force: true });
  await house.restart(['sentry']);
  await house.restart(['placement', ...sidecars]);
};

const rotateIssuerKey = async (house: House): Promise<void> => {
  if (!issuerOf(house.instance).isLocal) throw new CannotRun('There is no local issuer here.');
  house.signal('issuer', 'SIGHUP');
};

const rotateProducerKey = async ({ instance }: House): Promise<void> => {
  announceProducerKey(instance.dataDir);
  await sleep(FILE_READ_MS);
  const secrets = loadSecrets(instance.dataDir);
  const { consumers } = brokerPlanOf(instance.root);
  for (const { stream } of consumers.filter(({ app }) => app === COMMANDS_APP)) {
    await patiently(() => untilTaken(instance, secrets, stream, COMMANDS_APP));
  }
  endEarlierProducerKeys(instance.dataDir);
};

/** How the supervisor does each; the operator's command does the key ring, by the actor hosts. */
const STEPS: Readonly<Record<Exclude<RotationName, 'key-ring'>, (house: House) => Promise<void>>> =
  {
    passwords: rotatePasswords,
    'call-keys': rotateCallKeys,
    'host-key': rotateHostKey,
    'feed-key': rotateFeedKey,
    'audit-key': rotateAuditKey,
    'log-key': rotateLogKey,
    mesh: rotateMesh,
    'issuer-key': rotateIssuerKey,
    'message-producer': rotateProducerKey,
  };
export type SupervisedRotation = keyof typeof STEPS;
export const isSupervised = (name: string): name is SupervisedRotation =>
  Object.hasOwn(STEPS, name);

/** Replaces secrets of a bank that runs. */
export const rotate = (house: House, name: SupervisedRotation): Promise<void> => STEPS[name](house);
