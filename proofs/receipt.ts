import * as documents from './proof-documents.ts';
import { canonicalJson } from '../contracts/canonical-json.ts';
import { problemSchema } from '../contracts/http/problems.ts';
import {
  consistencyDocument,
  receiptDocument,
  type ConsistencyDocument,
  type ReceiptDocument,
} from '../contracts/log/receipts.ts';
import { dualProofFault } from './dual-proof.ts';
import {
  entryFault,
  rawBytes,
  type EntryProof,
  encodeEvent,
  eventKey,
  positionOf,
} from './entry-proof.ts';
import { signatureFault, type BankKeys } from './signed-state.ts';
import { wording } from '../contracts/http/wording.ts';
import { valueHash } from './log-transaction.ts';
import type { PlacedVersion } from './log-walk.ts';
import { faulty, type ProofFault } from './proof-fault.ts';
import type { z } from 'zod';

/** Of a problem document of any release, also one whose code this verifier does not know. */
const refusal = problemSchema.pick({ title: true, status: true, detail: true });

/** Parses a document of a known kind; a fault says what is wrong with it, and where. */
export function readDocument<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.infer<Schema> | ProofFault {
  const parsed = schema.safeParse(value, { error: wording });
  if (parsed.success) return parsed.data;
  const answer = refusal.safeParse(value);
  if (answer.success) {
    const { title, status, detail } = answer.data;
    const what = `This is the bank's refusal to give a proof, not a proof: ${title} (${status}).`;
    return faulty('unreadable', `${what} ${detail}`);
  }
  const issue = parsed.error.issues[0];
  const place =
    issue === undefined || issue.path.length === 0 ? 'the document' : issue.path.join('/');
  return faulty('unreadable', `Not readable at ${place}: ${issue?.message ?? 'unknown'}.`);
}
/** Parses a receipt; its proof is not checked yet. */
export const readReceipt = (value: unknown): ReceiptDocument | ProofFault =>
  readDocument(receiptDocument, value);
/** Parses a proof between two states; it is not checked yet. */
export const readConsistency = (value: unknown): ConsistencyDocument | ProofFault =>
  readDocument(consistencyDocument, value);

type Placed = Pick<ReceiptDocument, 'event' | 'position' | 'inclusion'>;

/** The key and the value that the log must have for this event at this position. */
export const storedEvent = ({ event, inclusion }: Placed): Pick<EntryProof, 'key' | 'value'> => ({
  key: eventKey(event.stream, event.version),
  value: encodeEvent(inclusion.leaf, canonicalJson(event)),
});

/** The same with the value's hash, as a walk of the log sees it. */
export const placedEvent = (placed: Placed): PlacedVersion => ({
  position: placed.position,
  hValue: valueHash(rawBytes(storedEvent(placed).value)),
});

/**
 * Checks that the document agrees with itself, so that it cannot be read as saying something else.
 */
export function placeFault({ event, position, inclusion }: Placed, txId: number) {
  if (event.id !== `${event.stream}/${event.version}`) {
    return faulty('entry-differs', `The event's id ${event.id} is not its stream and version.`);
  }
  if (position === positionOf(txId, inclusion.leaf)) return undefined;
  return faulty('entry-differs', `Position ${position} is not where the event was proven to be.`);
}

/**
 * Checks that the event of a receipt is in the log that the bank signed. It does not prove that the
 * key was not written again later: that takes the whole log (`createLogWalk`).
 * @param key the bank's public key, from a source that the caller trusts.
 * @returns what is not proven, or undefined when everything is.
 * @example
 * const receipt = readReceipt(JSON.parse(text));
 * if (isFault(receipt)) throw new Error(receipt.detail);
 * const fault = receiptFault(receipt, readPublicKey(pem));
 * console.log(fault?.detail ?? 'proven');
 */
export function receiptFault(receipt: ReceiptDocument, key: BankKeys): ProofFault | undefined {
  const { inclusion, history, state } = receipt;
  const proof = {
    ...storedEvent(receipt),
    inclusion: documents.readInclusion(inclusion),
    dualProof: documents.readHistory(history),
    state: documents.readSignedState(state),
  };
  return entryFault(proof, key) ?? placeFault(receipt, history.source.id);
}

/**
 * Checks that the newer state, which the bank signed, continues the older one.
 * @returns what is not proven, or undefined when everything is.
 */
export function consistencyFault(
  { from, to, history }: ConsistencyDocument,
  key: BankKeys,
): ProofFault | undefined {
  const target = documents.readSignedState(to);
  return (
    signatureFault(target, key) ??
    dualProofFault(documents.readHistory(history), documents.readState(from), target)
  );
}

/**
 * Checks that a proof between states begins with the state of a receipt; undefined when it does.
 */
export function beginsWith(consistency: ConsistencyDocument, receipt: ReceiptDocument) {
  const { txId, txHash } = receipt.state;
  if (consistency.from.txId === txId && consistency.from.txHash === txHash) return undefined;
  const detail = `The proof begins with another state than the receipt's, transaction ${txId}.`;
  return faulty('forked', detail);
}
