import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { refusalsOf } from '../../contracts/log/bank-events.ts';
import { PROOF_CALLS } from '../../contracts/log/calls.ts';
import {
  EXPORT_PAGE_EVENTS_MAX,
  RECEIPTS_MAX,
  type EventPlace,
  type ReceiptsAnswer,
} from '../../contracts/log/entries.ts';
import type { LogProofs } from '../../contracts/log/log-proofs.ts';
import { streamOf } from '../../contracts/account/events.ts';
import * as queries from '../../contracts/log/proof-queries.ts';
import type { AccountId, StreamId } from '../../domain/ids.ts';
import { batcher, QueueFull } from '../../platform/batcher.ts';
import { serial } from '../../platform/serial.ts';
import { Failure } from '../../platform/http/http.ts';
import { idParams, noQuery } from '../../contracts/http/parameters.ts';
import { invalid, paramOf, queryOf } from '../../platform/http/requests.ts';
import type { ServiceInvoker } from '../../platform/service-client.ts';
import { askServices } from '../other-services.ts';
import { Unavailable } from '../read-models/read-models.ts';

const RECEIPT_CALLS_AT_ONCE_MAX = 2;
const RECEIPTS_WAITING_MAX = 1_000;

/**
 * Proofs from event-source, through the sidecars. Nothing is checked here. Receipts that are asked
 * for while others are on their way travel together: the way costs as much as the proof. Pages of
 * exports wait here for each other, where no time limit of a call runs, because event-source takes
 * its time for them.
 */
export function eventSourceProofs(dapr: ServiceInvoker): LogProofs {
  const ask = askServices(dapr);
  const limits = {
    itemsMax: RECEIPTS_MAX,
    inFlightMax: RECEIPT_CALLS_AT_ONCE_MAX,
    waitingMax: RECEIPTS_WAITING_MAX,
  };
  const receiptOf = batcher<EventPlace, ReceiptsAnswer['receipts'][number]>(
    limits,
    async (events) => (await ask(PROOF_CALLS.receipts, { events })).receipts,
  );
  const inTurn = serial();
  return {
    publicKey: async () => (await ask(PROOF_CALLS.publicKey, {})).publicKey,
    state: () => ask(PROOF_CALLS.state, {}),
    consistency: (from, to) => ask(PROOF_CALLS.consistency, { from, to }),
    async receipt(stream, version) {
      const answer = await receiptOf({ stream, version }).catch((error: unknown) => {
        if (!(error instanceof QueueFull)) throw error;
        throw new Unavailable(error.message, { cause: error });
      });
      if (answer !== null && 'unavailable' in answer) throw new Unavailable(answer.unavailable);
      return answer ?? undefined;
    },
    exportHeader: (stream, period) =>
      inTurn(() => ask(PROOF_CALLS.exportHeader, { stream, ...period })),
    exported: async (stream, fromVersion, limit, at) => {
      const page = () => ask(PROOF_CALLS.exportedEvents, { stream, fromVersion, limit, at });
      return (await inTurn(page)).items;
    },
    walk: async (from) =>
      (await inTurn(() => ask(PROOF_CALLS.transactions, { from }))).transactions,
  };
}

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
    const header = await proofs.exportHeader(stream, period);
    if (header === undefined) throw new Failure('account-not-found');
    const { fromVersion, toVersion, state } = header;
    const lines = async function* (): AsyncGenerator<object> {
      yield header;
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
  if (request.method === 'LAST_VERSION') return void response.end();
  const first = await lines.next();
  const text = async function* (): AsyncGenerator<string> {
    if (first.done !== true) yield `${JSON.stringify(first.value)}\n`;
    for await (const line of lines) yield `${JSON.stringify(line)}\n`;
  };
  // What breaks off is seen by the receiver: the last lines are missing, and its check says so.
  await pipeline(Readable.from(text()), response).catch(() => response.destroy());
}
