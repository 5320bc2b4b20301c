import { TRANSACTION_POSITIONS } from '../contracts/log/topics.ts';
import { dualProofFault, type DualProof } from './dual-proof.ts';
import { leafHash } from './hashing.ts';
import {
  entryDigest,
  headerFault,
  headerHash,
  valueHash,
  type TxHeader,
} from './log-transaction.ts';
import { isIncluded } from './merkle-proof.ts';
import { faulty, type ProofFault } from './proof-fault.ts';
import { signatureFault, type SignedState } from './signed-state.ts';
import type { KeyObject } from 'node:crypto';

/** How an event stands in the log. Whoever proves one has to make up the same bytes again. */
const VERSION_DIGITS = 16;

export const eventKey = (stream: string, version: number): string =>
  `${stream}/${String(version).padStart(VERSION_DIGITS, '0')}`;

/** The place in its transaction, and the canonical JSON of the event. */
export const encodeEvent = (index: number, json: string): Buffer =>
  Buffer.from(`{"index":${index},"event":${json}}`);

export const positionOf = (transaction: number, index: number): number =>
  transaction * TRANSACTION_POSITIONS + index;

/** The transaction that holds a position. */
export const transactionOf = (position: number): number =>
  Math.floor(position / TRANSACTION_POSITIONS);

/** Where an entry is in the Merkle tree of its transaction. */
export interface EntryInclusion {
  readonly leaf: number;
  readonly width: number;
  readonly terms: readonly Uint8Array[];
}

/** A key with its value, and all that it takes to prove it against a signed state. */
export interface EntryProof {
  readonly key: string;
  readonly value: Uint8Array;
  readonly inclusion: EntryInclusion;
  /** From the transaction that has the entry to the signed state. */
  readonly dualProof: DualProof;
  readonly state: SignedState;
}

const ZERO = Buffer.of(0);

/** As the key or the value of a plain entry lies in the log. */
export const rawBytes = (content: Uint8Array): Buffer => Buffer.concat([ZERO, content]);

/**
 * Whether the entry was written by the transaction that the proof names, in the log whose state
 * the bank signed. The entry has no metadata: it is neither deleted nor does it expire.
 */
export function entryFault(proof: EntryProof, key: KeyObject): ProofFault | undefined {
  const { state, dualProof } = proof;
  const unsigned = signatureFault(state, key);
  if (unsigned !== undefined) return unsigned;
  const { sourceTxHeader: header } = dualProof;
  const bad = headerFault(header);
  if (bad !== undefined) return bad;
  const source = { txId: header.id, txHash: headerHash(header) };
  return inclusionFault(proof, header) ?? dualProofFault(dualProof, source, state);
}

/** Whether the entry is among those of the transaction. */
export function inclusionFault(
  { key, value, inclusion }: Pick<EntryProof, 'key' | 'value' | 'inclusion'>,
  { id, nentries, eH }: TxHeader,
): ProofFault | undefined {
  const { leaf, width, terms } = inclusion;
  const rawKey = rawBytes(Buffer.from(key));
  const digest = entryDigest({ key: rawKey, hValue: valueHash(rawBytes(value)), metadata: null });
  const isThere = width === nentries && isIncluded(terms, leaf, width, leafHash(digest), eH);
  if (isThere) return undefined;
  return faulty(
    'entry-differs',
    `Entry ${leaf} of transaction ${id} is not ${key} with this value: one of them was changed.`,
  );
}
