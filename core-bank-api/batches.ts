import type { Express, RequestHandler } from 'express';
import { batchFrame, type BatchResult } from '../contracts/batch/batches.ts';
import { Failure, jsonBody } from '../platform/http.ts';
import type { Actors } from './courier.ts';
import { executePlan, isOtherBatch, planBatch, problemOf, resultOf } from './command-batch.ts';
import { failureOf, invalid, invalidBy } from './failures.ts';
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
    const at = (index: number): string => `${request.path}#/commands/${index}`;
    const results: BatchResult[] = [];
    for (const [index, failure] of plan.failures) results[index] = problemOf(failure, at(index));
    let isOther = false;
    await executePlan(actors, plan, joint, (command, result) => {
      isOther ||= isOtherBatch(result);
      results[command.index] = resultOf(command, result, at(command.index), dryRun);
    });
    if (isOther) throw failureOf({ code: 'batch-key-reused' });
    response.json({ ...(dryRun ? { dryRun } : {}), results });
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
