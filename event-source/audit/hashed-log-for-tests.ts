import { canonicalJson } from '../../contracts/canonical-json.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import {
  encodeSignatures,
  SIGNATURES_KEY,
  type EventSignature,
} from '../../contracts/log/event-signatures.ts';
import type { StreamId } from '../../domain/ids.ts';
import {
  entriesRoot,
  headerHash,
  valueHash,
  EMPTY_LOG,
  type TxHeader,
  type WalkedState,
} from '../../proofs/log-transaction.ts';
import { rootOf, withLeaf } from '../../proofs/tree-frontier.ts';
import type { AuditedTx } from './entries.ts';
import { encodeEvent, eventKey, rawBytes } from '../../proofs/entry-proof.ts';
import { digestOf } from '../log/events-for-tests.ts';
import { signaturesOf, signedEvents } from '../log/signed-events-for-tests.ts';
import type { KeyMetadata } from '../immudb/wire.ts';

export interface PlainEntry {
  readonly key: string;
  readonly value: Buffer;
  readonly metadata?: KeyMetadata;
}

/** The entry that says who signed the events of a transaction. */
export function signaturesEntry(
  events: readonly BankEvent[],
  signatures: readonly EventSignature[] = signaturesOf(signedEvents(events)),
): PlainEntry {
  return {
    key: SIGNATURES_KEY,
    value: Buffer.from(encodeSignatures(signatures, events.map(digestOf))),
    metadata: { deleted: false, expiration: null, nonIndexable: true },
  };
}

/** The entries of events, without signatures. */
export const unsignedEntriesOf = (...events: readonly BankEvent[]): PlainEntry[] =>
  events.map((event, index) => ({
    key: eventKey(event.stream as StreamId, event.version),
    value: encodeEvent(index, canonicalJson(event)),
  }));

/** What an append writes. */
export const entriesOf = (...events: readonly BankEvent[]): PlainEntry[] => [
  ...unsignedEntriesOf(...events),
  signaturesEntry(events),
];

/** Transactions with right hashes, as immudb makes them, of any entries. */
export function hashedLog() {
  let state: WalkedState = EMPTY_LOG;
  /** The same by a server that puts something else into the header, before it is hashed. */
  const forge = (part: Partial<TxHeader>, ...entries: readonly PlainEntry[]): AuditedTx => {
    const made = entries.map(({ key, value, metadata = null }) => ({
      key: rawBytes(Buffer.from(key)),
      value: rawBytes(value),
      hValue: valueHash(rawBytes(value)),
      metadata,
    }));
    const id = state.txId + 1;
    const header = {
      id,
      prevAlh: state.txHash,
      ts: 1_700_000_000,
      version: 1,
      nentries: made.length,
      eH: entriesRoot(made),
      blTxId: id - 1,
      blRoot: rootOf(state.tree!),
      ...part,
    };
    const txHash = headerHash(header);
    state = { txId: id, txHash, tree: withLeaf(state.tree!, txHash) };
    return { header, entries: made };
  };
  const add = (...entries: readonly PlainEntry[]): AuditedTx => forge({}, ...entries);
  const append = (...events: BankEvent[]): AuditedTx => add(...entriesOf(...events));
  return { add, append, forge, state: () => state };
}
