import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { isCanonicalText } from '../../contracts/canonical-text.ts';
import { isBankEvent } from './event-shape.ts';
import type { AlarmKind } from '../../contracts/log/audit.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { eventKey, positionOf } from '../log/event-log.ts';
import { GENESIS_TX, type Tx, type TxEntry, decodeEvent } from '../immudb/wire.ts';
import { GENESIS_KEY } from '../immudb/log-end.ts';
import { hasHash } from '../../proofs/hashing.ts';

/** One thing that is wrong with the log. */
export interface Finding {
  readonly kind: AlarmKind;
  readonly subject: string;
  /** One sentence for a person: what is wrong, and where. */
  readonly detail: string;
}

/** A transaction as it was read; its values are missing when the disk does not give them. */
export interface AuditedTx extends Tx {
  readonly valuesLost?: true;
}

export interface AuditedEvent {
  readonly key: string;
  readonly position: number;
  readonly event: BankEvent;
  /** As it is stored. */
  readonly text: string;
  /** Of the bytes that are stored. */
  readonly digest: string;
}

export interface AuditedEntries {
  readonly events: readonly AuditedEvent[];
  readonly findings: readonly Finding[];
}

/** How the keys of events begin. */
const STREAMS = ['acct/', 'person/', 'refusal/'] as const;

/** What a transaction brought, and what of it the bank never writes. */
export function readEntries({ header, entries, valuesLost }: AuditedTx): AuditedEntries {
  const events: AuditedEvent[] = [];
  const findings: Finding[] = [];
  const where = `in transaction ${header.id}`;
  const tampered = (subject: string, detail: string): void => {
    findings.push({ kind: 'tampered', subject, detail });
  };

  entries.forEach((entry, index) => {
    const key = entry.key.toString('latin1', 1);
    const marked = markOf(entry);
    if (marked !== undefined) return tampered(key, `${key} ${marked} ${where}.`);
    if (valuesLost === true) {
      const lost = `The value of ${key}, written ${where}, cannot be read`;
      return tampered(key, `${lost}: the log was changed on the disk there.`);
    }
    if (!hasHash(entry.value, entry.hValue)) {
      return tampered(key, `The value of ${key} ${where} is not the one that was hashed there.`);
    }
    if (STREAMS.some((start) => key.startsWith(start))) {
      const read = readEvent(key, entry, index);
      if (read === undefined)
        tampered(key, `What was written under ${key} ${where} is no event of it.`);
      else events.push({ key, position: positionOf(header.id, index), ...read });
    } else if (key !== GENESIS_KEY || header.id !== GENESIS_TX) {
      tampered(key, `The key ${JSON.stringify(key)} ${where} is none that the bank writes.`);
    }
  });
  return { events, findings };
}

function markOf({ metadata }: TxEntry): string | undefined {
  if (metadata === null) return undefined;
  if (metadata.deleted) return 'was deleted: readers do not see it any more, which happened';
  if (metadata.expiration !== null) return 'was written so that it expires, which happened';
  return 'has metadata, which the bank never writes: it happened';
}

/**
 * The event under a key, undefined when it is not what an append writes there: the one text of an
 * event of this shape, for its key and its place.
 */
function readEvent(
  key: string,
  { value }: TxEntry,
  index: number,
): Pick<AuditedEvent, 'event' | 'text' | 'digest'> | undefined {
  const decoded = decodeEvent(value.subarray(1));
  if (decoded?.index !== index) return undefined;
  const text = decoded.json.toString();
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isBankEvent(event) || key !== eventKey(event.stream as never, event.version)) {
    return undefined;
  }
  if (event.id !== `${event.stream}/${event.version}`) return undefined;
  // Members twice, or in another order, would be read otherwise by others.
  if (!isCanonicalText(decoded.json, event)) return undefined;
  return { event, text, digest: eventDigest(decoded.json) };
}
