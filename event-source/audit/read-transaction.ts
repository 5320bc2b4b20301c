import { followTransaction, goOn, type WalkedState } from '../../proofs/log-transaction.ts';
import type { IsSigned } from '../../platform/signatures.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import { readEntries, type AuditedEvent, type AuditedTx, type Finding } from './entries.ts';

/** A transaction whose hashes and texts were looked at; what its events say was not. */
export interface ReadTransaction {
  /** Of the log, up to and with it. */
  readonly state: WalkedState;
  readonly events: readonly AuditedEvent[];
  readonly findings: readonly Finding[];
}

/**
 * The first half of the audit: hashes, keys, signatures and texts of the next transaction of the
 * log.
 */
export function readTransaction(
  before: WalkedState,
  tx: AuditedTx,
  isSigned: IsSigned,
): ReadTransaction {
  const next = followTransaction(before, tx);
  const { events, findings } = readEntries(tx, isSigned);
  if (!isFault(next)) return { state: next, events, findings };
  const { id } = tx.header;
  const isOther = next.fault === 'forked' || next.fault === 'missing';
  const kind = isOther ? 'rolled-back' : 'tampered';
  return {
    // What comes after it is looked at as it is, so that one fault does not hide others.
    state: goOn(before, tx.header),
    events,
    findings: [{ kind, subject: `transaction ${id}`, detail: next.detail }, ...findings],
  };
}
