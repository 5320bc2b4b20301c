import type { LogProofs } from '../../contracts/log/log-proofs.ts';
import type { ReceiptDocument } from '../../contracts/log/receipts.ts';
import type { StreamId } from '../../domain/ids.ts';
import { dualProofFault } from '../../proofs/dual-proof.ts';
import { headerHash } from '../../proofs/log-transaction.ts';
import type { ProofFault } from '../../proofs/proof-fault.ts';
import * as documents from '../../proofs/proof-documents.ts';
import { receiptFault } from '../../proofs/receipt.ts';
import { readPublicKey, type SignedState } from '../../proofs/signed-state.ts';
import type { Alarms } from '../alarms.ts';
import { eventKey, positionOf } from '../../proofs/entry-proof.ts';
import { LogUnavailable, missing, TamperError } from '../log/event-log.ts';
import {
  proofBetween,
  provenEntry,
  type VerifiableEntry,
  type VerifiableGetRequest,
  decodeEvent,
  entryOf,
} from './wire.ts';
import { isKeyMissing } from './client.ts';
import { wasEverWritten } from './writer.ts';
import type { ImmudbLog } from './log.ts';

/** What proofs need. */
export interface ReceiptParts {
  readonly log: Pick<ImmudbLog, 'ask' | 'trust'>;
  /** The bank's public key, PEM. */
  readonly publicKey: string;
  readonly alarms: Alarms;
}

/**
 * Proofs of single events and of states from immudb; each is checked before it is given. Tampering
 * is raised as an alarm.
 */
export function immudbReceipts({ log: { ask, trust }, publicKey, alarms }: ReceiptParts) {
  const key = readPublicKey(publicKey);
  const refuse = (subject: string, { detail }: ProofFault): never => {
    alarms.raise('tampered', subject, detail);
    throw new TamperError(subject, `cannot be proven: ${detail}`);
  };
  const signedState = async (): Promise<SignedState> => {
    if (trust.signed() === undefined) await trust.verify(ask);
    const state = trust.signed();
    if (state === undefined) throw new LogUnavailable('the log has no state yet');
    return state;
  };
  const newestState = async (): Promise<SignedState> => {
    await trust.verify(ask);
    return signedState();
  };

  const look = (request: VerifiableGetRequest): Promise<VerifiableEntry | undefined> =>
    ask('VerifiableGet', request).catch((error: unknown) => {
      if (!isKeyMissing(error)) throw error;
      return undefined;
    });
  /** Waits for immudb's index to take in the newest writes only when the key is not in it yet. */
  const lookedUp = async (name: string, at: number): Promise<VerifiableEntry | undefined> =>
    (await look(provenEntry(name, at, at))) ?? look(provenEntry(name, at));
  /** The key as it was written, once; undefined when it never was. */
  const proven = async (name: string, at: number): Promise<VerifiableEntry | undefined> => {
    try {
      let found = await lookedUp(name, at);
      if (found === undefined) {
        if (!(await wasEverWritten({ call: ask }, name))) return undefined;
        // It may have been written between the two questions; what was erased is not there now.
        found = await look(provenEntry(name, at));
        if (found === undefined) throw missing(name);
      }
      entryOf(found.entry);
      return found;
    } catch (error) {
      throw tampered(error);
    }
  };
  const tampered = (error: unknown): unknown => {
    if (error instanceof TamperError) alarms.raise('tampered', error.key, error.message);
    return error;
  };

  const receiptOf = (found: VerifiableEntry, state: SignedState): ReceiptDocument => {
    const { entry, inclusionProof, verifiableTx } = found;
    const { leaf, width, terms } = inclusionProof;
    return {
      format: 'core-bank-receipt/1',
      position: positionOf(entry.tx, leaf),
      event: JSON.parse(decodeEvent(entry.value)!.json.toString()) as ReceiptDocument['event'],
      inclusion: documents.writeInclusion({ leaf, width, terms }),
      history: documents.writeHistory(verifiableTx.dualProof),
      state: documents.writeSignedState(state),
    };
  };

  return {
    proven,
    signedState,
    newestState,
    publicKey: () => Promise.resolve(publicKey),
    async receipt(stream: StreamId, version: number): Promise<ReceiptDocument | undefined> {
      const name = eventKey(stream, version);
      let state = await signedState();
      let found = await proven(name, state.txId);
      if (found === undefined) return undefined;
      if (found.entry.tx > state.txId) {
        state = await newestState();
        found = (await proven(name, state.txId))!;
      }
      const receipt = receiptOf(found, state);
      const fault = receiptFault(receipt, key);
      if (fault !== undefined) refuse(name, fault);
      return receipt;
    },
    state: async () => documents.writeSignedState(await newestState()),
    async consistency(from: number, to?: number) {
      const newest = await newestState();
      const end = to ?? newest.txId;
      if (from > end || end > newest.txId) return undefined;
      const { dualProof, signature } = await ask('VerifiableTxById', proofBetween(from, end));
      const [source, target] = [dualProof.sourceTxHeader, dualProof.targetTxHeader];
      const older = { txId: from, txHash: headerHash(source) };
      const bytes = signature?.signature ?? Buffer.alloc(0);
      const newer = { db: newest.db, txId: end, txHash: headerHash(target), signature: bytes };
      const fault = dualProofFault(dualProof, older, newer);
      if (fault !== undefined) refuse('the log', fault);
      return {
        format: 'core-bank-consistency/1' as const,
        from: documents.writeState(older),
        to: documents.writeSignedState(newer),
        history: documents.writeHistory(dualProof),
      };
    },
  } satisfies Omit<LogProofs, 'exportHeader' | 'exported' | 'walk'> & Record<string, unknown>;
}
