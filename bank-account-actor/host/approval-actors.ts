import {
  APPROVAL_LISTS,
  approvalLookup,
  decideRequest,
  scopeOfAsked,
  waitingRequest,
  WAITING_MAX,
  type DecideResult,
  type WaitingAnswer,
  type WaitingPlace,
} from '../../contracts/approval/commands.ts';
import { maySeeApproval } from '../../contracts/access/rules.ts';
import {
  approvalOfStream,
  isApprovalId,
  streamOfApproval,
} from '../../contracts/approval/events.ts';
import { approvalId } from '../../domain/ids.ts';
import { decideApproval } from '../approval/approval-decider.ts';
import type { Journal } from '../journal/journal.ts';
import { decodeState, isApprovalState } from '../turn/stream-state.ts';
import type { Turns } from '../turn/turns.ts';
import type { ActorType, Body } from './bank-actors.ts';

export interface ApprovalActorsPorts {
  readonly turns: Turns;
  readonly journal: Pick<Journal, 'load' | 'waiting'>;
}

/** Pages of the journal that one answer looks at; the next one goes on behind them. */
const PAGES_MAX = 10;

/** The approvals: each decision is a work of its own. */
export function approvalActors({ turns, journal }: ApprovalActorsPorts): ActorType {
  const execute = async (name: string, { value, size }: Body): Promise<DecideResult> => {
    const { message, deadline } = decideRequest.parse(value);
    const id = approvalId(name);
    const [result] = await turns.execute<DecideResult>({
      streams: [streamOfApproval(id)],
      commands: 1,
      size,
      deadlineMs: deadline,
      decide(draft, now) {
        const decided = decideApproval(draft, { id, message }, now);
        return decided && [decided];
      },
    });
    return result!;
  };
  const lookup = async (name: string): Promise<object> => {
    const stream = streamOfApproval(approvalId(name));
    const { streams } = await journal.load([stream]);
    const [state] = streams.map((row) => decodeState(stream, row.state));
    const approval = state !== undefined && isApprovalState(state) ? state : null;
    return approvalLookup.parse({ approval });
  };
  const list = async (_name: string, { value }: Body): Promise<WaitingAnswer> => {
    const { limit, roles, after } = waitingRequest.parse(value);
    const approvals: WaitingAnswer['approvals'] = [];
    let place: WaitingPlace | undefined = after;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const rows = await journal.waiting(place, WAITING_MAX);
      for (const { stream, due, state } of rows) {
        place = { due, stream };
        const approval = decodeState(stream, state);
        if (!isApprovalState(approval)) continue;
        if (!maySeeApproval(roles, scopeOfAsked(approval.asked))) continue;
        approvals.push({ id: approvalOfStream(stream), approval });
        if (approvals.length === limit) return { approvals, next: place };
      }
      if (rows.length < WAITING_MAX) return { approvals };
    }
    return { approvals, ...(place === undefined ? {} : { next: place }) };
  };
  const isList = (id: string): boolean => APPROVAL_LISTS.some((name) => name === id);
  return {
    isId: (id) => isApprovalId(id) || isList(id),
    methods: new Map<string, (id: string, body: Body) => Promise<object>>([
      ['execute', execute],
      ['lookup', lookup],
      ['list', list],
    ]),
    deactivate: () => undefined,
  };
}
