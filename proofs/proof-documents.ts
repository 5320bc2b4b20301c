import type * as documents from '../contracts/log/receipts.ts';
import type { DualProof } from './dual-proof.ts';
import type { EntryInclusion } from './entry-proof.ts';
import type { LogState, TxHeader } from './log-transaction.ts';
import type { SignedState } from './signed-state.ts';

/** Between what is checked (bytes) and what is handed over (JSON with base64). */
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');
const texts = (terms: readonly Uint8Array[]): string[] => terms.map(text);
const allBytes = (terms: readonly string[]): Buffer[] => terms.map(bytes);

/** The document of a header. */
export function writeHeader(header: TxHeader): documents.HeaderDocument {
  const { id, prevAlh, ts, nentries, eH, blTxId, blRoot } = header;
  const hashes = { prevAlh: text(prevAlh), eH: text(eH), blRoot: text(blRoot) };
  return { id, ts, nentries, blTxId, ...hashes };
}
/** The header in a document. Documents have headers of version 1 without metadata only. */
export const readHeader = (document: documents.HeaderDocument): TxHeader => ({
  ...document,
  prevAlh: bytes(document.prevAlh),
  eH: bytes(document.eH),
  blRoot: bytes(document.blRoot),
  version: 1,
});

/** The document of a state. */
export const writeState = ({ txId, txHash }: LogState): documents.StateDocument => ({
  txId,
  txHash: text(txHash),
});
/** The state in a document. */
export const readState = ({ txId, txHash }: documents.StateDocument): LogState => ({
  txId,
  txHash: bytes(txHash),
});
/** The document of a signed state. */
export const writeSignedState = (state: SignedState): documents.SignedStateDocument => ({
  db: state.db,
  ...writeState(state),
  signature: text(state.signature),
});
/** The signed state in a document; the signature is not checked. */
export const readSignedState = (state: documents.SignedStateDocument): SignedState => ({
  db: state.db,
  ...readState(state),
  signature: bytes(state.signature),
});

/** The document of an entry's place in its transaction. */
export const writeInclusion = (inclusion: EntryInclusion): documents.InclusionDocument => ({
  leaf: inclusion.leaf,
  width: inclusion.width,
  terms: texts(inclusion.terms),
});
/** The entry's place in a document. */
export const readInclusion = (inclusion: documents.InclusionDocument): EntryInclusion => ({
  ...inclusion,
  terms: allBytes(inclusion.terms),
});

/** The document of a dual proof. */
export function writeHistory(proof: DualProof): documents.HistoryProofDocument {
  const { LinearAdvanceProof: advance } = proof;
  return {
    source: writeHeader(proof.sourceTxHeader),
    target: writeHeader(proof.targetTxHeader),
    inclusion: texts(proof.inclusionProof),
    consistency: texts(proof.consistencyProof),
    lastLeaf: text(proof.targetBlTxAlh),
    lastInclusion: texts(proof.lastInclusionProof),
    linear: texts(proof.linearProof?.terms ?? []),
    ...(advance === null
      ? {}
      : {
          advance: {
            linear: texts(advance.linearProofTerms),
            inclusions: advance.inclusionProofs.map(({ terms }) => texts(terms)),
          },
        }),
  };
}
/** The dual proof in a document; nothing is checked. */
export function readHistory(document: documents.HistoryProofDocument): DualProof {
  const { source, target, advance } = document;
  return {
    sourceTxHeader: readHeader(source),
    targetTxHeader: readHeader(target),
    inclusionProof: allBytes(document.inclusion),
    consistencyProof: allBytes(document.consistency),
    targetBlTxAlh: bytes(document.lastLeaf),
    lastInclusionProof: allBytes(document.lastInclusion),
    linearProof: {
      terms: allBytes(document.linear),
    },
    LinearAdvanceProof:
      advance === undefined
        ? null
        : {
            linearProofTerms: allBytes(advance.linear),
            inclusionProofs: advance.inclusions.map((terms) => ({ terms: allBytes(terms) })),
          },
  };
}
