import { setImmediate as nextRound } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { signatureCheck } from '../../platform/signatures.ts';
import { EMPTY_LOG } from '../../proofs/log-transaction.ts';
import { immudbClient } from '../immudb/client.ts';
import { LogUnavailable, TamperError } from '../log/event-log.ts';
import type { AuditedTx } from './entries.ts';
import { immudbAuditSource } from './immudb-source.ts';
import {
  sentTransaction,
  type FromReadingThread,
  type ReadingThreadData,
  type ToReadingThread,
} from './reading-thread.ts';
import { readTransaction } from './read-transaction.ts';

const port = parentPort!;
const data = workerData as ReadingThreadData;
const client = immudbClient(data);
const isSigned = signatureCheck(data.hostKeys);
const source = immudbAuditSource(client.call);
let state = EMPTY_LOG;
/** The page after the last one is on its way while that is read. */
let next: { readonly from: number; readonly page: Promise<readonly AuditedTx[]> } | undefined;

async function read(from: number): Promise<FromReadingThread> {
  if (from !== state.txId + 1) throw new Error(`transaction ${from} does not follow ${state.txId}`);
  const coming = next?.from === from ? next.page : source.read(from);
  next = undefined;
  const txs = await coming;
  const last = txs.at(-1)?.header.id;
  if (last !== undefined) {
    const page = source.read(last + 1);
    page.catch(() => undefined);
    next = { from: last + 1, page };
    // A request leaves only when this thread is idle for a moment.
    await nextRound();
  }
  const page = txs.map((tx) => {
    const made = readTransaction(state, tx, isSigned);
    state = made.state;
    return sentTransaction(made);
  });
  return { page };
}

function failure(error: unknown): FromReadingThread {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof TamperError) {
    return { error: message.slice(error.key.length + 1), kind: 'tampered' };
  }
  return { error: message, kind: error instanceof LogUnavailable ? 'unavailable' : 'other' };
}

port.on('message', (from: ToReadingThread) => {
  void read(from)
    .catch(failure)
    .then((answer) => port.postMessage(answer));
});
