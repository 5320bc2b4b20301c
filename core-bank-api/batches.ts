import type { Express, RequestHandler } from 'express';
import { batchFrame, type BatchResult } from '../contracts/batches.ts';
import { EXECUTE_COMMANDS_MAX } from '../contracts/commands.ts';
import { Failure, jsonBody } from '../platform/http.ts';
import type { Actors } from './courier.ts';
import { executePlan, planBatch, problemOf, resultOf } from './command-batch.ts';
import type { BatchPlan, Joint } from './command-batch.ts';
import { invalid, invalidBy } from './failures.ts';
import { commandIdOf, flagsOf, ifMatchOf, traceparentOf } from './request-headers.ts';

export const BATCH_BYTES_MAX = 1024 * 1024;
/** Batches that are worked on at the same time; more are put off. */
const BATCHES_AT_ONCE_MAX = 128;

// Not to be passed over: who sends it relies on nothing being executed at another version.
const NO_ONE_VERSION = { at: 'header/If-Match', message: 'is for one command: send that alone' };

/** POST /v1/batches: many commands in one request, each with a result of its own. */
export function batchRoute(app: Express, actors: Pick<Actors, 'execute'>): void {
  let running = 0;
  const handle: RequestHandler = async (request, response) => {
    const { atomic, dryRun } = flagsOf(request, ['atomic', 'dryRun']);
    const commandId = commandIdOf(request);
    if (ifMatchOf(request) !== undefined) throw invalid([NO_ONE_VERSION]);
    const frame = batchFrame.safeParse(request.body);
    if (!frame.success) throw invalidBy(frame.error);
    const { commands } = frame.data;
    const plan = planBatch(commands, { traceparent: traceparentOf(request) }, commandId);
    response.set('Idempotency-Key', commandId);
    const joint = atomic || dryRun ? { atomic, dryRun } : undefined;
    if (joint !== undefined) requireJoint(plan, joint);
    const at = (index: number): string => `${request.path}#/commands/${index}`;
    const results: BatchResult[] = [];
    for (const [index, failure] of plan.failures) results[index] = problemOf(failure, at(index));
    await executePlan(actors, plan, joint, (command, result) => {
      results[command.index] = resultOf(command, result, at(command.index));
    });
    response.json({ results });
  };

  app.post('/v1/batches', jsonBody(BATCH_BYTES_MAX), async (request, response, next) => {
    if (running >= BATCHES_AT_ONCE_MAX) {
      const detail = `${running} batches are being worked on. Send it again with the same keys.`;
      throw new Failure('service-unavailable', { detail }, { 'Retry-After': '1' });
    }
    running += 1;
    try {
      await handle(request, response, next);
    } finally {
      running -= 1;
    }
  });
}

/** What is decided as one must fit one turn of one account, or be a preview of such turns. */
function requireJoint({ accounts }: BatchPlan, { atomic }: Joint): void {
  const longest = Math.max(0, ...[...accounts.values()].map(({ length }) => length));
  if (longest > EXECUTE_COMMANDS_MAX) {
    const message = `must be at most ${EXECUTE_COMMANDS_MAX} for one account to be decided as one`;
    throw invalid([{ at: '/commands', message }]);
  }
  if (atomic === true && accounts.size > 1) {
    throw invalid([{ at: '/commands', message: 'must all be for one account when atomic' }]);
  }
}
