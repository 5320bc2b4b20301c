import {
  EVENTS_PURPOSE,
  SIGNED_EVENTS_MAX,
  signedDigests,
  type EventSignature,
} from '../../contracts/log/event-signatures.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { Signer } from '../../platform/signatures.ts';
import { testSigner } from '../../platform/signer-for-tests.ts';
import type { EventLog, SignedEvent } from './event-log.ts';
import { digestOf } from './events-for-tests.ts';

/** The events as an actor host signs them in one message. */
export function signedEvents(
  events: readonly BankEvent[],
  signer: Signer = testSigner,
): SignedEvent[] {
  const signed: SignedEvent[] = [];
  for (let from = 0; from < events.length; from += SIGNED_EVENTS_MAX) {
    const part = events.slice(from, from + SIGNED_EVENTS_MAX);
    const digests = part.map(digestOf);
    const text = signer.sign(EVENTS_PURPOSE, signedDigests(digests));
    const signature = { signer: signer.name, signature: text, digests };
    signed.push(...part.map((event) => ({ event, signature })));
  }
  return signed;
}

/** The signatures of events, each once. */
export const signaturesOf = (signed: readonly SignedEvent[]): EventSignature[] => [
  ...new Set(signed.map(({ signature }) => signature)),
];

/** A message of them, as the broker has it. */
export const messageOf = (events: readonly BankEvent[], signer: Signer = testSigner) => ({
  events,
  signer: signer.name,
  signatures: signaturesOf(signedEvents(events, signer)).map(({ signature }) => signature),
});

/** The same log, in which every append is signed. */
export const signing = <Log extends EventLog>(log: Log): Log => ({
  ...log,
  append(events, refused) {
    const signed = new Map(signedEvents(events).map(({ event, signature }) => [event, signature]));
    return log.append(events, refused, (event) => signed.get(event));
  },
});
