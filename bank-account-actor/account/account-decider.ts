import { EVERY_OWNER, nameBy } from '../../contracts/access/principal.ts';
import { agreementOf } from '../../contracts/batch/content.ts';
import {
  commandHash,
  type CommandMessage,
  type CommandResult,
  isMatch,
} from '../../contracts/account/commands.ts';
import { encodeEvent, streamOf, TRANSFER_EVENTS } from '../../contracts/account/events.ts';
import { writeMoney } from '../../contracts/account/money.ts';
import { isRecorded } from '../../contracts/account/refusal-events.ts';
import type { RefusalMessage } from '../../contracts/account/refusals.ts';
import { isAccountEvent, streamOfPerson } from '../../contracts/log/bank-events.ts';
import { evolve, NO_ACCOUNT, type Account, type ExistingAccount } from '../../domain/account.ts';
import { isOfTransfer, type Refusal, type TransferCommand } from '../../domain/account-commands.ts';
import { decide } from '../../domain/account-decisions.ts';
import {
  causeName,
  onceNamesOf,
  transferName,
  type AccountEvent,
} from '../../domain/account-events.ts';
import type { Currency } from '../../domain/currency.ts';
import {
  ownCommandId,
  PERSON_ID_PATTERN,
  personId,
  unreachable,
  type AccountId,
} from '../../domain/ids.ts';
import { decideTransfer } from '../../domain/transfer-decisions.ts';
import type { Draft, Reading, Step, Working } from '../turn/draft.ts';
import { isPersonState } from '../turn/stream-state.ts';
import { unavailable } from '../turn/work.ts';
import { propose, proposedBefore } from '../approval/proposal.ts';
import {
  askedBy,
  dueWork,
  isReviewed,
  timeOf,
  type AccountWork,
  type Given,
} from './account-work.ts';
import { pastOf, replay, transferPast, type TransferBody } from './account-past.ts';
import { decode } from './given-command.ts';
import { accountOf, isForeignTo, isHiddenFrom } from './reach.ts';
import { recordRefusal, wantsRecord } from './refusal-record.ts';

/** How commands belong together. */
export interface Joint {
  /** All of them are executed, or none. */
  readonly atomic: boolean;
  /** They are decided one after the other, and nothing is written. */
  readonly dryRun: boolean;
}

/**
 * Decides commands that belong together on the current draft, and adds their events and the records
 * of their refusals to it; undefined when a fact must be fetched first. `now` is the host's clock
 * (RFC 3339). In order, one result for each.
 */
export function decideAccounts(
  draft: Draft,
  works: readonly AccountWork[],
  { atomic, dryRun }: Joint,
  now: string,
): CommandResult[] | undefined {
  const undo = atomic || dryRun ? draft.bookmark() : undefined;
  const before = atomic ? works.map(({ message }) => stateOf(draft, message)) : [];
  const decideEach = (): (Outcome | undefined)[] =>
    works.map((work) => {
      const undoOne = work.message.dryRun === true ? draft.bookmark() : undefined;
      const outcome = decideAccount(draft, work, now);
      undoOne?.();
      return outcome;
    });
  const due = atomic && works.every(isOfTransaction) ? TRANSFER_EVENTS * works.length : undefined;
  const { result: decided, made } =
    due === undefined ? { result: decideEach(), made: 0 } : draft.together(due, decideEach);
  if (decided.includes(undefined)) return undefined;
  const outcomes = decided as Outcome[];
  const isAborted = atomic && outcomes.some(({ result }) => !result.ok);
  // The log would wait for the rest of them without end.
  if (!isAborted && made !== 0 && made !== due) throw new Error('a part of a transaction is known');
  if (isAborted || dryRun) undo?.();
  const results = outcomes.map(({ result, seen }, index): CommandResult | undefined => {
    const work = works[index]!;
    if (result.ok) return isAborted && !isKnown(draft, work) ? ABORTED : result;
    if (seen === undefined || dryRun || work.message.dryRun === true) return result;
    // What an aborted batch set was never set.
    const first = isAborted ? before[index] : seen;
    const { refusal } = result;
    if (isOver(refusal)) endDue(draft, work.message.accountId, now);
    if (first === undefined || !wantsRecord(first, work, refusal)) return result;
    const undone = isAborted ? seen.version - first.version : 0;
    const refusalId = recordRefusal(draft, { work, refusal, seen, undone }, now);
    return refusalId === undefined ? undefined : { ...result, refusalId };
  });
  return results.includes(undefined) ? undefined : (results as CommandResult[]);
}

const isOfTransaction = ({ message: { command } }: AccountWork): boolean =>
  'transactionId' in command && command.transactionId !== undefined;

/** Executed before, and not by what is undone: the same command may stand twice in one group. */
const isKnown = (draft: Draft, { message: { accountId, commandId }, by }: AccountWork): boolean =>
  draft.executed(streamOf(accountId), nameBy(by, commandId)) !== null;

const isOver = ({ code }: RefusalMessage): boolean =>
  code === 'hold-expired' || code === 'transfer-expired';

/**
 * A refusal for the time alone writes nothing that a commit of the same command would meet that is
 * still on its way, and that was decided before. So what is over is ended with it.
 */
function endDue(draft: Draft, id: AccountId, now: string): void {
  const current = draft.read(streamOf(id));
  if (typeof current !== 'object') return;
  const account = accountOf(current);
  if (account.status === 'none') return;
  for (const work of dueWork(account, id, now)) decideAccount(draft, work, now);
}

const ABORTED: CommandResult = { ok: false, refusal: { code: 'batch-aborted' } };

function stateOf(draft: Draft, { accountId }: CommandMessage): ExistingAccount | undefined {
  const current = draft.hope(streamOf(accountId));
  const account = typeof current === 'object' ? accountOf(current) : NO_ACCOUNT;
  return account.status === 'none' ? undefined : account;
}

/** The outcome of one command; of a rule's refusal with the account that the rule looked at. */
interface Outcome {
  readonly result: CommandResult;
  readonly seen?: ExistingAccount;
}

/** A retry of what waits for an approval finds that, whatever the rules say by now. */
function decideAccount(draft: Draft, work: AccountWork, now: string): Outcome | undefined {
  const outcome = decideFresh(draft, work, now);
  if (outcome === undefined || outcome.result.ok) return outcome;
  const { refusal } = outcome.result;
  const asked = askedBy({ ...work.message, ...work });
  const isRule = isRecorded(work.message.command.type, refusal);
  if (asked === undefined || !(isRule || refusal.code === 'version-mismatch')) return outcome;
  const earlier = proposedBefore(draft, asked, now);
  return earlier === null ? outcome : earlier && plain(refused(earlier));
}

function decideFresh(draft: Draft, work: AccountWork, now: string): Outcome | undefined {
  const { message, batch, ...sent } = work;
  const { by, owner } = sent;
  const { accountId, commandId, command } = message;
  const stream = streamOf(accountId);
  // Before anything else, so that nothing of it shows in the answer.
  const isForeign = owner !== EVERY_OWNER && isForeignTo(draft, stream, owner);
  if (isForeign === undefined) return undefined;
  if (isForeign) return plain(refused({ code: 'account-not-found' }));
  const agreement = batch && agreementOf(batch, by);
  const agreed = agreement === undefined ? null : draft.agreed(agreement.stream, agreement.name);
  if (agreed !== null && agreed !== agreement?.version) {
    return plain(refused({ code: 'batch-key-reused' }));
  }
  const known = draft.executed(stream, nameBy(by, commandId));
  const isNew = known === null && command.type === 'open-account';
  const current = isNew ? draft.hope(stream) : draft.read(stream);
  if (current === undefined) return undefined;
  if (current === 'unreadable') return plain(unavailable('the account cannot be read'));
  if (current.before?.quarantine !== undefined) return plain(unavailable(QUARANTINED));
  if (known !== null) {
    const replayed = replay(draft, stream, known, message);
    return replayed && plain(replayed);
  }
  const halted = draft.whyNotAppend(current);
  if (halted !== undefined) return plain(unavailable(halted));
  if (!isMatch(message.ifMatch, current.version)) {
    return plain(refused({ code: 'version-mismatch', version: current.version }));
  }
  const isFirst = batch !== undefined && agreed === null;
  const given = { ...message, ...sent, ...(isFirst ? { batch } : {}) };
  const decided = isOfTransfer(command)
    ? decideTwo(draft, current, given, command, now)
    : decideOne(draft, current, given, now);
  if (decided === undefined || !('side' in decided)) return decided && plain(decided);
  const seen = accountOf(current);
  const { refusal, side } = decided;
  const result = {
    ok: false as const,
    refusal,
    ...(isOfTransfer(command) ? { accountId: side } : {}),
  };
  return seen.status === 'none' ? { result } : { result, seen };
}

const QUARANTINED = 'the log of this account is in quarantine: its operator must look at it';
const plain = (result: CommandResult): Outcome => ({ result });

/** The refusal of a rule, and which account it is about. */
interface Refused {
  readonly side: AccountId;
  readonly refusal: RefusalMessage;
}

const refused = (refusal: RefusalMessage): CommandResult => ({ ok: false, refusal });

function decideOne(
  draft: Draft,
  current: Working,
  message: Given,
  now: string,
): CommandResult | Refused | undefined {
  const { accountId, command } = message;
  const account = accountOf(current);
  const at = timeOf(now, account);
  const decoded = decode(account, message);
  if ('refusal' in decoded) return { side: accountId, ...decoded };
  const isOfCustomer = command.type === 'open-account' && command.ownerId !== undefined;
  if (isOfCustomer && account.status === 'none') {
    const owner = ownerOf(draft, command.ownerId!);
    if (owner === undefined) return undefined;
    if (owner === 'unreadable') return unavailable('the owner cannot be read');
    if (!owner) return refused({ code: 'owner-not-found' });
  }
  const past = pastOf(draft, streamOf(accountId), account, command);
  if (past === undefined) return undefined;
  if (past === 'unavailable') return unavailable('the log cannot be asked about the past');
  const decision = decide(account, decoded.command as Parameters<typeof decide>[1], at, past);
  if (!decision.ok) return refusedBy(accountId, decision.refusal, decoded.currency);
  const isHeld = isReviewed(message, decision.events, decoded.currency);
  if (isHeld && message.dryRun !== true) return waitFor(draft, message, now);
  return executed(draft, message, stepsOf(accountId, account, decision.events, message), isHeld);
}

/** A second person has to approve it. It could be executed now, or it would have been refused. */
function waitFor(draft: Draft, given: Given, now: string): CommandResult | undefined {
  const asked = askedBy(given);
  if (asked === undefined) return refused({ code: 'approval-required' });
  const refusal = propose(draft, asked, now);
  return refusal && refused(refusal);
}

function executed(
  draft: Draft,
  { approval }: Given,
  steps: readonly Step[],
  needsOne: boolean,
): CommandResult {
  const events = draft.append(approval === undefined ? steps : [...steps, approval.step]);
  const mark = needsOne ? { needsApproval: true as const } : {};
  return { ok: true, replayed: false, events: events.filter(isAccountEvent), ...mark };
}

/** Both sides of a transfer are decided in one turn: on both accounts or on none. */
function decideTwo(
  draft: Draft,
  current: Working,
  message: Given,
  body: TransferBody,
  now: string,
): CommandResult | Refused | undefined {
  const { accountId, by, owner } = message;
  const source = accountOf(current);
  const stream = streamOf(accountId);
  const decoded = decode(source, message);
  if ('refusal' in decoded) return { side: accountId, ...decoded };
  if (startsTransfer(body) && draft.executed(stream, transferName(body.transferId)) !== null) {
    // The id follows from the key: another key made the same one.
    return refused({ code: 'idempotency-key-reused' });
  }
  const past = transferPast(draft, stream, source, body);
  if (past === undefined) return undefined;
  if (past === 'unavailable') return unavailable('the log cannot be asked about the past');
  const targetId = targetOf(source, body);
  const target = targetId === undefined ? NONE : draft.read(streamOf(targetId));
  if (target === undefined) return undefined;
  if (target === 'unreadable') return unavailable('the account cannot be read');
  const halted = draft.whyNotAppend(target);
  if (halted !== undefined) return unavailable(halted);
  if (target.before?.quarantine !== undefined) return unavailable(QUARANTINED);
  const there = accountOf(target);
  const at = timeOf(timeOf(now, source), there);
  const command = decoded.command as TransferCommand;
  const sides = { sourceId: accountId, source, target: there };
  const decision = decideTransfer(sides, command, at, past);
  if (!decision.ok) {
    const isHidden = targetId !== undefined && isHiddenFrom(owner, source, there);
    if (isHidden) return { side: targetId, refusal: { code: 'account-not-found' } };
    const side = decision.side === 'source' ? accountId : (targetId ?? accountId);
    return refusedBy(side, decision.refusal, decoded.currency);
  }
  const isHeld = isReviewed(message, decision.source, decoded.currency);
  if (isHeld && message.dryRun !== true) return waitFor(draft, message, now);
  const key = causeName(nameBy(by, message.causationId ?? message.commandId));
  // Another source may have sent under the same key: its transfer has the name.
  const isFree = targetId !== undefined && draft.executed(streamOf(targetId), key) === null;
  const findable = isFree ? [key] : [];
  const own = stepsOf(accountId, source, decision.source, message);
  const theirs =
    targetId === undefined
      ? []
      : stepsOf(targetId, there, decision.target, receiptOf(message, body), findable);
  return executed(draft, message, [...own, ...theirs], isHeld);
}

const NONE: Reading = {
  before: undefined,
  version: 0,
  digest: undefined,
  state: undefined,
  added: [],
};
/** The command to the target: of the bank itself, because the client's key is the source's. */
const receiptOf = ({ batch: _batch, ...message }: Given, { transferId }: TransferBody): Given => ({
  ...message,
  commandId: ownCommandId(transferName(transferId)),
  causationId: message.causationId ?? message.commandId,
});
const startsTransfer = ({ type }: TransferBody): boolean =>
  type === 'send-transfer' || type === 'reserve-transfer';

function targetOf(source: Account, body: TransferBody): AccountId | undefined {
  switch (body.type) {
    case 'send-transfer':
    case 'reserve-transfer':
      return body.toAccountId;
    case 'capture-transfer': {
      if (source.status === 'none') return undefined;
      const pending = source.transfers.find((open) => open.transferId === body.transferId);
      return pending?.otherAccountId;
    }
    case 'void-transfer':
    case 'expire-transfer':
      return undefined;
    default:
      return unreachable(body);
  }
}

/** What a step of the account's stream is made of. */
function stepsOf(
  id: AccountId,
  before: Account,
  events: readonly AccountEvent[],
  { command, commandId, causationId, traceparent, batch, by, approval }: Given,
  more: readonly string[] = [],
): Step[] {
  let account = before;
  const hash = commandHash(command);
  return events.map((event, at) => {
    const after = evolve(account, event);
    account = after;
    const first = at === 0 ? batch : undefined;
    const from = { commandId, by, approval, commandHash: hash };
    const cause = { ...from, causationId, batch: first, traceparent };
    return {
      stream: streamOf(id),
      state: after,
      event: (place) => encodeEvent(id, event, after, { ...cause, ...place }),
      names: [...new Set([nameBy(by, commandId), ...onceNamesOf(event), ...more])],
      ...(first === undefined ? {} : { agreed: agreementOf(first, by) }),
    };
  });
}

// Refusals have the same members on the wire, with money as text.
const refusedBy = (side: AccountId, refusal: Refusal, currency: Currency): Refused => ({
  side,
  refusal: writeMoney(refusal, currency) as unknown as RefusalMessage,
});

/** Whether the owner is registered; undefined: to be fetched. The commit looks at it again. */
function ownerOf(draft: Draft, ownerId: string): boolean | 'unreadable' | undefined {
  if (!PERSON_ID_PATTERN.test(ownerId)) return false;
  const person = draft.read(streamOfPerson(personId(ownerId)));
  if (person === undefined || person === 'unreadable') return person;
  if (person.state === undefined) return false;
  return isPersonState(person.state) && person.state.status === 'registered';
}
