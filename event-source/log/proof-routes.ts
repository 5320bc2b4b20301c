import type { Express, RequestHandler } from 'express';
import { z } from 'zod';
import {
  EXPORT_PAGE_EVENTS_MAX,
  receiptsRequest,
  type ReceiptsAnswer,
  type ReceiptsRequest,
} from '../../contracts/log.ts';
import { timeText } from '../../contracts/texts.ts';
import { Failure, jsonBody } from '../../platform/http.ts';
import type { LogProofs } from './event-log.ts';
import { answered, isAway, read, streamNamed } from './routes.ts';

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

/** What the log can prove, for the services that hand it on. */
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
