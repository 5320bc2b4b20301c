import type { Express, Request, RequestHandler } from 'express';
import type { z } from 'zod';
import type { AnswerOf, ServiceCall } from '../../contracts/http/service-call.ts';
import { streamIdText } from '../../contracts/log/bank-events.ts';
import { LOG_CALLS, PROOF_CALLS } from '../../contracts/log/calls.ts';
import type { EventPlace, ReceiptsAnswer } from '../../contracts/log/entries.ts';
import type { LogProofs } from '../../contracts/log/log-proofs.ts';
import type { StreamId } from '../../domain/ids.ts';
import { Failure, jsonBody } from '../../platform/http/http.ts';
import { bodyOf, invalid, queryOf } from '../../platform/http/requests.ts';
import { QueueFull } from '../../platform/batcher.ts';
import { pacedQueue, type Pace } from '../../platform/paced-queue.ts';
import { LogUnavailable, TamperError, type EventLog } from './event-log.ts';
import { foundJson, pageJson } from './log-answers.ts';
import type { Quarantine } from '../quarantine.ts';
import { lastUntil } from './version-at-time.ts';

const REQUEST_BYTES_MAX = 256 * 1024;

/** What the other services ask the log. */
export function questions(app: Express, log: EventLog, quarantine: Quarantine): void {
  serveCall(app, LOG_CALLS.events, async ({ after, limit }) => {
    const entries = await log.readAfter(after, limit);
    const head = Math.max(log.head(), entries.at(-1)?.position ?? 0);
    return pageJson(entries, 'head', head);
  });
  serveCall(app, LOG_CALLS.streamEvents, async ({ fromVersion, limit }, request) => {
    const id = streamNamed(request);
    const entries = await log.readStream(id, fromVersion, limit);
    const [latest] = await log.latestVersions([id]);
    return pageJson(entries, 'headVersion', latest!);
  });
  serveCall(app, LOG_CALLS.streamUntil, async ({ time }, request) => {
    const { entry, latestVersion } = await lastUntil(log, streamNamed(request), time);
    return pageJson(entry === undefined ? [] : [entry], 'headVersion', latestVersion);
  });
  serveCall(app, LOG_CALLS.latestVersions, async ({ streams }) => ({
    versions: await log.latestVersions(streams),
  }));
  serveCall(app, LOG_CALLS.digests, async ({ events }) => {
    const digests = (await log.digests(events)).map((digest) => digest ?? null);
    const quarantined = [...new Set(events.map(({ stream }) => stream))].flatMap((stream) => {
      const reason = quarantine.why(stream);
      return reason === undefined ? [] : [{ stream, reason }];
    });
    return { digests, quarantined };
  });
  serveCall(app, LOG_CALLS.read, async ({ events }) => foundJson(await log.find(events)));
}

/**
 * Exports and walks of the log are long and in no hurry, so they take no more than half of the time
 * of this process, all together: appends come between.
 */
const EXPORT_PACE: Pace = { waitingMax: 16, rest: 1 };

/** What the log can prove, for the services that hand it on. */
export function proofRoutes(app: Express, proofs: LogProofs): void {
  const paced = pacedQueue(EXPORT_PACE);
  serveCall(app, PROOF_CALLS.receipts, async ({ events }) => ({
    receipts: await Promise.all(events.map((event) => receiptOrReason(proofs, event))),
  }));
  serveCall(app, PROOF_CALLS.exportHeader, (period, request) =>
    paced(() => proofs.exportHeader(streamNamed(request), period)),
  );
  serveCall(app, PROOF_CALLS.exportedEvents, async ({ fromVersion, limit, at }, request) => ({
    items: await paced(() => proofs.exported(streamNamed(request), fromVersion, limit, at)),
  }));
  serveCall(app, PROOF_CALLS.state, () => proofs.state());
  serveCall(app, PROOF_CALLS.consistency, ({ from, to }) => proofs.consistency(from, to));
  serveCall(app, PROOF_CALLS.transactions, async ({ from }) => ({
    transactions: await paced(() => proofs.walk(from)),
  }));
  serveCall(app, PROOF_CALLS.publicKey, async () => ({ publicKey: await proofs.publicKey() }));
}

/** Serves a call. Bytes are JSON already. */
export function serveCall<Call extends ServiceCall>(
  app: Express,
  { method, path, input }: Call,
  answer: (
    given: z.output<Call['input']>,
    request: Request,
  ) => Promise<AnswerOf<Call> | Buffer> | AnswerOf<Call>,
): void {
  const route = path.replace('{stream}', ':kind/:id');
  const handler = answered(async (request, response) => {
    const given = method === 'GET' ? queryOf(input, request) : bodyOf(input, request.body);
    const said = await answer(given as z.output<Call['input']>, request);
    if (said === undefined) throw new Failure('event-not-found');
    if (Buffer.isBuffer(said)) response.type('json').send(said);
    else response.json(said);
  });
  if (method === 'GET') app.get(route, handler);
  else app.post(route, jsonBody(REQUEST_BYTES_MAX), handler);
}

/** The stream that the path names. */
function streamNamed({ params }: Request): StreamId {
  const read = streamIdText.safeParse(`${String(params['kind'])}/${String(params['id'])}`);
  if (read.success) return read.data;
  throw invalid('path/stream', 'must be the name of a stream');
}

const isAway = (error: unknown): error is LogUnavailable | TamperError | QueueFull =>
  [LogUnavailable, TamperError, QueueFull].some((type) => error instanceof type);

/** What the log cannot answer now is a 503, whatever the reason. */
function answered(handler: RequestHandler): RequestHandler {
  return async (request, response, next) => {
    try {
      await handler(request, response, next);
    } catch (error) {
      if (!isAway(error)) throw error;
      const parts = { detail: error.message };
      throw new Failure('service-unavailable', parts, { 'Retry-After': '1' }, { cause: error });
    }
  };
}

/** What is wrong with one event keeps no other from its receipt. */
async function receiptOrReason(
  proofs: LogProofs,
  { stream, version }: EventPlace,
): Promise<ReceiptsAnswer['receipts'][number]> {
  try {
    return (await proofs.receipt(stream, version)) ?? null;
  } catch (error) {
    if (!isAway(error)) throw error;
    return { unavailable: error.message };
  }
}
