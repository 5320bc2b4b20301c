import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { eventKey } from '../log/event-log.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Finding } from './entries.ts';
import type { ReadTransaction } from './read-transaction.ts';

/** A read transaction on its way between threads: texts, which are cheaper to copy than objects. */
export interface SentTransaction {
  readonly txId: number;
  readonly txHash: Uint8Array;
  readonly findings: readonly Finding[];
  /** Of each event. */
  readonly positions: readonly number[];
  readonly digests: readonly string[];
  readonly texts: readonly string[];
}

export const sentTransaction = ({ state, events, findings }: ReadTransaction): SentTransaction => ({
  txId: state.txId,
  txHash: state.txHash,
  findings,
  positions: events.map(({ position }) => position),
  digests: events.map(({ digest }) => digest),
  texts: events.map(({ text }) => text),
});

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
