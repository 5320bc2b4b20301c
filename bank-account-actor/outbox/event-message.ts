import {
  EVENTS_PURPOSE,
  SIGNED_EVENTS_MAX,
  signedDigests,
} from '../../contracts/log/event-signatures.ts';
import type { Signer } from '../../platform/signatures.ts';
import type { Entry } from './unconfirmed.ts';

/** A message of these events, JSON of `accountEventsMessage`, with the signatures of this host. */
export function eventMessage(
  entries: readonly Pick<Entry, 'json' | 'digest'>[],
  signer: Signer,
): string {
  const signatures: string[] = [];
  for (let from = 0; from < entries.length; from += SIGNED_EVENTS_MAX) {
    const digests = entries.slice(from, from + SIGNED_EVENTS_MAX).map(({ digest }) => digest);
    signatures.push(signer.sign(EVENTS_PURPOSE, signedDigests(digests)));
  }
  const signed = `"signer":"${signer.name}","signatures":${JSON.stringify(signatures)}`;
  return `{${signed},"events":[${entries.map(({ json }) => json).join(',')}]}`;
}
