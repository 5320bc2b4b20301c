import type { Express, Request, RequestHandler } from 'express';
import { z } from 'zod';
import { streamIdText } from '../../contracts/log/bank-events.ts';
import {
  digestsRequest,
  headsRequest,
  LOG_PAGE_EVENTS_MAX,
  readRequest,
  type DigestsAnswer,
  type HeadsAnswer,
  EXPORT_PAGE_EVENTS_MAX,
  receiptsRequest,
  type ReceiptsAnswer,
  type ReceiptsRequest,
} from '../../contracts/log/entries.ts';
import { positionNumber } from '../../contracts/log/topics.ts';
import type { StreamId } from '../../domain/ids.ts';
import { Failure, jsonBody } from '../../platform/http.ts';
import { LogUnavailable, TamperError, type EventLog, type LogProofs } from './event-log.ts';
import { foundJson, pageJson } from './log-answers.ts';
import type { Quarantine } from '../quarantine.ts';
import { lastUntil } from './version-at-time.ts';
import { timeText } from '../../contracts/http/scalars.ts';

const REQUEST_BYTES_MAX = 256 * 1024;

const limit = z.coerce.number().pipe(z.int().min(1).max(LOG_PAGE_EVENTS_MAX));
const logQuery = z.strictObject({
  after: z.coerce.number().pipe(positionNumber).default(0),
  limit: limit.default(LOG_PAGE_EVENTS_MAX),
});
const streamQuery = z.strictObject({
  fromVersion: z.coerce.number().pipe(z.int().min(1)).default(1),
  limit: limit.default(LOG_PAGE_EVENTS_MAX),
});

const momentQuery = z.strictObject({ time: z.coerce.number().pipe(z.int().min(0)) });

/** Serves the questions of the other services to the log (contracts/log/entries.ts). */
export function questions(app: Express, log: EventLog, quarantine: Quarantine): void {
  app.get(
    '/log/events',
    answered(async (request, response) => {
      const { after, limit: most } = read(logQuery, request.query);
      const entries = await log.readAfter(after, most);
      const head = Math.max(log.head(), entries.at(-1)?.position ?? 0);
      response.type('json').send(pageJson(entries, 'head', head));
    }),
  );
  app.get(
    '/log/streams/:kind/:id/events',
    answered(async (request, response) => {
      const id = streamNamed(request);
      const { fromVersion, limit: most } = read(streamQuery, request.query);
      const entries = await log.readStream(id, fromVersion, most);
      const [head] = await log.heads([id]);
      response.type('json').send(pageJson(entries, 'headVersion', head!));
    }),
  );
  app.get(
    '/log/streams/:kind/:id/until',
    answered(async (request, response) => {
      const { time } = read(momentQuery, request.query);
      const { entry, head } = await lastUntil(log, streamNamed(request), time);
      const entries = entry === undefined ? [] : [entry];
      response.type('json').send(pageJson(entries, 'headVersion', head));
    }),
  );
  app.post(
    '/log/heads',
    jsonBody(REQUEST_BYTES_MAX),
    answered(async (request, response) => {
      const { streams } = read(headsRequest, request.body);
      const answer: HeadsAnswer = { versions: await log.heads(streams) };
      response.json(answer);
    }),
  );
  app.post(
    '/log/digests',
    jsonBody(REQUEST_BYTES_MAX),
    answered(async (request, response) => {
      const { events } = read(digestsRequest, request.body);
      const digests = (await log.digests(events)).map((digest) => digest ?? null);
      const quarantined = [...new Set(events.map(({ stream }) => stream))].flatMap((stream) => {
        const reason = quarantine.why(stream);
        return reason === undefined ? [] : [{ stream, reason }];
      });
      const answer: DigestsAnswer = { digests, quarantined };
      response.json(answer);
    }),
  );
  app.post(
    '/log/read',
    jsonBody(REQUEST_BYTES_MAX),
    answered(async (request, response) => {
      const { events } = read(readRequest, request.body);
      response.type('json').send(foundJson(await log.find(events)));
    }),
  );
}

/** The stream that the path names. */
const streamNamed = ({ params }: Request): StreamId =>
  read(streamIdText, `${String(params['kind'])}/${String(params['id'])}`);

/**
 * A value parsed by the schema.
 * @throws Failure (invalid-request) when it does not match: that is the caller's mistake.
 */
export function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ at: path.join('/'), message }));
  throw new Failure('invalid-request', { errors });
}

const isAway = (error: unknown): error is LogUnavailable | TamperError =>
  error instanceof LogUnavailable || error instanceof TamperError;

/** Turns what the log cannot answer now into a 503, whatever the reason. */
export function answered(handler: RequestHandler): RequestHandler {
  return async (request, response, next) => {
    try {
      await handler(request, response, next);
    } catch (error) {
      if (!isAway(error)) throw error;
      throw new Failure('service-unavailable', { detail: error.message }, { 'Retry-After': '1' });
    }
  };
}

const RECEIPTS_REQUEST_BYTES_MAX = 16 * 1024;

const whole = z.coerce.number().pipe(z.int().min(1));
const consistencyQuery = z.strictObject({ from: whole, to: whole.optional() });
const periodQuery = z.strictObject({ from: timeText.optional(), to: timeText.optional() });
const exportQuery = z.strictObject({
  fromVersion: whole,
  limit: whole.pipe(z.int().max(EXPORT_PAGE_EVENTS_MAX)),
  at: whole,
});
const walkQuery = z.strictObject({ from: whole });

/** Serves what the log can prove, for the services that pass it on. */
export function proofRoutes(app: Express, proofs: LogProofs, publicKey: string): void {
  const route = (path: string, ask: (request: Parameters<RequestHandler>[0]) => Promise<unknown>) =>
    app.get(
      path,
      answered(async (request, response) => {
        const answer = await ask(request);
        if (answer === undefined) throw new Failure('event-not-found');
        response.json(answer);
      }),
    );

  app.post(
    '/log/receipts',
    jsonBody(RECEIPTS_REQUEST_BYTES_MAX),
    answered(async (request, response) => {
      const { events } = read(receiptsRequest, request.body);
      const receipts = await Promise.all(events.map((event) => receiptOrReason(proofs, event)));
      response.json({ receipts } satisfies ReceiptsAnswer);
    }),
  );
  route('/log/streams/:kind/:id/export', (request) =>
    proofs.exportHead(streamNamed(request), read(periodQuery, request.query)),
  );
  route('/log/streams/:kind/:id/export/events', async (request) => {
    const { fromVersion, limit, at } = read(exportQuery, request.query);
    return { items: await proofs.exported(streamNamed(request), fromVersion, limit, at) };
  });
  route('/log/state', () => proofs.state());
  route('/log/consistency', ({ query }) => {
    const { from, to } = read(consistencyQuery, query);
    return proofs.consistency(from, to);
  });
  route('/log/transactions', async ({ query }) => ({
    transactions: await proofs.walk(read(walkQuery, query).from),
  }));
  route('/log/public-key', () => Promise.resolve({ publicKey }));
}

/** What is wrong with one event keeps no other from its receipt. */
async function receiptOrReason(
  proofs: LogProofs,
  { stream, version }: ReceiptsRequest['events'][number],
): Promise<ReceiptsAnswer['receipts'][number]> {
  try {
    return (await proofs.receipt(stream, version)) ?? null;
  } catch (error) {
    if (!isAway(error)) throw error;
    return { unavailable: error.message };
  }
}
