import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Express, Request, RequestHandler, Response } from 'express';
import { EXPORT_PAGE_EVENTS_MAX } from '../../contracts/log/entries.ts';
import { refusalsOf } from '../../contracts/log/bank-events.ts';
import { streamOf } from '../../contracts/account/events.ts';
import * as queries from '../../contracts/log/proof-queries.ts';
import type { AccountId, StreamId } from '../../domain/ids.ts';
import { Failure } from '../../platform/http.ts';
import type { LogProofs } from './log-proofs.ts';
import { accountOf, invalid, queryOf } from '../requests.ts';

type Reached = (handle: (request: Request, response: Response) => Promise<void>) => RequestHandler;

/** Serves proofs: single ones as JSON, whole accounts and the whole log line by line. */
export function proofAnswers(app: Express, proofs: LogProofs, reached: Reached): void {
  const json = (path: string, ask: (request: Request) => Promise<object>): void => {
    app.get(
      path,
      reached(async (request, response) => void response.json(await ask(request))),
    );
  };
  json('/v1/accounts/:id/events/:version/receipt', receiptIn(streamOf, proofs));
  json('/v1/accounts/:id/refusals/:version/receipt', receiptIn(refusalsOf, proofs));
  json('/v1/audit/public-key', async (request) => {
    queryOf(queries.noQuery, request);
    return { algorithm: 'ECDSA P-256, SHA-256', publicKey: await proofs.publicKey() };
  });
  json('/v1/audit/state', (request) => {
    queryOf(queries.noQuery, request);
    return proofs.state();
  });
  json('/v1/audit/consistency', async (request) => {
    const { fromTx, toTx } = queryOf(queries.consistencyQuery, request);
    const proof = await proofs.consistency(fromTx, toTx);
    if (proof !== undefined) return proof;
    const message = 'must be transactions of the log, the older one first';
    throw invalid('query/fromTx', message);
  });
  app.get('/v1/accounts/:id/export', reached(exportIn(streamOf, proofs)));
  app.get('/v1/accounts/:id/refusals/export', reached(exportIn(refusalsOf, proofs)));
  app.get('/v1/audit/log', reached(walkLog(proofs)));
}

const receiptIn =
  (streamFor: (id: AccountId) => StreamId, proofs: LogProofs) =>
  async (request: Request): Promise<object> => {
    const stream = streamFor(accountOf(request));
    queryOf(queries.noQuery, request);
    const version = queries.receiptParams.version.safeParse(request.params['version']);
    if (!version.success) throw invalid('path/version', 'must be a whole number from 1');
    const receipt = await proofs.receipt(stream, Number(version.data));
    if (receipt === undefined) throw new Failure('event-not-found');
    return receipt;
  };

const exportIn =
  (streamFor: (id: AccountId) => StreamId, proofs: LogProofs) =>
  async (request: Request, response: Response): Promise<void> => {
    const stream = streamFor(accountOf(request));
    const period = queryOf(queries.exportQuery, request);
    const head = await proofs.exportHead(stream, period);
    if (head === undefined) throw new Failure('account-not-found');
    const { fromVersion, toVersion, state } = head;
    const lines = async function* (): AsyncGenerator<object> {
      yield head;
      for (let from = fromVersion; from <= toVersion;) {
        const limit = Math.min(EXPORT_PAGE_EVENTS_MAX, toVersion - from + 1);
        const items = await proofs.exported(stream, from, limit, state.txId);
        yield* items;
        from += items.length;
      }
    };
    await send(request, response, lines());
  };

const walkLog =
  (proofs: LogProofs) =>
  async (request: Request, response: Response): Promise<void> => {
    const { fromTx: from = 1, toTx: to } = queryOf(queries.walkQuery, request);
    if (to < from) throw invalid('query/toTx', 'must not be before fromTx');
    const lines = async function* (): AsyncGenerator<object> {
      for (let next = from; next <= to;) {
        const page = await proofs.walk(next);
        if (page.length === 0) return;
        for (const transaction of page) {
          if (transaction.header.id <= to) yield transaction;
        }
        next += page.length;
      }
    };
    await send(request, response, lines());
  };

/** One document a line; a reader that is slow is waited for, one that is gone ends it. */
async function send(request: Request, response: Response, lines: AsyncGenerator<object>) {
  response.type('application/x-ndjson');
  if (request.method === 'HEAD') return void response.end();
  const first = await lines.next();
  const text = async function* (): AsyncGenerator<string> {
    if (first.done !== true) yield `${JSON.stringify(first.value)}\n`;
    for await (const line of lines) yield `${JSON.stringify(line)}\n`;
  };
  // What breaks off is seen by the receiver: the last lines are missing, and its check says so.
  await pipeline(Readable.from(text()), response).catch(() => response.destroy());
}
