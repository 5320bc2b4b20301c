import { byOf } from '../contracts/access/principal.ts';
import { mayUse, maySeeApproval } from '../contracts/access/rules.ts';
import { emptyBody, reasonBody } from '../contracts/account/command-operations.ts';
import { PAGE_ITEMS_DEFAULT } from '../contracts/account/queries.ts';
import type { RefusalMessage } from '../contracts/account/refusals.ts';
import {
  APPROVAL_ACTOR_TYPE,
  APPROVAL_LISTS,
  approvalLookup,
  decideAnswer,
  scopeOfAsked,
  waitingAnswer,
  type DecideMessage,
  type DecideResult,
  type WaitingAnswer,
  type WaitingPlace,
} from '../contracts/approval/commands.ts';
import type { ApprovalState } from '../contracts/approval/events.ts';
import {
  approvalAnswerOf,
  approvalParams,
  approvalsQuery,
} from '../contracts/approval/operations.ts';
import type { Principal } from '../contracts/access/principal.ts';
import type { ProblemCode } from '../contracts/http/problems.ts';
import type { ApprovalId } from '../domain/ids.ts';
import { systemClock, type Clock } from '../platform/clock.ts';
import { SidecarError } from '../platform/dapr.ts';
import { principalOf } from '../platform/http/gate.ts';
import { Failure } from '../platform/http/http.ts';
import { bodyOf, invalid, paramOf, queryOf } from '../platform/http/requests.ts';
import type { Handlers } from '../platform/http/serve.ts';
import { retry } from '../platform/retry.ts';
import type { CallActor } from './actor-calls.ts';
import { answerCommand } from './command-answers.ts';
import { PATIENCE_MS } from './courier.ts';
import { failureOf } from './failures.ts';
import { commandIdOf, dryRunOf, ifMatchOf, traceparentOf } from './request-headers.ts';
import type { Request, Response } from 'express';

/** Pauses before the call is made again; a restarting part of the bank is hidden by them. */
const RETRY_MS = [100, 300, 800] as const;

/** What waits for a second person; each call rejects with a Failure while nobody can tell. */
export interface Approvals {
  decide(id: ApprovalId, message: DecideMessage): Promise<DecideResult>;
  find(id: ApprovalId): Promise<ApprovalState | null>;
  waiting(
    asked: Pick<Principal, 'roles'> & { after?: WaitingPlace; limit: number },
  ): Promise<WaitingAnswer>;
}

/** Asks the actors of approvals. */
export function approvalClient(
  callActor: CallActor,
  clock: Pick<Clock, 'wall'> = systemClock,
): Approvals {
  let turn = 0;
  const ask = async (id: string, method: string, value: object): Promise<unknown> => {
    const call = () => callActor(APPROVAL_ACTOR_TYPE, id, method, JSON.stringify(value));
    try {
      const mayRetry = (error: unknown) => error instanceof SidecarError;
      return await retry(call, { pausesMs: RETRY_MS, mayRetry });
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error;
      const reason = 'the approval cannot be reached';
      throw failureOf({ code: 'service-unavailable', reason });
    }
  };
  return {
    decide: async (id, message) => {
      const request = { message, deadline: clock.wall() + PATIENCE_MS };
      return decideAnswer.parse(await ask(id, 'execute', request));
    },
    find: async (id) => approvalLookup.parse(await ask(id, 'lookup', {})).approval,
    waiting: async ({ roles, after, limit }) => {
      const list = APPROVAL_LISTS[turn++ % APPROVAL_LISTS.length]!;
      return waitingAnswer.parse(await ask(list, 'list', { roles, after, limit }));
    },
  };
}

/** The decisions of a second person, and what waits for them. */
export function approvalHandlers(approvals: Approvals): Handlers {
  /** What somebody may not see is answered as what is not there. */
  const find = async (request: Request, id: ApprovalId): Promise<ApprovalState> => {
    const approval = await approvals.find(id);
    const { roles } = principalOf(request);
    if (approval !== null && maySeeApproval(roles, scopeOfAsked(approval.asked))) return approval;
    throw new Failure('approval-not-found');
  };
  const decide = async (
    request: Request,
    response: Response,
    decision: Pick<DecideMessage, 'decision' | 'reason'>,
  ): Promise<void> => {
    const id = paramOf(request, approvalParams, 'approvalId');
    const commandId = commandIdOf(request);
    const ifMatch = ifMatchOf(request);
    const dryRun = dryRunOf(request);
    const principal = principalOf(request);
    const scope = scopeOfAsked((await find(request, id)).asked);
    if (!mayUse(principal, { scope, object: 'bank' })) {
      throw new Failure('forbidden', { more: { scope } });
    }
    const traceparent = traceparentOf(request);
    const by = byOf(principal);
    const message = { ...decision, commandId, by, dryRun, traceparent };
    const result = await approvals.decide(id, {
      ...message,
      ...(ifMatch === undefined ? {} : { ifMatch }),
    });
    response.set('Idempotency-Key', commandId);
    if (!result.ok) throw failureOfDecision(id, result);
    const { approval, events, replayed } = result;
    const did = events.map(({ id: event, type, version, at }) => ({
      id: event,
      type,
      version,
      at,
    }));
    answerCommand(request, response, {
      status: 200,
      body: { ...approvalAnswerOf(id, approval), events: did },
      version: approval.version,
      isReplayed: replayed,
    });
  };

  return {
    async approve(request, response) {
      bodyOf(emptyBody, request.body);
      await decide(request, response, { decision: 'approve' });
    },
    async reject(request, response) {
      const { reason } = bodyOf(reasonBody, request.body);
      await decide(request, response, {
        decision: 'reject',
        ...(reason === undefined ? {} : { reason }),
      });
    },
    async readApproval(request, response) {
      for (const name of Object.keys(request.query)) {
        throw invalid(`query/${name}`, 'is not a known parameter');
      }
      const id = paramOf(request, approvalParams, 'approvalId');
      const approval = await find(request, id);
      response.set('ETag', `"${approval.version}"`).json(approvalAnswerOf(id, approval));
    },
    async listApprovals(request, response) {
      const { limit = PAGE_ITEMS_DEFAULT, cursor } = queryOf(approvalsQuery, request);
      const after = cursor === undefined ? undefined : placeOf(cursor);
      const { roles } = principalOf(request);
      const asked = { roles, limit, ...(after === undefined ? {} : { after }) };
      const { approvals: found, next } = await approvals.waiting(asked);
      response.json({
        items: found.map(({ id, approval }) => approvalAnswerOf(id, approval)),
        nextCursor: next === undefined ? null : cursorOf(next),
      });
    },
  };
}

function failureOfDecision(
  id: ApprovalId,
  { refusal, ended }: Extract<DecideResult, { ok: false }>,
): Failure {
  const { code, ...more } = refusal;
  if (code === 'service-unavailable' || code === 'invalid-request') {
    return failureOf(refusal as RefusalMessage);
  }
  const about = ended === true ? { approvalId: id, approval: 'refused' } : {};
  return new Failure(code as ProblemCode, { more: { ...more, ...about } });
}

const cursorOf = ({ due, stream }: WaitingPlace): string =>
  Buffer.from(`${due}/${stream}`).toString('base64url');

/** The place that a cursor names. */
function placeOf(cursor: string): WaitingPlace {
  const text = Buffer.from(cursor, 'base64url').toString();
  const [, due, stream] = /^([0-9]{1,15})\/(approval\/[0-9a-f-]{36})$/.exec(text) ?? [];
  const place = { due: Number(due), stream: stream ?? '' };
  if (stream !== undefined && cursorOf(place) === cursor) return place;
  throw invalid('query/cursor', 'must be a cursor that an answer gave');
}
