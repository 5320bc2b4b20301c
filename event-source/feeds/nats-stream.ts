import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { connect, headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { BANK_EVENTS_TOPIC } from '../../contracts/log/topics.ts';
import type { IntegrationEvent } from '../../contracts/log/integration-events.ts';
import type { EventStream } from './event-stream.ts';

/** Name of the JetStream stream. */
export const BANK_EVENTS_STREAM = 'BANK_EVENTS';
/** Answers arrive at subjects of its own, so that no other user of the broker can read them. */
const PUBLISHER_INBOX = '_INBOX_EVENT_SOURCE';

const CALL_MS_MAX = 5_000;
const EXPECTED_SEQUENCE = 'Nats-Expected-Last-Sequence';

const lastMessage = z.looseObject({
  id: z.string(),
  data: z.looseObject({ position: z.int().min(1) }),
});

interface Connected {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
}

/**
 * The public stream on NATS JetStream. Each message says which number it must follow, so it is
 * stored under its own number or not at all: no message can overtake another or be stored twice,
 * even with a second publisher. One answer, to the last message, is enough for the whole batch.
 */
export function natsStream(url: string): EventStream {
  let connected: Promise<Connected> | undefined;

  // After a failure everything starts again: nothing that waits in an old connection is sent.
  const call = async <T>(work: (parts: Connected) => Promise<T>): Promise<T> => {
    connected ??= open(url);
    const mine = connected;
    try {
      return await work(await mine);
    } catch (error) {
      if (connected === mine) connected = undefined;
      void mine.then(({ connection }) => connection.close()).catch(() => undefined);
      throw error;
    }
  };

  return {
    end: () =>
      call(async ({ manager }) => {
        const { state } = await manager.streams.info(BANK_EVENTS_STREAM);
        const sequence = state.last_seq;
        if (state.messages === 0) return { sequence };
        const message = await manager.streams.getMessage(BANK_EVENTS_STREAM, { seq: sequence });
        if (message === null) return { sequence };
        const { id, data } = lastMessage.parse(message.json());
        return { sequence, last: { id, position: data.position } };
      }),
    append: (sequence, events) =>
      call(async ({ connection, client }) => {
        const last = events.length - 1;
        for (let at = 0; at < last; at += 1) {
          const options = { headers: expecting(sequence + at) };
          connection.publish(BANK_EVENTS_TOPIC, textOf(events[at]!), options);
        }
        const { seq } = await client.publish(BANK_EVENTS_TOPIC, textOf(events[last]!), {
          headers: expecting(sequence + last),
          timeout: CALL_MS_MAX,
          retries: 0,
        });
        if (seq !== sequence + events.length) throw new Error(`stored as ${seq}`);
      }),
    close: async () => {
      const { connection } = (await connected) ?? {};
      connected = undefined;
      await connection?.close();
    },
  };
}

const textOf = (event: IntegrationEvent): string => JSON.stringify(event);

function expecting(sequence: number): MsgHdrs {
  const made = headers();
  made.set(EXPECTED_SEQUENCE, String(sequence));
  made.set('content-type', 'application/cloudevents+json');
  return made;
}

async function open(url: string): Promise<Connected> {
  const { host, username, password } = new URL(url);
  const connection = await connect({
    servers: host,
    user: username,
    pass: decodeURIComponent(password),
    name: 'event-source',
    inboxPrefix: PUBLISHER_INBOX,
    timeout: CALL_MS_MAX,
    reconnect: false,
  });
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: CALL_MS_MAX });
  return { connection, manager, client: jetstream(connection, { timeout: CALL_MS_MAX }) };
}
