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

export function writeHeader(header: TxHeader): documents.HeaderDocument {
  const { id, prevAlh, ts, nentries, eH, blTxId, blRoot } = header;
  const hashes = { prevAlh: text(prevAlh), eH: text(eH), blRoot: text(blRoot) };
  return { id, ts, nentries, blTxId, ...hashes };
}
/** Only headers of version 1 without metadata can be handed over. */
export const readHeader = (document: documents.HeaderDocument): TxHeader => ({
  ...document,
  prevAlh: bytes(document.prevAlh),
  eH: bytes(document.eH),
  blRoot: bytes(document.blRoot),
  version: 1,
});

export const writeState = ({ txId, txHash }: LogState): documents.StateDocument => ({
  txId,
  txHash: text(txHash),
});
export const readState = ({ txId, txHash }: documents.StateDocument): LogState => ({
  txId,
  txHash: bytes(txHash),
});
export const writeSignedState = (state: SignedState): documents.SignedStateDocument => ({
  db: state.db,
  ...writeState(state),
  signature: text(state.signature),
});
export const readSignedState = (state: documents.SignedStateDocument): SignedState => ({
  db: state.db,
  ...readState(state),
  signature: bytes(state.signature),
});

export const writeInclusion = (inclusion: EntryInclusion): documents.InclusionDocument => ({
  leaf: inclusion.leaf,
  width: inclusion.width,
  terms: texts(inclusion.terms),
});
export const readInclusion = (inclusion: documents.InclusionDocument): EntryInclusion => ({
  ...inclusion,
  terms: allBytes(inclusion.terms),
});

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
