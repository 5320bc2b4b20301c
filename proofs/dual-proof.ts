import { leafHash, sameHash } from './hashing.ts';
import { headerFault, headerHash, nextHash } from './log-transaction.ts';
import type { LogState, TxHeader } from './log-transaction.ts';
import { isConsistent, isIncluded } from './merkle-proof.ts';
import { faulty, type ProofFault } from './proof-fault.ts';

/** Proof that one state of the log is continued by another, in the form that immudb answers. */
export interface DualProof {
  readonly sourceTxHeader: TxHeader;
  readonly targetTxHeader: TxHeader;
  /** That the source is in the target's Merkle tree. */
  readonly inclusionProof: readonly Uint8Array[];
  /** That the source's tree is a prefix of the target's. */
  readonly consistencyProof: readonly Uint8Array[];
  /** The last leaf of the target's tree, and that it is there. */
  readonly targetBlTxAlh: Uint8Array;
  readonly lastInclusionProof: readonly Uint8Array[];
  /** From that leaf (or from the source, when it comes later) to the target. */
  readonly linearProof: LinearProof | null;
  /** That the target's tree has the transactions beyond the source's tree unchanged. */
  readonly LinearAdvanceProof: LinearAdvanceProof | null;
}
/** Hashes of consecutive transactions. */
interface LinearProof {
  readonly terms: readonly Uint8Array[];
}
/** Consecutive transactions, each with its place in the target's tree. */
interface LinearAdvanceProof {
  readonly linearProofTerms: readonly Uint8Array[];
  readonly inclusionProofs: readonly { readonly terms: readonly Uint8Array[] }[];
}

/**
 * Checks that `target` continues `source` by immudb's PROOFS.md, steps 3 to 8. It is stricter than
 * immudb 1.4.1: Merkle proofs may have no superfluous term, and a source that is the last leaf of
 * the target's tree must be that leaf.
 * @returns what is not proven, or undefined when everything is.
 */
export function dualProofFault(
  proof: DualProof,
  source: LogState,
  target: LogState,
): ProofFault | undefined {
  const { sourceTxHeader: from, targetTxHeader: to } = proof;
  const between = `transaction ${source.txId} and transaction ${target.txId}`;
  const forked = (what: string): ProofFault =>
    faulty('forked', `Between ${between} the log was not only appended to: ${what}.`);

  if (source.txId > target.txId) {
    const detail = `The state at ${target.txId} is older than the one at ${source.txId}.`;
    return faulty('rolled-back', detail);
  }
  const wrongHeader = stateFault(from, source) ?? stateFault(to, target);
  if (wrongHeader !== undefined) return wrongHeader;
  const isInTree = source.txId < to.blTxId;
  const place = source.txId - 1;
  const leaf = leafHash(source.txHash);
  if (isInTree && !isIncluded(proof.inclusionProof, place, to.blTxId, leaf, to.blRoot)) {
    return forked('the older state is not in the Merkle tree of the newer one');
  }
  if (from.blTxId > 0) {
    const terms = proof.consistencyProof;
    if (!isConsistent(terms, from.blTxId, to.blTxId, from.blRoot, to.blRoot)) {
      return forked('the Merkle trees differ in what both have');
    }
  }
  if (to.blTxId > 0) {
    const last = leafHash(proof.targetBlTxAlh);
    if (!isIncluded(proof.lastInclusionProof, to.blTxId - 1, to.blTxId, last, to.blRoot)) {
      return forked('the Merkle tree does not end where the chain goes on');
    }
  }
  const end: LogState = { txId: to.blTxId, txHash: Buffer.from(proof.targetBlTxAlh) };
  if (source.txId === end.txId && !sameHash(source.txHash, end.txHash)) {
    return forked('the older state is not the last leaf of the Merkle tree');
  }
  if (!isChained(proof.linearProof, isInTree ? end : source, target)) {
    return forked('the chain of hashes does not lead from the one to the other');
  }
  // What the source's tree did not have yet, up to what the target's tree proves otherwise.
  if (!isAdvanced(proof.LinearAdvanceProof, from.blTxId, isInTree ? source : end, to)) {
    return forked('the Merkle tree took up other transactions than those of the chain');
  }
  return undefined;
}

function stateFault(header: TxHeader, { txId, txHash }: LogState): ProofFault | undefined {
  const bad = headerFault(header);
  if (bad !== undefined) return bad;
  if (header.id === txId && sameHash(headerHash(header), txHash)) return undefined;
  return faulty('forked', `The log has another transaction ${txId} than the one that is known.`);
}

/** Hashing on from one state with the terms gives the other. */
function isChained(proof: LinearProof | null, from: LogState, to: LogState): boolean {
  const terms = proof?.terms ?? [];
  if (terms.length !== to.txId - from.txId + 1 || !sameHash(terms[0]!, from.txHash)) return false;
  return sameHash(hashOn(from.txHash, from.txId, terms.slice(1)), to.txHash);
}

const hashOn = (hash: Uint8Array, txId: number, inner: readonly Uint8Array[]): Uint8Array =>
  inner.reduce((before, term, at) => nextHash(txId + at + 1, before, term), hash);

/**
 * The transactions after `start` and before `end` are leaves of the target's tree. Without this a
 * server could show one history in the chain and another in the tree (CVE-2022-36111).
 */
function isAdvanced(
  proof: LinearAdvanceProof | null,
  start: number,
  end: LogState,
  { blTxId, blRoot }: TxHeader,
): boolean {
  if (end.txId < start) return false;
  const between = end.txId - start - 1;
  if (between <= 0) return true;
  const { linearProofTerms: terms = [], inclusionProofs = [] } = proof ?? {};
  if (terms.length !== between + 1 || inclusionProofs.length !== between) return false;
  let hash = terms[0]!;
  for (let at = 0; at < between; at += 1) {
    const place = start + at;
    const inclusion = inclusionProofs[at]!.terms;
    if (!isIncluded(inclusion, place, blTxId, leafHash(hash), blRoot)) return false;
    hash = nextHash(place + 2, hash, terms[at + 1]!);
  }
  return sameHash(hash, end.txHash);
}
