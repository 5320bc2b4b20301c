import * as documents from './proof-documents.ts';
import { decodeEvent, loggedEventSchema } from '../contracts/account/events.ts';
import { millisecondsOf } from '../contracts/account/history-filters.ts';
import { balanceOf, sameBalance } from '../contracts/account/money.ts';
import { refusalEventSchema } from '../contracts/account/refusal-events.ts';
import {
  type ExportedEvent,
  type ExportHeader,
  streamOfExport,
} from '../contracts/log/receipts.ts';
import { evolve, NO_ACCOUNT, type Account } from '../domain/account.ts';
import { unreachable } from '../domain/ids.ts';
import { inclusionFault } from './entry-proof.ts';
import { createEventChain } from './event-chain.ts';
import { leafHash, sameHash } from './hashing.ts';
import { headerFault, headerHash, type TxHeader } from './log-transaction.ts';
import { isIncluded } from './merkle-proof.ts';
import { faulty, type ProofFault } from './proof-fault.ts';
import { placeFault, storedEvent } from './receipt.ts';
import { signatureFault, type BankKeys } from './signed-state.ts';

/** What the events of an export show besides their existence. */
type ContentSummary =
  /** Whether every balance follows from the events; not known when the first ones are missing. */
  | { readonly addsUp: boolean }
  /** Days (UTC) on which the bank stopped recording refusals, because there were too many. */
  | { readonly fullDays: number };

interface ContentCheck {
  take(event: ExportedEvent['event']): ProofFault | undefined;
  summary(): ContentSummary;
}

/** The check of the events' content, by the format of the export. */
function exportContent({ format, fromVersion }: ExportHeader): ContentCheck {
  switch (format) {
    case 'core-bank-account/1':
      return accountSums(fromVersion === 1 ? NO_ACCOUNT : undefined);
    case 'core-bank-refusals/1':
      return refusalDays();
    default:
      return unreachable(format);
  }
}

function accountSums(start: Account | undefined): ContentCheck {
  let account = start;
  return {
    take(event) {
      if (account === undefined) return undefined;
      const known = loggedEventSchema.safeParse(event);
      if (!known.success) {
        account = undefined;
        return undefined;
      }
      const after = evolve(account, decodeEvent(known.data));
      account = after;
      const [found, claimed] = [balanceOf(after), known.data.data.balance];
      if (sameBalance(found, claimed)) return undefined;
      const sums = `${found.ledger}, but it says ${claimed.ledger}`;
      return faulty('entry-differs', `After version ${event.version} the events make ${sums}.`);
    },
    summary: () => ({ addsUp: account !== undefined }),
  };
}

/** A record stands for itself: nothing follows from it but that a day may be full. */
function refusalDays(): ContentCheck {
  let fullDays = 0;
  return {
    take(event) {
      const known = refusalEventSchema.safeParse(event);
      if (known.data?.data.dayIsFull === true) fullDays += 1;
      return undefined;
    },
    summary: () => ({ fullDays }),
  };
}

/** What a whole export proves; docs/security-model.md says what it does not. */
export type ExportSummary = ContentSummary & {
  readonly events: number;
  /** Whether the events around the period are there, so that none in it is missing. */
  readonly begins: 'first-event' | 'before-period';
  readonly ends: 'last-event' | 'after-period';
};

/**
 * Checks an export line by line, in bounded memory. Its format says which stream it is about; an
 * event of any other stream is refused.
 * @param key the bank's public key.
 * @example
 * const check = createStreamExport(header, key);
 * const fault = check.begin() ?? lines.map(check.take).find(isFault) ?? check.end();
 */
export function createStreamExport(header: ExportHeader, key: BankKeys) {
  const stream = streamOfExport(header);
  const target = documents.readHeader(header.target);
  let due = header.fromVersion;
  let lastAt = '';
  let firstAt = '';
  const content = exportContent(header);
  const chain = createEventChain(stream, header.fromVersion);

  const orderFault = ({ event }: ExportedEvent): ProofFault | undefined => {
    const { version, at } = event;
    if (event.stream !== stream) {
      return faulty('entry-differs', `Version ${version} belongs to ${event.stream}.`);
    }
    if (version > due) return faulty('missing', `Version ${due} is missing: ${version} follows.`);
    if (version < due) return faulty('rewritten', `Version ${version} is there more than once.`);
    if (Date.parse(at) < Date.parse(lastAt)) {
      return faulty('entry-differs', `Version ${version} is of ${at}, before the one before it.`);
    }
    return undefined;
  };
  return {
    /** The state is signed, and the transaction is the one that it is the hash of. */
    begin(): ProofFault | undefined {
      const state = documents.readSignedState(header.state);
      const unsigned = signatureFault(state, key) ?? headerFault(target);
      if (unsigned !== undefined) return unsigned;
      if (target.id === state.txId && sameHash(headerHash(target), state.txHash)) return undefined;
      return faulty('transaction-differs', 'The transaction is not the one that was signed.');
    },
    /** Takes the next event; returns what is wrong with it, or undefined. */
    take(item: ExportedEvent): ProofFault | undefined {
      const fault =
        orderFault(item) ??
        eventFault(item, target) ??
        chain.take(item.event) ??
        content.take(item.event);
      if (fault !== undefined) return fault;
      if (due === header.fromVersion) firstAt = item.event.at;
      lastAt = item.event.at;
      due += 1;
      return undefined;
    },
    /** The result once every line was taken. */
    end(): ProofFault | ExportSummary {
      if (due <= header.toVersion) {
        return faulty('missing', `The export ends before version ${due} of ${header.toVersion}.`);
      }
      if (due - 1 > header.toVersion || header.toVersion > header.headVersion) {
        return faulty('unreadable', 'The export has other versions than it says.');
      }
      const begins = header.fromVersion === 1 ? 'first-event' : 'before-period';
      const ends = header.toVersion === header.headVersion ? 'last-event' : 'after-period';
      const { from = '', to = '' } = header;
      if (begins === 'before-period' && !(Date.parse(firstAt) < millisecondsOf(from))) {
        return faulty('missing', `No event before ${from || 'the first one'} begins the period.`);
      }
      if (ends === 'after-period' && !(Date.parse(lastAt) >= millisecondsOf(to))) {
        return faulty('missing', `No event after ${to || 'the last one'} ends the period.`);
      }
      const events = due - header.fromVersion;
      return { events, begins, ends, ...content.summary() };
    },
  };
}

/** Whether an event stands in the log whose Merkle tree the target transaction has. */
function eventFault(item: ExportedEvent, target: TxHeader): ProofFault | undefined {
  const header = documents.readHeader(item.header);
  const inclusion = documents.readInclusion(item.inclusion);
  const stored = storedEvent(item);
  const bad = headerFault(header) ?? inclusionFault({ ...stored, inclusion }, header);
  if (bad !== undefined) return bad;
  if (header.id > target.id) {
    const detail = `Version ${item.event.version} stands in transaction ${header.id}, after the `;
    return faulty('rolled-back', `${detail}signed one, ${target.id}.`);
  }
  const hash = headerHash(header);
  const terms = item.tree.map((term) => Buffer.from(term, 'base64'));
  const isThere =
    header.id === target.id
      ? sameHash(hash, headerHash(target))
      : isIncluded(terms, header.id - 1, target.blTxId, leafHash(hash), target.blRoot);
  if (isThere) return placeFault(item, header.id);
  const what = `Version ${item.event.version} is not in the log that was signed`;
  return faulty('forked', `${what}: transaction ${header.id} is another one there.`);
}
