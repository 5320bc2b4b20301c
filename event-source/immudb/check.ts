import type { KeyObject } from 'node:crypto';
import { hasHash, sameHash } from '../../proofs/hashing.ts';
import { EMPTY_LOG, followTransaction } from '../../proofs/log-transaction.ts';
import type { LogState, WalkedState } from '../../proofs/log-transaction.ts';
import { faulty, isFault, type ProofFault } from '../../proofs/proof-fault.ts';
import { signatureFault, type SignedState } from '../../proofs/signed-state.ts';
import { transactionsFrom, type Tx } from './wire.ts';
import { AnswerTooLarge, type ImmudbClient } from './client.ts';

const SCAN_TXS_MAX = 500;

/** A log that was checked: the signed state at its end, and the number of its entries. */
export interface CheckedLog {
  readonly state: SignedState;
  readonly entries: number;
}

/** What to check. `progress` is called with the transaction reached and the last one. */
export interface CheckOptions {
  readonly database: string;
  readonly publicKey: KeyObject;
  /** States that must be part of the chain, because they were seen before. */
  readonly mustHave: readonly LogState[];
  readonly progress: (txId: number, of: number) => void;
}

/** The state that the server signs now. */
export async function signedState(client: ImmudbClient, database: string): Promise<SignedState> {
  const { txId, txHash, signature } = await client.call('CurrentState', {});
  return { db: database, txId, txHash, signature: signature?.signature ?? Buffer.alloc(0) };
}

/**
 * Recomputes every hash of the log from its first transaction to the state that the server signs:
 * values, entries, headers, the chain and the tree in each header. Nothing else may write
 * meanwhile.
 * @returns what was checked, or the first fault.
 */
export async function checkImmudb(
  client: ImmudbClient,
  { database, publicKey, mustHave, progress }: CheckOptions,
): Promise<CheckedLog | ProofFault> {
  const state = await signedState(client, database);
  // Two of them may be of one transaction, and then contradict each other.
  const expected = [...mustHave, state];
  const beyond = mustHave.find(({ txId }) => txId > state.txId);
  if (beyond !== undefined) {
    return faulty('rolled-back', `It ends at transaction ${state.txId}, before ${beyond.txId}.`);
  }
  let at: WalkedState = EMPTY_LOG;
  let entries = 0;
  while (at.txId < state.txId) {
    for (const tx of await scan(client, at.txId + 1, SCAN_TXS_MAX)) {
      if (tx.header.id > state.txId) break;
      const next = isWhole(tx) ?? followTransaction(at, tx);
      if (isFault(next)) return next;
      const known = expected.filter(({ txId }) => txId === next.txId);
      if (!known.every(({ txHash }) => sameHash(txHash, next.txHash))) {
        return faulty('forked', `Transaction ${next.txId} is not the one that was seen before.`);
      }
      at = next;
      entries += tx.entries.length;
    }
    progress(at.txId, state.txId);
  }
  // An empty log is signed by nobody.
  const wrong = state.txId === 0 ? undefined : signatureFault(state, publicKey);
  return wrong ?? { state, entries };
}

function isWhole({ header, entries }: Tx): ProofFault | undefined {
  const wrong = entries.find(({ value, hValue }) => !hasHash(value, hValue));
  if (wrong === undefined) return undefined;
  return faulty('entry-differs', `A value of transaction ${header.id} is not what it was.`);
}

async function scan(client: ImmudbClient, from: number, count: number): Promise<readonly Tx[]> {
  try {
    const { txs } = await client.call('TxScan', transactionsFrom(from, count));
    if (txs.length === 0) throw new Error(`transaction ${from} cannot be read`);
    return txs;
  } catch (error) {
    if (!(error instanceof AnswerTooLarge) || count === 1) throw error;
    return scan(client, from, Math.ceil(count / 2));
  }
}
