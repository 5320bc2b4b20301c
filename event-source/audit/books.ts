import { isAccountEvent, isPersonEvent, type BankEvent } from '../../contracts/bank-events.ts';
import { decodeEvent, type LoggedEvent } from '../../contracts/events.ts';
import type { AuditedBooks } from '../../contracts/audit.ts';
import { createLedgerCheck, createStreamCheck, type StreamHead } from '../../domain/invariants.ts';
import { readAmount } from '../../domain/money.ts';
import { evolvePerson, NO_PERSON, type Person } from '../../domain/person.ts';
import { EMPTY_LOG, followTransaction, headerHash } from '../../proofs/log-transaction.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import { readEntries, type AuditedEvent, type AuditedTx, type Finding } from './entries.ts';
import { openOfMark, type BooksMark } from './marks.ts';
import { SeenNames } from './seen-names.ts';
import { sumsOf } from './trial-balance-lines.ts';

export type AuditBooks = ReturnType<typeof createAuditBooks>;

/**
 * The audit itself, without I/O: takes the transactions of the log one after the other from the
 * first one on, recomputes all hashes, and follows every stream by the invariants of the domain.
 * What it keeps: each account as folded, the digest of each stream's last event, 64 bits of each
 * name, and nothing of ended transfers.
 */
export function createAuditBooks() {
  const once = new SeenNames();
  const ledger = createLedgerCheck({ accounts: new Map(), once });
  const otherStreams = createStreamCheck(once);
  const persons = new Map<string, Person>();
  /** Of the last event of each stream, which the next one has to name. */
  const digests = new Map<string, string>();
  /** Streams that cannot be followed any more: each is told of once. */
  const broken = new Set<string>();
  let state = EMPTY_LOG;
  let position = 0;
  let events = 0;
  let at: string | null = null;
  let violations = 0;
  let violatedFrom: number | null = null;

  const headOf = (stream: string): StreamHead =>
    stream.startsWith('acct/') ? ledger.head(accountOf(stream)) : otherStreams.head(stream);

  /** Whether the event follows its stream; what is wrong if not. */
  const misplaced = (
    { key, event }: AuditedEvent,
    head: number,
    tx: number,
  ): Finding | undefined => {
    if (event.version === head + 1) return undefined;
    if (event.version <= head) {
      const detail = `${key} was written again in transaction ${tx}: the log had it already.`;
      return { kind: 'tampered', subject: key, detail };
    }
    broken.add(event.stream);
    const detail =
      `${event.stream} has version ${event.version} in transaction ${tx} after version ${head}: ` +
      `${event.version - head - 1} missing between them.`;
    return { kind: 'incomplete', subject: event.stream, detail };
  };
  const follow = (event: BankEvent): readonly string[] => {
    if (isAccountEvent(event)) {
      return ledger
        .observe(stepOf(event))
        .map(({ invariant, detail }) => `${invariant}: ${detail}`);
    }
    const { stream, version, commandId } = event;
    const fault = otherStreams.follow(stream, version, commandId);
    if (isPersonEvent(event)) {
      persons.set(stream, evolvePerson(persons.get(stream) ?? NO_PERSON, event));
    }
    return fault === undefined ? [] : [fault.join(': ')];
  };
  const takeEvent = (audited: AuditedEvent, tx: number): Finding[] => {
    const { key, event, digest } = audited;
    if (broken.has(event.stream)) return [];
    const head = headOf(event.stream);
    const wrongPlace = misplaced(audited, head.version, tx);
    if (wrongPlace !== undefined) return [wrongPlace];
    const unchained = chainFault(audited, digests.get(event.stream), tx);
    digests.set(event.stream, digest);
    const imbalance = (detail: string): Finding => ({ kind: 'imbalance', subject: key, detail });
    try {
      const wrong = follow(event);
      events += 1;
      position = audited.position;
      at = event.at;
      const broke = wrong.map((what) => imbalance(`${key} (${event.type}) breaks ${what}.`));
      return [...unchained, ...broke];
    } catch (error) {
      broken.add(event.stream);
      const detail = `${key} cannot follow what was before it: ${messageOf(error)}.`;
      return [...unchained, imbalance(detail)];
    }
  };

  /** The next transaction of the log; answers what is wrong with it, or nothing. */
  const take = (tx: AuditedTx): Finding[] => {
    const { id } = tx.header;
    const next = followTransaction(state, tx);
    const found: Finding[] = [];
    if (isFault(next)) {
      const isOther = next.fault === 'forked' || next.fault === 'missing';
      const kind = isOther ? 'rolled-back' : 'tampered';
      found.push({ kind, subject: `transaction ${id}`, detail: next.detail });
      // What comes after it is looked at as it is, so that one fault does not hide others.
      state = { txId: id, txHash: headerHash(tx.header) };
    } else state = next;
    const entries = readEntries(tx);
    found.push(...entries.findings);
    for (const event of entries.events) found.push(...takeEvent(event, id));
    found.push(...jointFaults(entries.events, id));
    for (const { invariant, detail } of ledger.endOfTransaction()) {
      const subject = `transaction ${id}`;
      found.push({ kind: 'imbalance', subject, detail: `It breaks ${invariant}: ${detail}.` });
    }
    violations += found.length;
    if (found.length > 0) violatedFrom ??= id;
    return found;
  };

  return {
    take,
    state: () => state,
    events: () => events,
    ledger,
    /** Counts what was found wrong beside the transactions, for example a log that got shorter. */
    violated(from = 0): void {
      violations += 1;
      violatedFrom = Math.min(violatedFrom ?? from, from);
    },
    /** The first transaction with which something is wrong; 0 when it is with the log as such. */
    violatedFrom: (): number | null => violatedFrom,
    mark: (): BooksMark => {
      const totals = new Map(ledger.totals());
      const open = openOfMark(ledger.openTransfers());
      return { position, at, events, accounts: ledger.accountCount(), totals, open };
    },
    books: (): AuditedBooks => {
      return {
        position,
        transaction: state.txId,
        root: state.txHash.toString('hex'),
        events,
        accounts: ledger.accountCount(),
        persons: persons.size,
        openTransfers: ledger.openTransfers().length,
        violations,
        ...sumsOf(ledger.totals(), violations === 0),
      };
    },
  };
}

const accountOf = (stream: string): string => stream.slice('acct/'.length);
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function stepOf(event: LoggedEvent) {
  const { currency, balance } = event.data;
  return {
    accountId: accountOf(event.stream),
    version: event.version,
    commandId: event.commandId,
    event: decodeEvent(event),
    ledgerAfter: readAmount(balance.ledger, currency),
    heldAfter: readAmount(balance.held, currency),
    availableAfter: readAmount(balance.available, currency),
  };
}

/** Whether the event names the one before it: else another history was put in its place. */
function chainFault(
  { key, event }: AuditedEvent,
  before: string | undefined,
  tx: number,
): readonly Finding[] {
  if (event.prev === before) return [];
  const detail =
    `${key} in transaction ${tx} names ${event.prev ?? 'nothing'} as the event before it, ` +
    `which is ${before ?? 'none'}.`;
  return [{ kind: 'tampered', subject: key, detail }];
}

/** What is joint stands in one transaction, all of it. */
function jointFaults(events: readonly AuditedEvent[], tx: number): readonly Finding[] {
  const groups = new Map<string, AuditedEvent[]>();
  for (const one of events) {
    const id = one.event.joint?.id;
    if (id !== undefined) groups.set(id, [...(groups.get(id) ?? []), one]);
  }
  return [...groups].flatMap(([id, group]): Finding[] => {
    const isWhole =
      group.every(({ event }) => event.joint!.events === group.length) &&
      group.some(({ event }) => event.id === id);
    if (isWhole) return [];
    const due = group[0]!.event.joint!.events;
    const has = `Transaction ${tx} has ${group.length} of the ${due} events`;
    const detail = `${has} that belong to ${id}.`;
    return [{ kind: 'incomplete', subject: id, detail }];
  });
}
