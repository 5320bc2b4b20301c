import { randomUUID } from 'node:crypto';
import { actedBy } from '../../contracts/access/principal.ts';
import { whyNotDecide } from '../../contracts/access/rules.ts';
import { isMatch, type CommandResult } from '../../contracts/account/commands.ts';
import { accountOfStream, defined } from '../../contracts/account/events.ts';
import {
  askedCommand,
  scopeOfAsked,
  type AskedCommand,
  type DecideMessage,
  type DecideResult,
} from '../../contracts/approval/commands.ts';
import { streamOfApproval, type ApprovalState } from '../../contracts/approval/events.ts';
import { personOfStream } from '../../contracts/log/bank-events.ts';
import type { PersonResult } from '../../contracts/person/commands.ts';
import { clockOf } from '../../domain/account.ts';
import { ownCommandId, type ApprovalId, type CommandId } from '../../domain/ids.ts';
import { decideAccounts } from '../account/account-decider.ts';
import { decidePersonWork } from '../person/person-decider.ts';
import type { Draft } from '../turn/draft.ts';
import { unavailable } from '../turn/work.ts';
import { approvalOf, endedInTime, stepOf, type ApprovalFact, type Grant } from './proposal.ts';

/** The decision of a second person about what waits for them. */
export interface ApprovalWork {
  readonly id: ApprovalId;
  readonly message: DecideMessage;
}

type Refusal = Extract<DecideResult, { ok: false }>['refusal'];
const refused = (refusal: Refusal): DecideResult => ({ ok: false, refusal });

/**
 * Decides what a second person says about a command that waits. Approved, the command is executed
 * in the same turn: its events and the end of the approval are committed together or not at all, so
 * it cannot be executed twice, nor be approved and forgotten. Undefined when a fact must be fetched
 * first.
 * @param now the host's clock, RFC 3339.
 */
export function decideApproval(
  draft: Draft,
  work: ApprovalWork,
  now: string,
): DecideResult | undefined {
  const undo = work.message.dryRun === true ? draft.bookmark() : undefined;
  const result = decided(draft, work, now);
  undo?.();
  return result;
}

function decided(
  draft: Draft,
  { id, message }: ApprovalWork,
  now: string,
): DecideResult | undefined {
  const current = draft.read(streamOfApproval(id));
  if (current === undefined) return undefined;
  if (current === 'unreadable') return unavailable('the approval cannot be read');
  const before = approvalOf(current);
  if (before === undefined) return refused({ code: 'approval-not-found' });
  const halted = current.before?.quarantine ?? draft.whyNotAppend(current);
  if (halted !== undefined) return unavailable(halted);
  const scope = scopeOfAsked(before.asked);
  const why = whyNotDecide(actedBy(before.by), actedBy(message.by), scope);
  if (why !== undefined) return refused(why === 'forbidden' ? { code: why, scope } : { code: why });
  if (isSaidAgain(before, message)) return saidAgain(draft, before, now);
  const approval = endedInTime(draft, id, before, now);
  if (approval.status !== 'waiting') {
    return refused({ code: 'approval-ended', approvalId: id, approval: approval.status });
  }
  if (!isMatch(message.ifMatch, approval.version)) {
    return refused({ code: 'version-mismatch', version: approval.version });
  }
  return message.decision === 'approve'
    ? approve(draft, id, approval, message, now)
    : reject(draft, id, approval, message, now);
}

const DECIDED = { approve: 'approved', reject: 'rejected' } as const;

/** The same person says the same again: a retry. */
const isSaidAgain = ({ status, decidedBy }: ApprovalState, { decision, by }: DecideMessage) =>
  status === DECIDED[decision] &&
  decidedBy !== undefined &&
  actedBy(decidedBy).subject === actedBy(by).subject;

function saidAgain(draft: Draft, approval: ApprovalState, now: string): DecideResult | undefined {
  if (approval.status === 'rejected') return { ok: true, replayed: true, approval, events: [] };
  const result = execute(draft, approval, undefined, now);
  if (result?.ok !== true) return result;
  return { ok: true, replayed: true, approval, events: result.events };
}

/** What the decision adds to the approval. */
const factOf = (
  { about, commandHash, changedAt }: ApprovalState,
  { by, commandId, traceparent }: DecideMessage,
  now: string,
) => ({
  commandId,
  by,
  commandHash,
  at: clockOf(changedAt, now),
  data: { about },
  ...defined({ traceparent }),
});

function reject(
  draft: Draft,
  id: ApprovalId,
  approval: ApprovalState,
  message: DecideMessage,
  now: string,
): DecideResult {
  const common = factOf(approval, message, now);
  const data = { ...common.data, ...defined({ reason: message.reason }) };
  const step = stepOf(id, approval, { ...common, type: 'approval-rejected', data });
  draft.append([step]);
  return { ok: true, replayed: false, approval: step.state as ApprovalState, events: [] };
}

function approve(
  draft: Draft,
  id: ApprovalId,
  approval: ApprovalState,
  message: DecideMessage,
  now: string,
): DecideResult | undefined {
  const common = factOf(approval, message, now);
  const fact: ApprovalFact = { ...common, type: 'approval-granted' };
  const step = stepOf(id, approval, fact);
  const undo = draft.bookmark();
  const result = execute(draft, approval, { id, by: message.by, step }, now);
  if (result === undefined) return undefined;
  if (result.ok && !result.replayed) {
    const { events } = result;
    return { ok: true, replayed: false, approval: step.state as ApprovalState, events };
  }
  // Executed before without it: then its key is used up, and nothing is executed now.
  const refusal = result.ok ? ({ code: 'idempotency-key-reused' } as const) : result.refusal;
  if (refusal.code === 'service-unavailable') {
    undo();
    return { ok: false, refusal };
  }
  const data = { ...common.data, refusal };
  draft.append([stepOf(id, approval, { ...common, type: 'approval-refused', data })]);
  return { ok: false, refusal, ended: true };
}

/** Executes the command exactly as it was asked for, as its sender. */
function execute(
  draft: Draft,
  { about, asked, commandId, by, owner, ifMatch }: ApprovalState,
  approval: Grant | undefined,
  now: string,
): CommandResult | PersonResult | undefined {
  const common = { commandId: commandId as CommandId, ...defined({ ifMatch }) };
  const granted = defined({ approval });
  const command: AskedCommand = askedCommand.parse(asked);
  if (command.type === 'erase-person') {
    const message = { ...common, by, command };
    return decidePersonWork(draft, { personId: personOfStream(about), message, ...granted }, now);
  }
  const work = {
    ...granted,
    message: { ...common, accountId: accountOfStream(about), command },
    by,
    owner,
    recordId: ownCommandId(`refusal ${randomUUID()}`),
  };
  return decideAccounts(draft, [work], { atomic: false, dryRun: false }, now)?.[0];
}
