import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { COMMANDS_SUBJECT } from '../runtime/programs/broker-rights.ts';

const DEAD_STREAM = 'DEAD_COMMANDS';

/** A command message that core-bank-api could not read, and why. */
export interface DeadLetter {
  /** Its place in the stream: what an operator calls it by. */
  readonly id: number;
  readonly at: Date;
  readonly reason: string;
  readonly errors: readonly { readonly at: string; readonly message: string }[];
  /** The message as it was sent. */
  readonly message: Uint8Array;
  /** Only the beginning of it was kept, so it cannot be sent again. */
  readonly cut: boolean;
}

export interface DeadLetterBox {
  /** At most that many from that id on, oldest first. */
  list(fromId: number, countMax: number): Promise<DeadLetter[]>;
  count(): Promise<number>;
  /**
   * Sends the message again and forgets the letter. When it dies in between, the letter is sent
   * a second time by the next replay: the command's key makes that harmless.
   */
  replay(letter: DeadLetter): Promise<void>;
  forget(letter: DeadLetter): Promise<void>;
}

/** The stream of the topic account-commands-dead is itself the box: nothing else keeps them. */
export async function openDeadLetterBox(connection: NatsConnection): Promise<DeadLetterBox> {
  const manager = await jetstreamManager(connection);
  const client = jetstream(connection);
  const state = async () => (await manager.streams.info(DEAD_STREAM)).state;
  const forget = async ({ id }: DeadLetter): Promise<void> => {
    await manager.streams.deleteMessage(DEAD_STREAM, id);
  };
  return {
    count: async () => (await state()).messages,
    forget,
    async list(fromId, countMax) {
      const { first_seq: first, last_seq: last } = await state();
      const letters: DeadLetter[] = [];
      for (let id = Math.max(first, fromId); id <= last && letters.length < countMax; id += 1) {
        const stored = await manager.streams.getMessage(DEAD_STREAM, { seq: id });
        if (stored !== null) letters.push(readLetter(id, stored.time, stored.data));
      }
      return letters;
    },
    async replay(letter) {
      await client.publish(COMMANDS_SUBJECT, letter.message);
      await forget(letter);
    },
  };
}

/** Reads a letter whatever is in it, because an operator must be able to see every one. */
export function readLetter(id: number, at: Date, content: Uint8Array): DeadLetter {
  const unreadable = { id, at, reason: 'is no dead letter', errors: [], message: content };
  let data: unknown;
  try {
    data = (JSON.parse(Buffer.from(content).toString()) as { data?: unknown }).data;
  } catch {
    return { ...unreadable, cut: true };
  }
  const { reason, errors, message, encoding, cut } = (data ?? {}) as Record<string, unknown>;
  if (typeof reason !== 'string' || typeof message !== 'string')
    return { ...unreadable, cut: true };
  return {
    id,
    at,
    reason,
    errors: Array.isArray(errors) ? (errors as DeadLetter['errors']) : [],
    message: Buffer.from(message, encoding === 'base64' ? 'base64' : 'utf-8'),
    cut: cut === true,
  };
}
