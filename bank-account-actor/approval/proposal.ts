import { nameBy, type Sender } from '../../contracts/access/principal.ts';
import type { IfMatch } from '../../contracts/account/commands.ts';
import { defined, type Approved } from '../../contracts/account/events.ts';
import type { RefusalMessage } from '../../contracts/account/refusals.ts';
import {
  approvalAfter,
  isOver,
  streamOfApproval,
  type ApprovalEvent,
  type ApprovalState,
} from '../../contracts/approval/events.ts';
import { approvalIdFor } from '../../contracts/derived-ids.ts';
import { clockOf } from '../../domain/account.ts';
import type { FourEyes } from '../../domain/four-eyes.ts';
import { ownCommandId, type ApprovalId, type CommandId, type StreamId } from '../../domain/ids.ts';
import type { Draft, Place, Step, Working } from '../turn/draft.ts';
import { isApprovalState } from '../turn/stream-state.ts';
import { unavailable, type Unavailable } from '../turn/work.ts';

/** What of a command a second person has to approve, and what is done with it until then. */
export interface Review {
  readonly fourEyes: FourEyes;
  /** It waits for them; otherwise it is refused. */
  readonly mayWait: boolean;
}

/** That a command was approved: with its events the approval ends. */
export interface Grant extends Approved {
  readonly step: Step;
}

/** A command that a second person has to approve, and who asked for it. */
export interface Asked extends Sender {
  /** The stream of the account or person that it is for. */
  readonly about: StreamId;
  readonly commandId: CommandId;
  readonly asked: object;
  readonly commandHash: string;
  readonly ifMatch?: IfMatch | undefined;
  readonly traceparent?: string | undefined;
  readonly waitMs: number;
}

/** How it waits, or why it does not. */
export type Proposed =
  | Extract<RefusalMessage, { code: 'approval-pending' | 'approval-ended' }>
  | { readonly code: 'idempotency-key-reused' }
  | Unavailable['refusal'];

/**
 * What an earlier try of the same command came to, null when there was none; undefined when a fact
 * must be fetched first.
 * @param now the host's clock, RFC 3339.
 */
export function proposedBefore(
  draft: Draft,
  { about, by, commandId, commandHash }: Asked,
  now: string,
): Proposed | null | undefined {
  const id = approvalIdFor(about, nameBy(by, commandId));
  const current = draft.hope(streamOfApproval(id));
  if (current === undefined) return undefined;
  if (current === 'unreadable') return unavailable('the approval cannot be read').refusal;
  const halted = current.before?.quarantine ?? draft.whyNotAppend(current);
  if (halted !== undefined) return unavailable(halted).refusal;
  const before = approvalOf(current);
  if (before === undefined) return null;
  if (before.commandHash !== commandHash) return { code: 'idempotency-key-reused' };
  const { status, expiresAt } = endedInTime(draft, id, before, now);
  if (status === 'waiting') return { code: 'approval-pending', approvalId: id, expiresAt };
  return { code: 'approval-ended', approvalId: id, approval: status };
}

/**
 * Adds the request for an approval to the turn, or finds the one of an earlier try; undefined when
 * a fact must be fetched first. The command itself is not executed in any case.
 * @param now the host's clock, RFC 3339.
 */
export function propose(draft: Draft, asked: Asked, now: string): Proposed | undefined {
  const earlier = proposedBefore(draft, asked, now);
  if (earlier !== null) return earlier;
  const { about, by, commandId, commandHash, owner, ifMatch, traceparent, waitMs } = asked;
  const id = approvalIdFor(about, nameBy(by, commandId));
  const expiresAt = new Date(Date.parse(now) + waitMs).toISOString();
  const data = defined({ about, asked: { ...asked.asked }, owner, ifMatch, expiresAt });
  const event = { type: 'approval-requested', commandId, by, commandHash, at: now, data } as const;
  draft.append([stepOf(id, undefined, { ...event, ...defined({ traceparent }) })]);
  return { code: 'approval-pending', approvalId: id, expiresAt };
}

/** An event of an approval before it has its place in the stream. */
export type ApprovalFact = Pick<
  ApprovalEvent,
  'type' | 'commandId' | 'by' | 'commandHash' | 'traceparent' | 'at' | 'data'
>;

/** The step that adds the event to an approval. */
export function stepOf(
  id: ApprovalId,
  before: ApprovalState | undefined,
  { by, ...fact }: ApprovalFact,
): Step {
  const stream = streamOfApproval(id);
  const eventAt = (place: Place): ApprovalEvent =>
    ({
      id: `${stream}/${place.version}`,
      stream,
      ...place,
      schema: 1,
      ...(by === undefined ? {} : { by }),
      ...fact,
      // Type and data belong together, which a spread cannot tell.
    }) as ApprovalEvent;
  return {
    stream,
    state: approvalAfter(before, eventAt({ version: (before?.version ?? 0) + 1 })),
    names: [nameBy(by, fact.commandId as CommandId)],
    event: eventAt,
  };
}

/** The approval as the turn has left it so far. */
export const approvalOf = ({ state }: Working): ApprovalState | undefined =>
  state !== undefined && isApprovalState(state) ? state : undefined;

/** The approval; one whose time is up is ended first. */
export function endedInTime(
  draft: Draft,
  id: ApprovalId,
  approval: ApprovalState,
  now: string,
): ApprovalState {
  const { status, changedAt, commandHash, about } = approval;
  const at = clockOf(changedAt, now);
  if (status !== 'waiting' || !isOver(approval, at)) return approval;
  const commandId = ownCommandId(`expire ${id}`);
  const fact = { type: 'approval-expired', commandId, by: undefined, commandHash, at } as const;
  const step = stepOf(id, approval, { ...fact, data: { about } });
  draft.append([step]);
  return step.state as ApprovalState;
}
