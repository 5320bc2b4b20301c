import { logFile, type Instance } from '../instance.ts';
import { accepts, LOOPBACK } from '../ports.ts';
import { CannotRun } from '../progress.ts';
import { writePrivate } from '../private-file.ts';
import { type Secrets } from '../secrets.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { nicenessOf } from '../supervisor/scheduling.ts';
import { asOwnUser, handOver, ownFolder } from '../users.ts';
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  StoreCompression,
  type StreamConfig,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { nanos, connect, type NatsConnection } from '@nats-io/transport-node';
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import {
  ADMIN,
  ADMIN_INBOX,
  brokerConfiguration,
  brokerPlanOf,
  COMMAND_STREAMS,
  deliverySubject,
  PUBLISHER,
  READER,
  type AppConsumer,
} from './broker-rights.ts';

const STREAM_BYTES_MAX = 1024 * 1024 * 1024;
const STREAM_AGE_MAX_MS = 7 * 24 * 3_600_000;
/** About 2.3 million integration events; docs/integration-events.md says what that means. */
const BANK_EVENTS_BYTES_MAX = 2 * STREAM_BYTES_MAX;
/** The feed of the log only tells followers early what they else pull from the log. */
const LOG_FEED_BYTES_MAX = 64 * 1024 * 1024;
const LOG_FEED_AGE_MAX_MS = 10 * 60_000;
/** Nothing else keeps these messages, so a full stream refuses the new and forgets no old one. */
const isKeptStream = (name: string): boolean => isOfCommands(name) || name === 'DEAD_COMMANDS';
/** Of commands that wait; a lane is bounded by bytes and by their number. */
const isOfCommands = (name: string): boolean => name.startsWith(COMMAND_STREAMS);
const LANE_LIMITS: Partial<StreamConfig> = { max_bytes: 256 * 1024 * 1024, max_msgs: 100_000 };

/** Bytes and age of streams of events; text that repeats itself takes half of its bytes so. */
const EVENT_STREAMS: Readonly<Record<string, readonly [bytes: number, ageMs: number]>> = {
  LEDGER: [LOG_FEED_BYTES_MAX, LOG_FEED_AGE_MAX_MS],
  // A log that was restored from a backup gets from here what it lacks (`restore --refill`).
  ACCOUNT_EVENTS: [STREAM_BYTES_MAX, STREAM_AGE_MAX_MS],
  BANK_EVENTS: [BANK_EVENTS_BYTES_MAX, STREAM_AGE_MAX_MS],
};

/** How much a stream keeps, and what becomes of more. */
function limitsOf(name: string): Partial<StreamConfig> {
  const [bytes, ageMs] = EVENT_STREAMS[name] ?? [STREAM_BYTES_MAX, STREAM_AGE_MAX_MS];
  const isKept = isKeptStream(name);
  const isLane = isOfCommands(name) && name !== COMMAND_STREAMS;
  return {
    max_bytes: bytes,
    ...(isLane ? LANE_LIMITS : {}),
    max_age: isKept ? 0 : nanos(ageMs),
    discard: isKept ? DiscardPolicy.New : DiscardPolicy.Old,
    compression: name in EVENT_STREAMS ? StoreCompression.S2 : StoreCompression.None,
  };
}

const DUPLICATE_WINDOW_MS = 120_000;

/**
 * Of commands the broker drops nothing: Dapr names a message by the id of its CloudEvent alone, so
 * the command of another source would be taken for a repetition, acknowledged and lost. What truly
 * comes twice is known by its key. The window can be nothing only for a stream that takes from
 * another one too, so it takes what that one never has.
 */
const TAKES_ALL: Partial<StreamConfig> = {
  duplicate_window: 0,
  sources: [{ name: 'DEAD_COMMANDS', filter_subject: 'nothing' }],
};

const TOO_OLD =
  'This NATS server drops commands of two senders that chose one id: it cannot do without ' +
  'deduplication. Give the bank one from 2.15 on, or none: then it builds its own.';

/** The password of a user of the broker; each app has a user of its own. */
export function brokerPassword(secrets: Secrets, user: string): string {
  switch (user) {
    case ADMIN:
      return secrets.natsAdmin;
    case PUBLISHER:
      return secrets.natsPublisher;
    case READER:
      return secrets.natsReader;
    default:
      return createHmac('sha256', secrets.natsSeed).update(user).digest('base64url');
  }
}

/** The broker. Its passwords stand in a file that only its owner can read. */
export const natsProgram = (instance: Instance, secrets: Secrets, command: string): ProgramSpec => {
  const cwd = join(instance.dataDir, 'nats');
  const own = asOwnUser(instance, 'nats', command);
  ownFolder(cwd, own.user);
  const file = join(cwd, 'nats.conf');
  const place = {
    listen: `${LOOPBACK}:${instance.ports.nats}`,
    name: `core-bank-${instance.number}`,
    storeDir: join(cwd, 'jetstream'),
    passwordOf: (user: string) => brokerPassword(secrets, user),
  };
  writePrivate(file, brokerConfiguration(brokerPlanOf(instance.root), place));
  handOver(file, own.user);
  return {
    name: 'nats',
    ...own,
    args: ['-c', file],
    env: { GOMEMLIMIT: '256MiB' },
    cwd,
    logFile: logFile(instance, 'nats'),
    port: instance.ports.nats,
    layer: 0,
    niceness: nicenessOf('nats'),
    ready: () => accepts(instance.ports.nats),
  };
};

/** For the runtime itself: it may do everything on the broker. */
export const connectAsAdmin = (
  instance: Instance,
  secrets: Pick<Secrets, 'natsAdmin'>,
): Promise<NatsConnection> =>
  connect({
    servers: `${LOOPBACK}:${instance.ports.nats}`,
    user: ADMIN,
    pass: secrets.natsAdmin,
    inboxPrefix: ADMIN_INBOX,
    timeout: 5_000,
    reconnect: false,
  });

/** Works on the broker as its administrator, on a connection that is closed then. */
export async function asAdmin<Result>(
  instance: Instance,
  secrets: Pick<Secrets, 'natsAdmin'>,
  work: (connection: NatsConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await connectAsAdmin(instance, secrets);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/**
 * Makes the streams and the consumers of the apps, or brings their limits up to date. Old events
 * are discarded: the actors' journal, not the broker, keeps an event until the log has it.
 */
export const provisionNats = (
  instance: Instance,
  secrets: Pick<Secrets, 'natsAdmin'>,
): Promise<void> =>
  asAdmin(instance, secrets, async (connection) => {
    await provisionStreams(connection, instance.root);
    await provisionConsumers(connection, instance.root);
  });

async function provisionConsumers(connection: NatsConnection, root: string): Promise<void> {
  const manager = await jetstreamManager(connection);
  for (const consumer of brokerPlanOf(root).consumers) await provideConsumer(manager, consumer);
}

async function provideConsumer(manager: JetStreamManager, consumer: AppConsumer): Promise<void> {
  const { stream, topic, app, ackWaitSeconds, maxAckPending } = consumer;
  const limits = { ack_wait: nanos(ackWaitSeconds * 1_000), max_ack_pending: maxAckPending };
  if ((await consumerInfo(manager, stream, app)) !== undefined) {
    await manager.consumers.update(stream, app, limits);
    return;
  }
  await manager.consumers.add(stream, {
    ...limits,
    durable_name: app,
    filter_subject: topic,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    // Nobody can guess it, so that no consumer of others can be told to send there.
    deliver_subject: deliverySubject(app, randomUUID()),
  });
}

async function provisionStreams(connection: NatsConnection, root: string): Promise<void> {
  const manager = await jetstreamManager(connection);
  const known = new Set<string>();
  for await (const stream of manager.streams.list()) known.add(stream.config.name);
  for (const [name, subject] of Object.entries(brokerPlanOf(root).streams)) {
    const limits: Partial<StreamConfig> = {
      subjects: [subject],
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      ...limitsOf(name),
      ...(isOfCommands(name) ? TAKES_ALL : {}),
    };
    // A command is gone from its stream as soon as it is acknowledged.
    const retention = isOfCommands(name) ? RetentionPolicy.Workqueue : RetentionPolicy.Limits;
    const fixed = { storage: StorageType.File, retention };
    const { config } = known.has(name)
      ? await manager.streams.update(name, limits)
      : await manager.streams.add({ name, ...fixed, ...limits });
    if (isOfCommands(name) && (config.duplicate_window ?? 0) > 0) throw new CannotRun(TOO_OLD);
  }
}

/** Empties the public stream, so that every event of the log is published from number 1 on. */
export async function renumberBankEvents(connection: NatsConnection, root: string): Promise<void> {
  // Purging would keep the numbers, and a number is an event's place in the log.
  await (await jetstreamManager(connection)).streams.delete('BANK_EVENTS');
  await provisionStreams(connection, root);
}

async function consumerInfo(manager: JetStreamManager, stream: string, durable: string) {
  try {
    return await manager.consumers.info(stream, durable);
  } catch (error) {
    if (/consumer not found/i.test(String(error))) return undefined;
    throw error;
  }
}

/** Messages of a stream that its durable consumer has not acknowledged; all without one. */
export const unacknowledged = async (
  connection: NatsConnection,
  stream: string,
  durable: string,
): Promise<number> => {
  const manager = await jetstreamManager(connection);
  const info = await consumerInfo(manager, stream, durable);
  if (info !== undefined) return info.num_pending + info.num_ack_pending;
  return (await manager.streams.info(stream)).state.messages;
};

const TAKEN_MS_MAX = 60_000;
const TAKEN_POLL_MS = 100;

/** Resolves when an app has acknowledged all that the stream has at this moment. */
export const untilTaken = (
  instance: Instance,
  secrets: Pick<Secrets, 'natsAdmin'>,
  stream: string,
  durable: string,
): Promise<void> =>
  asAdmin(instance, secrets, async (connection) => {
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(stream);
    for (const deadline = Date.now() + TAKEN_MS_MAX; ; await sleep(TAKEN_POLL_MS)) {
      const info = await manager.consumers.info(stream, durable);
      if (info.ack_floor.stream_seq >= state.last_seq) return;
      if (info.num_pending + info.num_ack_pending === 0) return;
      if (Date.now() > deadline) {
        throw new CannotRun(`${durable} does not take what ${stream} has: try again when it does.`);
      }
    }
  });

/** The app is given all messages again that the stream still has. */
export const rewindConsumer = async (
  connection: NatsConnection,
  stream: string,
  durable: string,
  root: string,
): Promise<void> => {
  const manager = await jetstreamManager(connection);
  if ((await consumerInfo(manager, stream, durable)) !== undefined) {
    await manager.consumers.delete(stream, durable);
  }
  await provisionConsumers(connection, root);
};

const urlOf = (instance: Instance, secrets: Secrets, user: string): string =>
  `nats://${user}:${brokerPassword(secrets, user)}@${LOOPBACK}:${instance.ports.nats}`;

/** What the pub/sub of that app's sidecar connects to; a secret. */
export const natsUrl = (instance: Instance, secrets: Secrets, app: string): string =>
  urlOf(instance, secrets, app);

/** What event-source connects to for the public stream; a secret. */
export const bankEventsUrl = (instance: Instance, secrets: Secrets): string =>
  urlOf(instance, secrets, PUBLISHER);
