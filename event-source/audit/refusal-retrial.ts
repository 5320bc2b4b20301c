import { decodeCommand, type CommandBody } from '../../contracts/account/commands.ts';
import { readMoney, writeMoney } from '../../contracts/account/money.ts';
import { isRecorded, type RefusalEvent } from '../../contracts/account/refusal-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { available, dayOf, type Account, type ExistingAccount } from '../../domain/account.ts';
import { endNameOf, isOfTransfer, type NamingCommand } from '../../domain/account-commands.ts';
import type { Command, Past, TransferCommand } from '../../domain/account-commands.ts';
import { decide } from '../../domain/account-decisions.ts';
import * as names from '../../domain/account-events.ts';
import type { LedgerCheck, OnceNames } from '../../domain/invariants.ts';
import { version } from '../../domain/ids.ts';
import { formatAmount, readAmount, type Minor } from '../../domain/money.ts';
import { afterRecord, REFUSALS_PER_DAY_MAX } from '../../domain/refusal-record.ts';
import type { RefusalsCount } from '../../domain/refusal-record.ts';
import { mayHaveBeen } from '../../domain/reserved-targets.ts';
import { differenceOf } from '../../domain/retrial.ts';
import { decideTransfer } from '../../domain/transfer-decisions.ts';

type Data = RefusalEvent['data'];
type Seen = Data['seen'];
type Asked = Command | TransferCommand;

/** A record that saw a version of its account which the log does not have yet. */
interface Waiting {
  readonly event: RefusalEvent;
  readonly before: string | undefined;
}
const WAIT_MS_MAX = 600_000;
/** Of commands that rest on nothing that was undone, and what follows from what a record shows. */
const SHOWN = new Set<string>([
  'account-already-exists',
  'account-frozen',
  'account-not-frozen',
  'account-closed',
  'balance-not-zero',
  'insufficient-funds',
  'limit-exceeded',
]);
const isSelfContained = (command: NamingCommand): boolean =>
  !isOfTransfer(command) && endNameOf(command) === undefined;
/** Whether it can be decided again although some of what it was decided on was undone. */
const isShown = ({ at, data: { command, refusal } }: RefusalEvent, now: ExistingAccount): boolean =>
  SHOWN.has(refusal.code) && isSelfContained(command) && at >= now.changedAt;

export interface RefusalRetrialParts {
  readonly ledger: Pick<LedgerCheck, 'account' | 'moveBack'>;
  readonly once: OnceNames;
}

/**
 * Decides again what a record says was refused: on the account as it was at the version that the
 * record saw. Streams come into the log each in its own order, so that version may be still to come
 * (then the record waits for it) or gone by (then what was seen is compared with a name that was
 * kept of it, and the decision is not made again).
 */
export function createRefusalRetrial({ ledger, once }: RefusalRetrialParts) {
  const { account, moveBack } = ledger;
  const counts = new Map<string, RefusalsCount>();
  const waiting = new Map<string, Waiting[]>();

  const stood = (id: string, of: number, shown: string): string => `${id} stood ${of} ${shown}`;

  /** Of one that is judged on the state that it saw. */
  const judged = ({ event, before }: Waiting, now: ExistingAccount): string | undefined => {
    const { seen } = event.data;
    if (now.recordRefusals !== true) return 'its account did not record refusals then';
    if (seen.undone === undefined) {
      const name = differenceOf(seenOf(now, seen), seen);
      if (name !== undefined) return `it saw another ${name}`;
      return decidedAgain(event, now, before);
    }
    return isShown(event, now)
      ? decidedAgain(event, shownAccount(now, seen, event.at), before)
      : undefined;
  };

  const decidedAgain = (
    event: RefusalEvent,
    then: ExistingAccount,
    before: string | undefined,
  ): string | undefined => {
    const { command, refusal } = event.data;
    const { commandId: _id, ...body } = command;
    const asked = decodeCommand(body as CommandBody, then.currency);
    if (!('type' in asked)) return 'it is of no such command';
    if (!isRecorded(command.type, refusal)) return 'no such refusal is recorded';
    // When the clock went back, only that it was somewhere between is known.
    const times = [later(event.at, then.changedAt)];
    if (event.at === before) times.push(then.changedAt);
    let said: string | undefined;
    for (const at of times) {
      said = whyRefused({ ...event, at } as RefusalEvent, asked, then);
      if (said === undefined) return undefined;
    }
    return said;
  };
  /** What differs between the refusal and what the rules say; undefined when nothing does. */
  const whyRefused = (
    { stream, at, data: { refusal } }: RefusalEvent,
    asked: Asked,
    then: ExistingAccount,
  ): string | undefined => {
    const id = stream.slice('refusal/'.length);
    const past = pastOf(id, asked, refusal, then);
    const other = isOfTransfer(asked) ? otherOf(asked, refusal, then, at) : undefined;
    if (other === null) return undefined;
    const decision =
      other === undefined
        ? decide(then, asked as Command, at, past)
        : decideTransfer(
            { sourceId: id as never, source: then, target: other },
            asked as TransferCommand,
            at,
            past,
          );
    if (decision.ok) return `the rules do not refuse it (${refusal.code})`;
    const made = writeMoney(decision.refusal, then.currency);
    const name = differenceOf(made, refusal);
    if (name === undefined) return undefined;
    return name === 'code'
      ? `the rules say ${decision.refusal.code}, not ${refusal.code}`
      : `the rules say another ${name} with ${refusal.code}`;
  };

  /** The other account as the decision may have seen it; null when the log cannot tell. */
  const otherOf = (
    asked: TransferCommand,
    refusal: Data['refusal'],
    source: ExistingAccount,
    at: string,
  ): Account | null => {
    const pending = source.transfers.find(({ transferId }) => transferId === asked.transferId);
    const id = 'toAccountId' in asked ? asked.toAccountId : pending?.otherAccountId;
    if (id === undefined) return source;
    const other = account(id);
    if (other.status === 'none') return null;
    switch (refusal.code) {
      case 'account-frozen':
        return mayHaveBeen(other, { status: 'frozen' }, at);
      case 'account-closed':
        return mayHaveBeen(other, { status: 'closed' }, at);
      case 'account-blocked':
        return mayHaveBeen(other, { blocks: [refusal.direction] }, at);
      default:
        return other;
    }
  };
  const pastOf = (
    id: string,
    asked: Asked,
    refusal: Data['refusal'],
    then: ExistingAccount,
  ): Past => {
    const name = endNameOf(asked);
    const at = 'version' in refusal ? refusal.version : 0;
    const ended = name !== undefined && once.has(`${id} ${name}`);
    const past = ended ? { ended: { version: version(at) } } : {};
    const original = originalOf(id, asked, refusal, then);
    return original === undefined ? past : { ...past, original };
  };
  /** An event of the type that the refusal says, when nothing speaks against it. */
  const originalOf = (
    id: string,
    asked: Asked,
    refusal: Data['refusal'],
    then: ExistingAccount,
  ): Past['original'] => {
    const common = { at: then.changedAt, amount: 0n as Minor };
    if (asked.type === 'send-transfer') {
      const { reversesTransferId } = asked;
      if (reversesTransferId === undefined) return undefined;
      if (!once.has(`${id} ${names.transferName(reversesTransferId)}`)) return undefined;
      const type = refusal.code === 'not-reversible' ? refusal.eventType : 'transfer-sent';
      return { ...common, type } as Past['original'];
    }
    if (asked.type !== 'reverse' || asked.version > then.version) return undefined;
    const moved = moveBack(id, asked.version);
    if (moved !== undefined) {
      const type = moved.direction === 'debit' ? 'money-deposited' : 'money-withdrawn';
      return { ...common, type, amount: moved.amount };
    }
    const type = refusal.code === 'not-reversible' ? refusal.eventType : 'money-withdrawn';
    return { ...common, type } as Past['original'];
  };

  const late = (id: string, { seen }: Data, now: ExistingAccount): string | undefined => {
    if (seen.currency !== now.currency) return 'it saw another currency';
    if (seen.undone !== undefined) return undefined;
    const isIt = once.has(stood(id, seen.version, shownOf(seen)));
    return isIt ? undefined : `its account never stood so at version ${seen.version}`;
  };

  return {
    /** Takes the next record of an account; says what is wrong with it. */
    observe(event: RefusalEvent): string[] {
      const id = event.stream.slice('refusal/'.length);
      const last = counts.get(id);
      const next = afterRecord(last, event.at);
      counts.set(id, next);
      const found: string[] = [];
      const isFull = event.data.dayIsFull === true;
      if (next.onDay > REFUSALS_PER_DAY_MAX || isFull !== (next.onDay === REFUSALS_PER_DAY_MAX)) {
        found.push(`it is record ${next.onDay} of its day, of ${REFUSALS_PER_DAY_MAX} at most`);
      }
      const { seen } = event.data;
      const now = account(id);
      const one = { event, before: last?.changedAt };
      if (now.status === 'none' || now.version < seen.version) {
        waiting.set(id, [...(waiting.get(id) ?? []), one]);
        return found;
      }
      const wrong = now.version === seen.version ? judged(one, now) : late(id, event.data, now);
      return wrong === undefined ? found : [...found, wrong];
    },
    /** The account has its next version; returns the faults of records that saw it. */
    reached(id: string): { readonly event: RefusalEvent; readonly detail: string }[] {
      const now = account(id);
      if (now.status === 'none') return [];
      if (now.recordRefusals === true) once.add(stood(id, now.version, shownNow(now)));
      const open = waiting.get(id);
      if (open === undefined) return [];
      const due = open.filter(({ event }) => event.data.seen.version === now.version);
      const rest = open.filter((one) => !due.includes(one));
      if (rest.length === 0) waiting.delete(id);
      else waiting.set(id, rest);
      return due.flatMap((one) => {
        const detail = judged(one, now);
        return detail === undefined ? [] : [{ event: one.event, detail }];
      });
    },
    /** Records whose version should be there by this time; each is reported once. */
    overdue(at: string): RefusalEvent[] {
      const found: RefusalEvent[] = [];
      for (const [id, open] of waiting) {
        const rest = open.filter(
          ({ event }) => Date.parse(at) - Date.parse(event.at) <= WAIT_MS_MAX,
        );
        if (rest.length === open.length) continue;
        found.push(...open.filter((one) => !rest.includes(one)).map(({ event }) => event));
        if (rest.length === 0) waiting.delete(id);
        else waiting.set(id, rest);
      }
      return found;
    },
  };
}

const later = (one: string, other: string): string => (one > other ? one : other);

/** What a record of this account would show now. What was spent is of a day that is known to it. */
function seenOf(now: ExistingAccount, seen: Seen): object {
  const write = (units: Minor): string => formatAmount(units, now.currency);
  const [ledger, held, free] = [now.ledger, now.held, available(now)].map(write);
  const isNone = seen.spentToday === write(0n as Minor);
  return {
    version: now.version,
    status: now.status,
    currency: now.currency,
    balance: { ledger, held, available: free },
    overdraftLimit: write(now.overdraftLimit),
    ...(Object.keys(now.limits).length === 0
      ? {}
      : { limits: writeMoney(now.limits, now.currency) }),
    spentToday: isNone ? seen.spentToday : write(now.spent.amount),
  };
}

const shownText = (status: string, texts: readonly string[]): string =>
  `${status} ${texts.join(' ')}`;
const shownOf = ({ status, balance, overdraftLimit, limits }: Seen): string =>
  shownText(status, [
    balance.ledger,
    balance.held,
    balance.available,
    overdraftLimit,
    canonicalJson(limits ?? {}),
  ]);
function shownNow(now: ExistingAccount): string {
  const write = (units: Minor): string => formatAmount(units, now.currency);
  return shownText(now.status, [
    ...[now.ledger, now.held, available(now), now.overdraftLimit].map(write),
    canonicalJson(writeMoney(now.limits, now.currency)),
  ]);
}

/** The account that a record shows, with what was undone after it. */
function shownAccount(now: ExistingAccount, seen: Seen, at: string): ExistingAccount {
  const read = (text: string): Minor => readAmount(text, now.currency);
  return {
    ...now,
    status: seen.status,
    ledger: read(seen.balance.ledger),
    held: read(seen.balance.held),
    overdraftLimit: read(seen.overdraftLimit),
    limits: readMoney(seen.limits ?? {}, now.currency) as names.Limits,
    spent: { day: dayOf(later(at, now.changedAt)), amount: read(seen.spentToday) },
  };
}
