import type { AuditedBooks } from '../../contracts/log/audit.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { IsSigned } from '../../platform/signatures.ts';
import { EMPTY_LOG } from '../../proofs/log-transaction.ts';
import { eventKey } from '../../proofs/entry-proof.ts';
import type { AuditedEvent, AuditedTx, Finding } from './entries.ts';
import { createEventRetrial, type EventFault } from './event-retrial.ts';
import { jointFaults } from './joint-events.ts';
import { openOfSnapshot, type BooksSnapshot, sumsOf } from './snapshots.ts';
import { readTransaction, type ReadTransaction } from './read-transaction.ts';
import type { LogHead } from './journal-heads.ts';
import { SeenNames } from './compact-set.ts';

export type AuditBooks = ReturnType<typeof createAuditBooks>;

/** Where a stream stands. */
interface Followed {
  /** Of its account or person. */
  readonly id: string;
  version: number;
  /** In the log, of the last event. */
  position: number;
  /** Of the last event, which the next one has to name. */
  digest: string | undefined;
  /** It cannot be followed any more, which is reported once. */
  broken: boolean;
  /** See LogHead. */
  seenIn: number;
}

/**
 * The audit itself, without I/O: takes the transactions of the log from the first one, recomputes
 * all hashes, and lets the rules of the domain decide each event again. It keeps each account's
 * replayed state, the digest of each stream's last event, 64 bits of each name (one for each
 * command, one for each movement that can be reversed), and nothing of ended transfers.
 * @param isSigned knows the keys of the actor hosts; without it nobody is believed.
 */
export function createAuditBooks(isSigned: IsSigned = () => false) {
  const retrial = createEventRetrial(new SeenNames());
  const { ledger } = retrial;
  const streams = new Map<string, Followed>();
  let state = EMPTY_LOG;
  let position = 0;
  let events = 0;
  let at: string | null = null;
  let violations = 0;
  let violatedFrom: number | null = null;

  const followed = (stream: string): Followed => {
    const known = streams.get(stream);
    if (known !== undefined) return known;
    const id = stream.slice(stream.indexOf('/') + 1);
    const start = { version: 0, position: 0, digest: undefined, broken: false, seenIn: -1 };
    const made: Followed = { id, ...start };
    streams.set(stream, made);
    return made;
  };

  const takeEvent = (audited: AuditedEvent, tx: number): Finding[] => {
    const { key, event, digest } = audited;
    const stream = followed(event.stream);
    if (stream.broken) return [];
    if (event.version !== stream.version + 1) return [misplaced(audited, stream, tx)];
    const found = chainFault(audited, stream.digest, tx);
    stream.digest = digest;
    stream.version = event.version;
    stream.position = audited.position;
    try {
      for (const fault of retrial.take(event, stream.id)) found.push(findingOf(fault));
      events += 1;
      position = audited.position;
      at = event.at;
    } catch (error) {
      stream.broken = true;
      const detail = `${key} cannot follow what was before it: ${messageOf(error)}.`;
      found.push({ kind: 'imbalance', subject: key, detail });
    }
    return found;
  };
  const endOfTransaction = (id: number): Finding[] =>
    ledger.endOfTransaction().map(({ invariant, detail }) => ({
      kind: 'imbalance',
      subject: `transaction ${id}`,
      detail: `It breaks ${invariant}: ${detail}.`,
    }));
  const counted = (found: readonly Finding[], from: number): void => {
    violations += found.length;
    if (found.length > 0) violatedFrom ??= from;
  };
  /** The next transaction of the log, that was read; answers what is wrong with it, or nothing. */
  const takeRead = ({ state: next, events: read, findings }: ReadTransaction): Finding[] => {
    const { txId } = next;
    state = next;
    const found = [...findings];
    for (const event of read) found.push(...takeEvent(event, txId));
    found.push(...jointFaults(read, txId), ...endOfTransaction(txId));
    counted(found, txId);
    return found;
  };

  return {
    /** The same of one that was not read yet. */
    take: (tx: AuditedTx): Finding[] => takeRead(readTransaction(state, tx, isSigned)),
    takeRead,
    state: () => state,
    events: () => events,
    /** Where each stream ends, by name. */
    heads: (): ReadonlyMap<string, LogHead> => streams,
    ledger,
    /** In the log, of the account's last event; 0 for none. */
    positionOf: (accountId: string): number => streams.get(`acct/${accountId}`)?.position ?? 0,
    /** What is missing by this time (RFC 3339); each is reported once. */
    overdue(now: string): Finding[] {
      const found = retrial.overdue(now).map(findingOf);
      counted(found, state.txId);
      return found;
    },
    /** Counts what was found wrong besides the transactions, for example a log that got shorter. */
    violated(from = 0): void {
      violations += 1;
      violatedFrom = Math.min(violatedFrom ?? from, from);
    },
    /** The first transaction with which something is wrong; 0 when it is with the log as such. */
    violatedFrom: (): number | null => violatedFrom,
    snapshot: (): BooksSnapshot => {
      const totals = new Map(ledger.totals());
      const open = openOfSnapshot(ledger.openTransfers());
      return { position, at, events, accounts: ledger.accountCount(), totals, open };
    },
    books: (): AuditedBooks => {
      return {
        position,
        transaction: state.txId,
        root: state.txHash.toString('hex'),
        events,
        accounts: ledger.accountCount(),
        persons: retrial.persons(),
        openTransfers: ledger.openTransfers().length,
        violations,
        ...sumsOf(ledger.totals(), violations === 0),
      };
    },
  };
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function findingOf({ id, type, detail, isMissing }: EventFault): Finding {
  const [key, kind] = [keyOf(id), isMissing === true ? 'incomplete' : 'imbalance'] as const;
  return { kind, subject: key, detail: `${key} (${type}) breaks ${detail}.` };
}
/** Of an event by its id. */
function keyOf(id: string): string {
  const end = id.lastIndexOf('/');
  return eventKey(id.slice(0, end) as StreamId, Number(id.slice(end + 1)));
}

/** What is said of an event that does not follow its stream. */
function misplaced({ key, event }: AuditedEvent, stream: Followed, tx: number): Finding {
  const { version: latest } = stream;
  if (event.version <= latest) {
    const detail = `${key} was written again in transaction ${tx}: the log had it already.`;
    return { kind: 'tampered', subject: key, detail };
  }
  stream.broken = true;
  const detail =
    `${event.stream} has version ${event.version} in transaction ${tx} after version ${latest}: ` +
    `${event.version - latest - 1} missing between them.`;
  return { kind: 'incomplete', subject: event.stream, detail };
}

/** Whether the event names the one before it: else another history was put in its place. */
function chainFault(
  { key, event }: AuditedEvent,
  before: string | undefined,
  tx: number,
): Finding[] {
  if (event.prev === before) return [];
  const detail =
    `${key} in transaction ${tx} names ${event.prev ?? 'nothing'} as the event before it, ` +
    `which is ${before ?? 'none'}.`;
  return [{ kind: 'tampered', subject: key, detail }];
}
