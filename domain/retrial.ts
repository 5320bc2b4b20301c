import type { Account, ExistingAccount } from './account.ts';
import type { Command, Decision, Past, TransferCommand } from './account-commands.ts';
import { commandOf, decide } from './account-decisions.ts';
import { remarksOf, type AccountEvent, type EventOf } from './account-events.ts';
import type { AccountId } from './ids.ts';
import type { Minor } from './money.ts';
import { decidePerson, type Person, type PersonCommand, type PersonEvent } from './person.ts';
import { decideTransfer } from './transfer-decisions.ts';

/** An event of the log, with everything the rules decided it on. */
export interface Trial {
  readonly accountId: string;
  readonly event: AccountEvent;
  readonly before: Account;
  /** The other account of a transfer. */
  readonly other: Account;
  readonly past: Past;
  /** Whether the command that opened the account also made this event (its first deposit). */
  readonly isOfOpening: boolean;
}

/** The result of a retrial: why the rules would not decide that event, or what else they decide. */
export interface Judgement {
  readonly fault?: string;
  /** The event that the rules decide for the transfer's other account. */
  readonly target?: AccountEvent;
}

const JUST: Judgement = {};

/**
 * Invariant I13: turns an event back into its command and lets the rules decide it again on the
 * state before it. The leg at the target of a transfer is judged with the source's, which decides
 * both.
 * @returns an empty object when the rules decide exactly that event.
 */
export function retrial(trial: Trial): Judgement {
  const { event } = trial;
  if (event.type === 'transfer-received') return JUST;
  if (!hasSaneAmounts(event)) return { fault: 'no command has such an amount' };
  switch (event.type) {
    case 'transfer-sent':
    case 'transfer-reserved':
    case 'transfer-captured':
    case 'transfer-released':
      return retryTransfer(trial, event);
    default:
      return retryOwn(trial, event);
  }
}

type TransferEvent = EventOf<
  'transfer-sent' | 'transfer-reserved' | 'transfer-captured' | 'transfer-released'
>;
type OwnEvent = Exclude<AccountEvent, TransferEvent | EventOf<'transfer-received'>>;

function retryOwn({ before, past, isOfOpening }: Trial, event: OwnEvent): Judgement {
  if (isOfOpening && before.status !== 'none' && event.type === 'money-deposited') {
    return compared(decide(NOBODY, openingOf(before, event.amount), event.at), 1, event);
  }
  return compared(decide(before, commandOf(event), event.at, past), 0, event);
}

function retryTransfer(trial: Trial, event: TransferEvent): Judgement {
  const { accountId, before, other, past } = trial;
  const sides = { sourceId: accountId as AccountId, source: before, target: other };
  const decision = decideTransfer(sides, transferOf(event), event.at, past);
  if (!decision.ok) return refusedAs(decision.refusal.code);
  const judged = differing(decision.source[0], event);
  const [target] = decision.target;
  return target === undefined ? judged : { ...judged, target };
}

/**
 * The same for an event of a person, whose sealed data cannot be read here.
 * @returns the fault, or undefined when the rules decide such an event.
 */
export function retryPerson(person: Person, { type, at }: Pick<PersonEvent, 'type' | 'at'>) {
  const decision = decidePerson(person, { type: PERSON_COMMAND[type] } as PersonCommand, at);
  return decision.ok ? undefined : refusedAs(decision.refusal.code).fault;
}
const PERSON_COMMAND: Readonly<Record<PersonEvent['type'], PersonCommand['type']>> = {
  'person-registered': 'register-person',
  'person-address-changed': 'change-address',
  'person-erased': 'erase-person',
};

const NOBODY: Account = { status: 'none', version: 0 as Account['version'] };
const refusedAs = (code: string): Judgement => ({ fault: `the rules refuse it (${code})` });

function compared(decision: Decision, at: number, event: AccountEvent): Judgement {
  return decision.ok ? differing(decision.events[at], event) : refusedAs(decision.refusal.code);
}
function differing(made: AccountEvent | undefined, event: AccountEvent): Judgement {
  const name = differenceOf(made, event);
  return name === undefined ? JUST : { fault: `the rules decide another ${name}` };
}

/** The name of the first member in which two events differ; undefined when they are equal. */
export function differenceOf(made: object | undefined, event: object): string | undefined {
  if (made === undefined) return 'number of events';
  const names = Object.keys(event);
  for (const name of names) {
    const [one, other] = [made[name as never], event[name as never]] as [unknown, unknown];
    if (one === other) continue;
    const isRecord = typeof one === 'object' && typeof other === 'object';
    if (!isRecord || one === null || other === null) return name;
    if (differenceOf(one, other) !== undefined) return name;
  }
  if (Object.keys(made).length === names.length) return undefined;
  return Object.keys(made).find((name) => !(name in event));
}

/** The command that an opened account was opened with. */
function openingOf(account: ExistingAccount, initialDeposit: Minor): Command {
  const { ownerId, kind, code, currency, overdraftLimit } = account;
  const holder = {
    ...(ownerId === undefined ? {} : { ownerId }),
    ...(kind === undefined ? {} : { kind }),
    ...(code === undefined ? {} : { code }),
  };
  return { type: 'open-account', ...holder, currency, overdraftLimit, initialDeposit };
}

function transferOf(event: TransferEvent): TransferCommand {
  const { transferId, amount, otherAccountId: toAccountId } = event;
  switch (event.type) {
    case 'transfer-sent': {
      const { reversesTransferId, transactionId, transaction } = event;
      const more = {
        ...(reversesTransferId === undefined ? {} : { reversesTransferId }),
        ...(transactionId === undefined ? {} : { transactionId }),
        ...(transaction === undefined ? {} : { transaction }),
      };
      return {
        type: 'send-transfer',
        transferId,
        toAccountId,
        amount,
        ...more,
        ...remarksOf(event),
      };
    }
    case 'transfer-reserved': {
      const { expiresAt } = event;
      const terms = expiresAt === undefined ? {} : { expiresAt };
      const more = { ...terms, ...remarksOf(event) };
      return { type: 'reserve-transfer', transferId, toAccountId, amount, ...more };
    }
    case 'transfer-captured':
      return { type: 'capture-transfer', transferId, amount, ...remarksOf(event) };
    case 'transfer-released':
      return { type: event.reason === 'expired' ? 'expire-transfer' : 'void-transfer', transferId };
  }
}

/** Whether a command could say these amounts: movements above zero, all others from zero on. */
const hasSaneAmounts = (event: AccountEvent): boolean =>
  Object.entries(event).every(
    // What is released follows from other amounts: no command says it.
    ([name, units]) =>
      typeof units !== 'bigint' ||
      name === 'released' ||
      units > 0n ||
      (units === 0n && name !== 'amount'),
  );
