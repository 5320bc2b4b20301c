import { canonicalJson } from '../contracts/canonical-json.ts';
import type { BankEvent } from '../contracts/bank-events.ts';
import type { CommandId, StreamId } from '../domain/ids.ts';
import { namesOf } from '../contracts/events.ts';
import { entriesRoot, headerHash, valueHash } from '../proofs/log-transaction.ts';
import { EMPTY_LOG, type LogState } from '../proofs/log-transaction.ts';
import { rawBytes } from '../proofs/entry-proof.ts';
import type { AuditedTx } from './audit-entries.ts';
import { commandKey, eventKey } from './event-log.ts';
import type { KeyMetadata } from './immudb-calls.ts';
import { encodeCommand, encodeEvent } from './immudb-values.ts';

export interface PlainEntry {
  readonly key: string;
  readonly value: Buffer;
  readonly metadata?: KeyMetadata;
}

/** What an append writes: the events, then the records of the commands that begin with them. */
export function entriesOf(...events: readonly BankEvent[]): PlainEntry[] {
  const records = new Map<string, PlainEntry>();
  const written = events.map((event, index) => {
    const stream = event.stream as StreamId;
    for (const name of namesOf(event)) {
      const key = commandKey(stream, name as CommandId);
      if (!records.has(key)) records.set(key, { key, value: encodeCommand(event.version) });
    }
    return {
      key: eventKey(stream, event.version),
      value: encodeEvent(index, canonicalJson(event)),
    };
  });
  return [...written, ...records.values()];
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
