import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { EXPORT_PAGE_EVENTS_MAX } from '../../contracts/log/entries.ts';
import { refusalsOf } from '../../contracts/log/bank-events.ts';
import { streamOf } from '../../contracts/account/events.ts';
import * as queries from '../../contracts/log/proof-queries.ts';
import type { AccountId, StreamId } from '../../domain/ids.ts';
import { Failure } from '../../platform/http.ts';
import type { LogProofs } from './log-proofs.ts';
import { idParams, noQuery } from '../../contracts/http/parameters.ts';
import { invalid, paramOf, queryOf } from '../../platform/requests.ts';

/** Proofs by the id of their operation: single ones as JSON, accounts and the log as lines. */
export const proofAnswers = (proofs: LogProofs) => ({
  json: {
    readReceipt: receiptIn(streamOf, proofs),
    readRefusalReceipt: receiptIn(refusalsOf, proofs),
    async readPublicKey(request: Request) {
      queryOf(noQuery, request);
      return { algorithm: 'ECDSA P-256, SHA-256', publicKey: await proofs.publicKey() };
    },
    async readState(request: Request) {
      queryOf(noQuery, request);
      return proofs.state();
    },
    async proveConsistency(request: Request) {
      const { fromTx, toTx } = queryOf(queries.consistencyQuery, request);
      const proof = await proofs.consistency(fromTx, toTx);
      if (proof !== undefined) return proof;
      throw invalid('query/fromTx', 'must be transactions of the log, the older one first');
    },
  },
  lines: {
    exportAccount: exportIn(streamOf, proofs),
    exportRefusals: exportIn(refusalsOf, proofs),
    walkLog: walkLog(proofs),
  },
});

const receiptIn =
  (streamFor: (id: AccountId) => StreamId, proofs: LogProofs) =>
  async (request: Request): Promise<object> => {
    const stream = streamFor(paramOf(request, idParams, 'id'));
    queryOf(noQuery, request);
    const version = Number(paramOf(request, queries.receiptParams, 'version'));
    const receipt = await proofs.receipt(stream, version);
    if (receipt === undefined) throw new Failure('event-not-found');
    return receipt;
  };

const exportIn =
  (streamFor: (id: AccountId) => StreamId, proofs: LogProofs) =>
  async (request: Request, response: Response): Promise<void> => {
    const stream = streamFor(paramOf(request, idParams, 'id'));
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
