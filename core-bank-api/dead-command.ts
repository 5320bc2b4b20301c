import { randomUUID } from 'node:crypto';
import { DEAD_COMMAND_TYPE, type DeadCommandData } from '../contracts/command-messages.ts';
import type { FieldError } from '../contracts/problems.ts';

/** More of a message than this is not kept: with it a dead letter stays what brokers carry. */
const KEPT_BYTES_MAX = 256 * 1024;

/** The CloudEvent that caused another: an id alone is one of many. */
export interface Cause {
  readonly causationid: string;
  readonly causationsource: string;
}

/** Why a message can never be executed as it is. */
export interface Poison {
  readonly reason: string;
  readonly errors?: readonly FieldError[];
  readonly cause?: Cause;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The dead letter of a message. Its id is new every time: the broker drops what has an id that it
 * saw a moment ago, and so a message that was replayed and died again would be lost.
 */
export function deadCommand(message: Buffer, { reason, errors, cause }: Poison) {
  const kept = message.subarray(0, KEPT_BYTES_MAX);
  const data: DeadCommandData = {
    reason,
    ...(errors === undefined ? {} : { errors: [...errors] }),
    ...text(kept),
    ...(kept.length === message.length ? {} : { cut: true }),
  };
  return { id: `dead/${randomUUID()}`, type: DEAD_COMMAND_TYPE, ...cause, data };
}

function text(bytes: Buffer): Pick<DeadCommandData, 'message' | 'encoding'> {
  try {
    return { message: decoder.decode(bytes), encoding: 'utf-8' };
  } catch {
    return { message: bytes.toString('base64'), encoding: 'base64' };
  }
}
