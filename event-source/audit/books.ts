import { isAccountEvent, isPersonEvent, type BankEvent } from '../../contracts/bank-events.ts';
import { holdIdFor, transferIdFor } from '../../contracts/commands.ts';
import { decodeEvent, type LoggedEvent } from '../../contracts/events.ts';
import type { AuditedBooks } from '../../contracts/audit.ts';
import { transferName } from '../../domain/account-events.ts';
import { createLedgerCheck, createStreamCheck } from '../../domain/invariants.ts';
import type { AccountId, CommandId } from '../../domain/ids.ts';
import { COMMAND_ID_PATTERN } from '../../domain/ids.ts';
import { readAmount } from '../../domain/money.ts';
import { evolvePerson, NO_PERSON, type Person } from '../../domain/person.ts';
import { retryPerson } from '../../domain/retrial.ts';
import { EMPTY_LOG, followTransaction, headerHash } from '../../proofs/log-transaction.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import { readEntries, type AuditedEvent, type AuditedTx, type Finding } from './entries.ts';
import { openOfMark, type BooksMark } from './marks.ts';
import { createRefusalRetrial } from './refusal-retrial.ts';
import { SeenNames } from './seen-names.ts';
import { sumsOf } from './trial-balance-lines.ts';

export type AuditBooks = ReturnType<typeof createAuditBooks>;

/** Where a stream stands. */
interface Followed {
  /** Of its account or person. */
  readonly id: string;
  version: number;
  /** Of the last event, which the next one has to name. */
  digest: string | undefined;
  /** It cannot be followed any more, which is told of once. */
  broken: boolean;
}

/**
 * The audit itself, without I/O: takes the transactions of the log one after the other from the
 * first one on, recomputes all hashes, and lets the rules of the domain decide each event again.
 * What it keeps: each account as folded, the digest of each stream's last event, 64 bits of each
 * name (one for each command, one for each movement that can be reversed), and nothing of ended
 * transfers.
 */
export function createAuditBooks() {
  const once = new SeenNames();
  const ledger = createLedgerCheck(once);
  const otherStreams = createStreamCheck(once);
  const refusals = createRefusalRetrial({ account: ledger.account, once });
  const persons = new Map<string, Person>();
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
    const made: Followed = { id, version: 0, digest: undefined, broken: false };
    streams.set(stream, made);
    return made;
  };

  /** What the rules find wrong with an event; it throws when it cannot follow. */
  const follow = (event: BankEvent, { id }: Followed): string[] => {
    if (isAccountEvent(event)) {
      const violated = ledger.observe(stepOf(event, id));
      const found = violated.map(({ invariant, detail }) => `${invariant}: ${detail}`);
      const unnamed = nameFault(event, id);
      if (unnamed !== undefined) found.push(unnamed);
      return found;
    }
    const { stream } = event;
    const found = otherStreams.follow(stream, event).map((fault) => fault.join(': '));
    if (event.joint !== undefined) found.push('rules: its command made no other event');
    if (isPersonEvent(event)) {
      const person = persons.get(id) ?? NO_PERSON;
      const fault = retryPerson(person, event);
      if (fault !== undefined) found.push(`rules: ${fault}`);
      persons.set(id, evolvePerson(person, event));
      return found;
    }
    return [...found, ...refusals.observe(event).map((fault) => `rules: ${fault}`)];
  };
  const takeEvent = (audited: AuditedEvent, tx: number): Finding[] => {
    const { key, event, digest } = audited;
    const stream = followed(event.stream);
    if (stream.broken) return [];
    if (event.version !== stream.version + 1) return [misplaced(audited, stream, tx)];
    const found = chainFault(audited, stream.digest, tx);
    stream.digest = digest;
    stream.version = event.version;
    const imbalance = (about: string, detail: string): void =>
      void found.push({ kind: 'imbalance', subject: about, detail });
    try {
      for (const what of follow(event, stream)) {
        imbalance(key, `${key} (${event.type}) breaks ${what}.`);
      }
      if (isAccountEvent(event)) {
        for (const { event: record, detail } of refusals.reached(stream.id)) {
          imbalance(record.id, `${record.id} (${record.type}) breaks rules: ${detail}.`);
        }
      }
      events += 1;
      position = audited.position;
      at = event.at;
    } catch (error) {
      stream.broken = true;
      imbalance(key, `${key} cannot follow what was before it: ${messageOf(error)}.`);
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
  /** What should be there by this time (RFC 3339); each is told of once. */
  const overdue = (now: string): Finding[] => {
    const late = ledger.overdue(now).map(
      ({ accountId, version, detail }): Finding => ({
        kind: 'imbalance',
        subject: `acct/${accountId}/${version}`,
        detail: `Version ${version} of acct/${accountId} breaks rules: ${detail}.`,
      }),
    );
    for (const { id, data } of refusals.overdue(now)) {
      const detail = `${id} saw version ${data.seen.version} of its account, which is missing.`;
      late.push({ kind: 'incomplete', subject: id, detail });
    }
    return late;
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
    found.push(...jointFaults(entries.events, id), ...endOfTransaction(id));
    if (refusals.isWaiting() && at !== null) found.push(...overdue(at));
    counted(found, id);
    return found;
  };

  return {
    take,
    state: () => state,
    events: () => events,
    ledger,
    overdue(now: string): Finding[] {
      const found = overdue(now);
      counted(found, state.txId);
      return found;
    },
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

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function stepOf(event: LoggedEvent, accountId: string) {
  const { currency, balance } = event.data;
  return {
    accountId,
    version: event.version,
    commandId: event.commandId,
    event: decodeEvent(event),
    joint: event.joint?.events ?? 1,
    currency,
    ledgerAfter: readAmount(balance.ledger, currency),
    heldAfter: readAmount(balance.held, currency),
    availableAfter: readAmount(balance.available, currency),
  };
}

/** Ids that follow from others, and command ids that the bank alone gives. */
function nameFault(event: LoggedEvent, accountId: string): string | undefined {
  const { type, commandId, data } = event;
  const isDue = (due: string): string | undefined =>
    commandId === due ? undefined : `rules: its command is ${commandId}, not "${due}"`;
  const follows = (what: string, id: string, due: string): string | undefined =>
    id === due ? undefined : `rules: ${what} ${id} does not follow from its command: ${due} does`;
  switch (type) {
    case 'transfer-received':
      return isDue(transferName(data.transferId));
    case 'hold-expired':
      return isDue(`expire ${data.holdId}`);
    case 'transfer-released':
      if (data.reason === 'expired') return isDue(`expire ${data.transferId}`);
      break;
  }
  if (!COMMAND_ID_PATTERN.test(commandId)) return 'rules: its command has an id of the bank';
  switch (type) {
    case 'hold-placed': {
      const due = holdIdFor(accountId as AccountId, commandId as CommandId);
      return follows('hold', data.holdId, due);
    }
    case 'transfer-sent':
    case 'transfer-reserved': {
      const due = transferIdFor(accountId as AccountId, commandId as CommandId);
      return follows('transfer', data.transferId, due);
    }
    default:
      return undefined;
  }
}

/** What is said of an event that does not follow its stream. */
function misplaced({ key, event }: AuditedEvent, stream: Followed, tx: number): Finding {
  const { version: head } = stream;
  if (event.version <= head) {
    const detail = `${key} was written again in transaction ${tx}: the log had it already.`;
    return { kind: 'tampered', subject: key, detail };
  }
  stream.broken = true;
  const detail =
    `${event.stream} has version ${event.version} in transaction ${tx} after version ${head}: ` +
    `${event.version - head - 1} missing between them.`;
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

/** What is joint stands in one transaction, all of it, and was made by one command. */
function jointFaults(events: readonly AuditedEvent[], tx: number): readonly Finding[] {
  let groups: Map<string, AuditedEvent[]> | undefined;
  for (const one of events) {
    const id = one.event.joint?.id;
    if (id === undefined) continue;
    groups ??= new Map();
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [one]);
    else group.push(one);
  }
  if (groups === undefined) return [];
  return [...groups].flatMap(([id, group]): Finding[] => {
    const first = group[0]!.event;
    const due = first.joint!.events;
    const isWhole =
      group.length === due &&
      group.every(({ event }) => event.joint!.events === due) &&
      group.some(({ event }) => event.id === id);
    if (!isWhole) {
      const has = `Transaction ${tx} has ${group.length} of the ${due} events`;
      return [{ kind: 'incomplete', subject: id, detail: `${has} that belong to ${id}.` }];
    }
    if (group.every(({ event }) => event.commandHash === first.commandHash)) return [];
    const detail = `The events that belong to ${id} are not of one command.`;
    return [{ kind: 'imbalance', subject: id, detail }];
  });
}
