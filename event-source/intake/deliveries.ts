import { createHash } from 'node:crypto';
import express, { type Express } from 'express';
import { z } from 'zod';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import {
  EVENTS_PURPOSE,
  SIGNED_EVENTS_MAX,
  signatureText,
  signedDigests,
  signerText,
} from '../../contracts/log/event-signatures.ts';
import { ACCOUNT_EVENTS_TOPIC, PUBSUB, OUTBOX_EVENTS_MAX } from '../../contracts/log/topics.ts';
import { crashPoint } from '../../platform/crash-points.ts';
import type { IsSigned } from '../../platform/signatures.ts';
import {
  bankEventSchema,
  STREAM_PATTERN,
  type BankEvent,
} from '../../contracts/log/bank-events.ts';
import { ONCE_PATTERN } from '../../domain/ids.ts';
import type { Alarms } from '../alarms.ts';
import { candidateOf } from '../log/append-plan.ts';
import { JOINT_EVENTS_MAX, type SignedEvent } from '../log/event-log.ts';
import type { Offence, Quarantine } from '../quarantine.ts';

const DELIVERY_ROUTE = '/events/account-events';
// NATS carries at most 64 MiB in one message when it is configured to; ours stay far below.
const DELIVERY_BYTES_MAX = 64 * 1024 * 1024;

/** Serves the deliveries of the broker; one that is not 'done' is delivered again. */
export function deliveries(app: Express, take: (body: Buffer) => Promise<'done' | 'retry'>): void {
  app.get('/dapr/subscribe', (_request, response) => {
    const subscription = { pubsubname: PUBSUB, topic: ACCOUNT_EVENTS_TOPIC, route: DELIVERY_ROUTE };
    response.json([subscription]);
  });
  const raw = express.raw({ type: () => true, limit: DELIVERY_BYTES_MAX });
  app.post(DELIVERY_ROUTE, raw, async (request, response) => {
    const body: unknown = request.body;
    const verdict = await take(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
    response.on('finish', () => crashPoint('event-source:after-ack'));
    response.json({ status: verdict === 'done' ? 'SUCCESS' : 'RETRY' });
  });
}

// A CloudEvent; what the sidecar puts into it besides is of no concern.
const cloudEvent = z.looseObject({ id: z.string(), data: z.string() });
// Not `accountEventsMessage`: each event stands for itself.
const eventsMessage = z.looseObject({
  events: z.array(z.unknown()).min(1).max(OUTBOX_EVENTS_MAX),
  signer: signerText.optional(),
  signatures: z.array(signatureText).max(OUTBOX_EVENTS_MAX).optional(),
});

/** Where invalid events go. */
export interface IncomingParts {
  readonly alarms: Alarms;
  readonly quarantine: Pick<Quarantine, 'add'>;
  /** Whether an actor host signed it. */
  readonly isSigned: IsSigned;
}

/**
 * The valid events of a delivery that an actor host signed. An invalid one will not become valid by
 * another delivery, so it is quarantined, alone: the other events of the message must not wait for
 * it. What nobody signed names no stream that is quarantined with it, or anybody could stop one.
 */
export async function readDelivery(
  body: Buffer,
  { alarms, quarantine, isSigned }: IncomingParts,
): Promise<SignedEvent[]> {
  const poison: Offence[] = [];
  const refuse = (content: string, reason: string): void => {
    // It is delivered repeatedly and is known by its digest; its content is not logged.
    const subject = `content ${createHash('sha256').update(content).digest('base64url')}`;
    alarms.raise('poison', subject, reason);
    poison.push({ reason: `${subject}: ${reason}`, content });
  };
  const { data } = cloudEvent.safeParse(parse(body.toString())).data ?? {};
  const message = eventsMessage.safeParse(data === undefined ? undefined : parse(data));
  if (!message.success) refuse(body.toString(), reasonOf(message.error));
  const { events = [], signer = '', signatures = [] } = message.data ?? {};
  const valid: SignedEvent[] = [];
  for (let from = 0; from < events.length; from += SIGNED_EVENTS_MAX) {
    const part = events.slice(from, from + SIGNED_EVENTS_MAX);
    const signature = signatures[from / SIGNED_EVENTS_MAX] ?? '';
    const digests = part.map(digestOf);
    if (!isSigned(signer, EVENTS_PURPOSE, signedDigests(digests), signature)) {
      refuse(textOf(part), 'no actor host signed it');
      continue;
    }
    const signed = { signer, signature, digests };
    for (const candidate of part) {
      const event = bankEventSchema.safeParse(candidate);
      const fault = event.success ? faultOf(event.data) : reasonOf(event.error);
      // As it came, in the order of its members: the schema changes nothing but that.
      if (fault === undefined) valid.push({ event: candidate as BankEvent, signature: signed });
      else refuse(textOf(candidate), fault);
    }
  }
  if (poison.length > 0) await quarantine.add(poison);
  return valid;
}

/** Empty for what is too deep to be written. */
function digestOf(candidate: unknown): string {
  try {
    const isObject = typeof candidate === 'object' && candidate !== null;
    // What is an event needs its digest again.
    if (isObject) return candidateOf(candidate as BankEvent).digest;
    return eventDigest(canonicalJson(candidate));
  } catch {
    return '';
  }
}

/** Empty for what is too deep to be written. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '';
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// These make the keys of the log, so they must be exactly what the keys are made for.
function faultOf({ id, stream, version, prev, joint, commandId }: BankEvent): string | undefined {
  if (!STREAM_PATTERN.test(stream)) return 'stream: not a stream of the bank';
  if (!ONCE_PATTERN.test(commandId)) return 'commandId: not a command id';
  if (id !== `${stream}/${version}`) return 'id: is not stream/version';
  if ((prev === undefined) !== (version === 1)) return 'prev: must be there, except at version 1';
  if ((joint?.events ?? 0) > JOINT_EVENTS_MAX) return 'joint: more events than a message has';
  return undefined;
}

// Deeper in an event names of members are those of a client.
const reasonOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.slice(0, 2).join('.')}: ${message}`)
    .join('; ');
