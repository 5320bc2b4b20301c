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
import { signatureFault, type SignedState, type BankKeys } from './signed-state.ts';

/** The form of an event in the log. A proof needs exactly the same bytes again. */
const VERSION_DIGITS = 16;

/**
 * The key of an event in the log.
 * @example
 * eventKey('acct/0f8f...', 7); // 'acct/0f8f.../0000000000000007'
 */
export const eventKey = (stream: string, version: number): string =>
  `${stream}/${String(version).padStart(VERSION_DIGITS, '0')}`;

/** The value of an event in the log: its index in the transaction and its canonical JSON. */
export const encodeEvent = (index: number, json: string): Buffer =>
  Buffer.from(`{"index":${index},"event":${json}}`);

/** The position of an entry: transaction x 65,536 + index. */
export const positionOf = (transaction: number, index: number): number =>
  transaction * TRANSACTION_POSITIONS + index;

/** The transaction with a position. */
export const transactionOf = (position: number): number =>
  Math.floor(position / TRANSACTION_POSITIONS);

/** Where an entry is in the Merkle tree of its transaction. */
export interface EntryInclusion {
  readonly leaf: number;
  readonly width: number;
  readonly terms: readonly Uint8Array[];
}

/** A key with its value, and everything needed to prove it against a signed state. */
export interface EntryProof {
  readonly key: string;
  readonly value: Uint8Array;
  readonly inclusion: EntryInclusion;
  /** From the transaction with the entry to the signed state. */
  readonly dualProof: DualProof;
  readonly state: SignedState;
}

const ZERO = Buffer.of(0);

/** The bytes of a key or a value as immudb stores those of a plain entry: after a zero byte. */
export const rawBytes = (content: Uint8Array): Buffer => Buffer.concat([ZERO, content]);

/**
 * Checks that the entry was written by the transaction that the proof names, in the log whose state
 * the bank signed, and that it has no metadata: it is neither deleted nor does it expire.
 * @returns what is not proven, or undefined when everything is.
 */
export function entryFault(proof: EntryProof, key: BankKeys): ProofFault | undefined {
  const { state, dualProof } = proof;
  const unsigned = signatureFault(state, key);
  if (unsigned !== undefined) return unsigned;
  const { sourceTxHeader: header } = dualProof;
  const bad = headerFault(header);
  if (bad !== undefined) return bad;
  const source = { txId: header.id, txHash: headerHash(header) };
  return inclusionFault(proof, header) ?? dualProofFault(dualProof, source, state);
}

/** Checks that the entry is one of the transaction's; undefined when it is. */
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
