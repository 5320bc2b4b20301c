import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { ImmudbOptions } from '../immudb/client.ts';
import { eventKey } from '../../proofs/entry-proof.ts';
import { LogUnavailable, TamperError } from '../log/event-log.ts';
import type { Finding } from './entries.ts';
import type { ReadTransaction } from './read-transaction.ts';
import type { AuditSource } from './walk.ts';
import { Worker } from 'node:worker_threads';

/** A transaction on its way between threads: texts, which are cheaper to copy than objects. */
export interface SentTransaction {
  readonly txId: number;
  readonly txHash: Uint8Array;
  readonly findings: readonly Finding[];
  /** Of each event. */
  readonly positions: readonly number[];
  readonly digests: readonly string[];
  readonly texts: readonly string[];
}

/** The form in which a transaction is sent. */
export const sentTransaction = ({ state, events, findings }: ReadTransaction): SentTransaction => ({
  txId: state.txId,
  txHash: state.txHash,
  findings,
  positions: events.map(({ position }) => position),
  digests: events.map(({ digest }) => digest),
  texts: events.map(({ text }) => text),
});

/** The transaction that was sent. */
export function receivedTransaction(sent: SentTransaction): ReadTransaction {
  const { txId, txHash, findings, positions, digests, texts } = sent;
  const events = texts.map((text, at) => {
    const event = JSON.parse(text) as BankEvent;
    const key = eventKey(event.stream as StreamId, event.version);
    return { key, event, text, position: positions[at]!, digest: digests[at]! };
  });
  // The tree of the log is with the thread that reads.
  const state = { txId, txHash: Buffer.from(txHash), tree: undefined };
  return { state, events, findings };
}

/** Pages live shortly; with the 16 MB of Node they are copied to the old ones before they die. */
const YOUNG_MB = 64;

/** What the thread needs to read the log. */
export interface ReadingThreadData extends ImmudbOptions {
  /** Of the actor hosts, as signatureCheck takes them. */
  readonly hostKeys: string;
}

/** What is sent to the thread: the first transaction wanted. */
export type ToReadingThread = number;
/** What the thread answers. */
export type FromReadingThread =
  | { readonly page: readonly SentTransaction[] }
  | { readonly error: string; readonly kind: 'tampered' | 'unavailable' | 'other' };

/**
 * Reads the log in its own thread, which also computes all hashes and parses all texts, so that an
 * audit uses two processors.
 */
export function readingThread(options: ReadingThreadData): Pick<AuditSource, 'read'> & {
  close(): Promise<void>;
} {
  const { proto, address, user, password, database, hostKeys } = options;
  const workerData: ReadingThreadData = { proto, address, user, password, database, hostKeys };
  const thread = new Worker(new URL('./reading-worker.js', import.meta.url), {
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  let waiting: { resolve(page: FromReadingThread): void; reject(error: Error): void } | undefined;
  let died: Error | undefined;
  thread.on('message', (message: FromReadingThread) => waiting?.resolve(message));
  thread.on('error', (error) => {
    died = error instanceof Error ? error : new Error(String(error));
    waiting?.reject(died);
  });
  return {
    async read(from) {
      const answer = await new Promise<FromReadingThread>((resolve, reject) => {
        waiting = { resolve, reject };
        if (died !== undefined) reject(died);
        else thread.postMessage(from satisfies ToReadingThread);
      });
      if ('page' in answer) return answer.page.map(receivedTransaction);
      if (answer.kind === 'tampered') throw new TamperError('the log', answer.error);
      throw answer.kind === 'unavailable'
        ? new LogUnavailable(answer.error)
        : new Error(answer.error);
    },
    async close() {
      await thread.terminate();
    },
  };
}
