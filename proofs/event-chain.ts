import { z } from 'zod';
import { canonicalJson } from '../contracts/canonical-json.ts';
import { eventDigest } from '../contracts/digest.ts';
import { anyEvent, exportedEvent, type ReceiptDocument } from '../contracts/log/receipts.ts';
import { faulty, type ProofFault } from './proof-fault.ts';

type AnyEvent = ReceiptDocument['event'];

/** An event as the query API has it: its position stands among its members. */
const answered = anyEvent.extend({ position: z.int().optional() }).transform(unplaced);
const exported = z.looseObject({ event: exportedEvent.shape.event });
/** What a line of a file may be: an event, alone or in an export, or a page of events. */
export const eventsOfLine = z.union([
  answered.transform((event) => [event]),
  exported.transform(({ event }) => [event]),
  z.looseObject({ items: z.array(answered) }).transform(({ items }) => items),
]);

function unplaced({ position: _position, ...event }: AnyEvent & { readonly position?: unknown }) {
  return event as AnyEvent;
}

/**
 * Follows the events of a stream from one on. Each names the digest of the previous event (`prev`),
 * so an event that is exchanged, changed or left out breaks the chain.
 * @param from the first version that will be shown; `prev` of that event cannot be checked.
 */
export function createEventChain(stream: string, from = 1) {
  let due = from;
  let last: string | undefined;
  return {
    /** Takes the next event; returns what is wrong with it, or undefined. */
    take(event: AnyEvent): ProofFault | undefined {
      const { version, prev } = event;
      if (event.stream !== stream || event.id !== `${stream}/${version}`) {
        return faulty('entry-differs', `Event ${event.id} is not one of ${stream}.`);
      }
      if (version > due) return faulty('missing', `Version ${due} is missing: ${version} follows.`);
      if (version < due) return faulty('rewritten', `Version ${version} comes after ${due - 1}.`);
      const isFirstShown = version === from;
      if (isFirstShown && version === 1 && prev !== undefined) {
        return faulty('entry-differs', 'Version 1 names an event before it, but is the first one.');
      }
      if (!isFirstShown && prev !== last) {
        const detail = `Version ${version} does not name version ${version - 1} as it is here.`;
        return faulty('entry-differs', `${detail} One of the two was changed.`);
      }
      last = eventDigest(canonicalJson(event));
      due += 1;
      return undefined;
    },
    /** The last one must be the event that the receipt proves. */
    end(proven: AnyEvent): ProofFault | undefined {
      if (due - 1 < proven.version) {
        const detail = `The events end before version ${due}; the receipt is of ${proven.version}.`;
        return faulty('missing', detail);
      }
      if (due - 1 > proven.version) {
        const detail = `The receipt proves versions 1 to ${proven.version}, not ${due - 1}.`;
        return faulty('missing', detail);
      }
      if (last === eventDigest(canonicalJson(proven))) return undefined;
      const detail = `Version ${proven.version} is another event than the one of the receipt.`;
      return faulty('entry-differs', detail);
    },
  };
}
