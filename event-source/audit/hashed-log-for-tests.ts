import { canonicalJson } from '../../contracts/canonical-json.ts';
import type { BankEvent } from '../../contracts/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import {
  entriesRoot,
  headerHash,
  valueHash,
  EMPTY_LOG,
  type LogState,
} from '../../proofs/log-transaction.ts';
import { rawBytes } from '../../proofs/entry-proof.ts';
import type { AuditedTx } from './entries.ts';
import { eventKey } from '../log/event-log.ts';
import { type KeyMetadata, encodeEvent } from '../immudb/wire.ts';

export interface PlainEntry {
  readonly key: string;
  readonly value: Buffer;
  readonly metadata?: KeyMetadata;
}

/** What an append writes. */
export function entriesOf(...events: readonly BankEvent[]): PlainEntry[] {
  return events.map((event, index) => ({
    key: eventKey(event.stream as StreamId, event.version),
    value: encodeEvent(index, canonicalJson(event)),
  }));
}

/** Transactions with right hashes, as immudb makes them, of any entries. */
export function hashedLog() {
  let state: LogState = EMPTY_LOG;
  const add = (...entries: readonly PlainEntry[]): AuditedTx => {
    const made = entries.map(({ key, value, metadata = null }) => ({
      key: rawBytes(Buffer.from(key)),
      value: rawBytes(value),
      hValue: valueHash(rawBytes(value)),
      metadata,
    }));
    const id = state.txId + 1;
    const header = {
      ...{ id, prevAlh: state.txHash, ts: 1_700_000_000, version: 1, nentries: made.length },
      ...{ eH: entriesRoot(made), blTxId: id - 1, blRoot: Buffer.alloc(32) },
    };
    state = { txId: id, txHash: headerHash(header) };
    return { header, entries: made };
  };
  const append = (...events: BankEvent[]): AuditedTx => add(...entriesOf(...events));
  return { add, append, state: () => state };
}
