import { nameBy } from '../../contracts/access/principal.ts';
import {
  isAccountEvent,
  isApprovalEvent,
  isPersonEvent,
  type BankEvent,
} from '../../contracts/log/bank-events.ts';
import { holdIdFor, transferIdFor } from '../../contracts/derived-ids.ts';
import {
  decodeEvent,
  madeByCommand,
  type EventMember,
  type LoggedEvent,
} from '../../contracts/account/events.ts';
import { transferName } from '../../domain/account-events.ts';
import { COMMAND_ID_PATTERN, type AccountId } from '../../domain/ids.ts';
import { createLedgerCheck, createStreamCheck, type OnceNames } from '../../domain/invariants.ts';
import { readAmount } from '../../domain/money.ts';
import { evolvePerson, NO_PERSON, type Person } from '../../domain/person.ts';
import { retryPerson } from '../../domain/retrial.ts';
import { createApprovalRetrial } from './approval-retrial.ts';
import { createRefusalRetrial } from './refusal-retrial.ts';

/** The fault of an event: which invariant of the domain it breaks, and how. */
export interface EventFault {
  /** Of the event: stream and version. */
  readonly id: string;
  readonly type: string;
  readonly detail: string;
  /** What it needs is not there. */
  readonly isMissing?: true;
}

/**
 * Lets the rules of the domain decide the events of a log again, in its order: those of accounts,
 * persons and records of refusals, in the form in which they are logged.
 * @param once keeps what no account has of the past: see createLedgerCheck.
 */
export function createEventRetrial(once: OnceNames = new Set()) {
  const ledger = createLedgerCheck(once);
  const others = createStreamCheck(once);
  const refusals = createRefusalRetrial({ ledger, once });
  const persons = new Map<string, Person>();
  const approvals = createApprovalRetrial();

  const retryAccount = (event: LoggedEvent, id: string): EventFault[] => {
    const about = ({ id: of, type }: BankEvent, detail: string) => ({ id: of, type, detail });
    const found = ledger
      .observe(stepOf(event, id))
      .map(({ invariant, detail }) => about(event, `${invariant}: ${detail}`));
    for (const fault of [nameFault(event, id), byFault(event), approvals.faultOf(event)]) {
      if (fault !== undefined) found.push(about(event, `rules: ${fault}`));
    }
    for (const { event: record, detail } of refusals.reached(id)) {
      found.push(about(record, `rules: ${detail}`));
    }
    return found;
  };
  const retryOther = (event: Exclude<BankEvent, LoggedEvent>, id: string): string[] => {
    const { version, at } = event;
    const step = { version, at, commandId: nameBy(event.by, event.commandId) };
    const found = others.follow(event.stream, step).faults.map((fault) => fault.join(': '));
    const unsaid = byFault(event);
    if (unsaid !== undefined) found.push(`rules: ${unsaid}`);
    const mayBeJoint = isApprovalEvent(event) || event.approvalId !== undefined;
    if (event.joint !== undefined && !mayBeJoint) {
      found.push('rules: its command made no other event');
    }
    if (isApprovalEvent(event)) {
      return [...found, ...approvals.observe(event, id).map((fault) => `rules: ${fault}`)];
    }
    const unapproved = approvals.faultOf(event);
    if (unapproved !== undefined) found.push(`rules: ${unapproved}`);
    if (isPersonEvent(event)) {
      const person = persons.get(id) ?? NO_PERSON;
      const fault = retryPerson(person, event);
      if (fault !== undefined) found.push(`rules: ${fault}`);
      persons.set(id, evolvePerson(person, event));
      return found;
    }
    return [...found, ...refusals.observe(event).map((fault) => `rules: ${fault}`)];
  };

  return {
    ledger,
    persons: (): number => persons.size,
    /** Takes the next event, of the stream of this id; throws when nothing can follow from it. */
    take(event: BankEvent, id: string): readonly EventFault[] {
      if (isAccountEvent(event)) return retryAccount(event, id);
      const found = retryOther(event as Exclude<BankEvent, LoggedEvent>, id);
      return found.map((detail) => ({ id: event.id, type: event.type, detail }));
    },
    endOfTransaction: ledger.endOfTransaction,
    /** What should be there by this time (RFC 3339); each is reported once. */
    overdue(now: string): EventFault[] {
      const late = ledger.overdue(now).map(({ accountId, version, detail }): EventFault => ({
        id: `acct/${accountId}/${version}`,
        type: 'transfer-reserved',
        detail: `rules: ${detail}`,
        isMissing: true,
      }));
      for (const { id, type, data } of refusals.overdue(now)) {
        const detail = `rules: it saw version ${data.seen.version} of its account`;
        late.push({ id, type, detail: `${detail}, which is missing`, isMissing: true });
      }
      return late;
    },
  };
}

function stepOf(event: LoggedEvent, accountId: string) {
  const { currency, balance } = event.data;
  return {
    accountId,
    version: event.version,
    commandId: nameBy(event.by, event.commandId),
    event: decodeEvent(event),
    joint: madeByCommand(event),
    currency,
    ledgerAfter: readAmount(balance.ledger, currency),
    heldAfter: readAmount(balance.held, currency),
    availableAfter: readAmount(balance.available, currency),
  };
}

/**
 * What a client caused says who sent it. What expires is the bank's own doing, and says so by the
 * id of its command, which no client can choose.
 */
function byFault({ commandId, by }: BankEvent): string | undefined {
  const isOfBank = commandId.startsWith('expire ');
  if (by === undefined) return isOfBank ? undefined : 'it does not say who did it';
  return isOfBank ? 'the bank did it by itself, but it names somebody' : undefined;
}

/** Ids that follow from others, and command ids that the bank alone gives. */
function nameFault(event: LoggedEvent, accountId: string): string | undefined {
  const { type, commandId, by, data } = event;
  const name = nameBy(by, commandId);
  const isDue = (due: string): string | undefined =>
    commandId === due ? undefined : `its command is ${commandId}, not "${due}"`;
  const follows = (what: string, id: string, due: string): string | undefined =>
    id === due ? undefined : `${what} ${id} does not follow from its command: ${due} does`;
  switch (type) {
    case 'transfer-received':
      return isDue(transferName(data.transferId));
    case 'hold-expired':
      return isDue(`expire ${data.holdId}`);
    case 'transfer-released':
      if (data.reason === 'expired') return isDue(`expire ${data.transferId}`);
      break;
    default:
      break;
  }
  if (!COMMAND_ID_PATTERN.test(commandId)) return 'its command has an id of the bank';
  switch (type) {
    case 'hold-placed': {
      const due = holdIdFor(accountId as AccountId, name);
      return follows('hold', data.holdId, due);
    }
    case 'transfer-sent':
    case 'transfer-reserved': {
      const due = transferIdFor(accountId as AccountId, name);
      return follows('transfer', data.transferId, due);
    }
    default:
      return noOtherId(data);
  }
}

type KnownId =
  | 'holdId'
  | 'transferId'
  | 'otherAccountId'
  | 'ownerId'
  | 'reversesTransferId'
  | 'externalId'
  // Looked at where all of the transaction is there (joint-events.ts).
  | 'transactionId';
type OtherId = Exclude<Extract<EventMember, `${string}Id`>, KnownId>;
/** Another id compiles only when it is looked at above, or known to follow from no command. */
const noOtherId = <Data>(_data: [OtherId] extends [never] ? Data : never): undefined => undefined;
