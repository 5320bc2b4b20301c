import { z } from 'zod';
import { ACCOUNT_ID_PATTERN } from '../../domain/ids.ts';
import { loggedEventSchema } from '../account/events.ts';
import { refusalEventSchema } from '../account/refusal-events.ts';
import { timeText, writtenTime } from '../http/scalars.ts';

/**
 * Documents that prove something about the log without the bank. Bytes are base64; the members of a
 * transaction have the names of immudb, so that other tools can check them too.
 */
const TERMS_MAX = 64;
const LINEAR_TERMS_MAX = 2_048;
const HASH_BASE64 = /^[A-Za-z0-9+/]{43}=$/;

/** A SHA-256 hash in base64. */
const hashText = z.string().regex(HASH_BASE64, 'must be 32 bytes in base64');
const terms = z.array(hashText).max(TERMS_MAX);
const count = z.int().min(0);
const txNumber = z.int().min(1);

/** Header of a transaction of immudb: what its hash (alh) is computed from. */
const headerDocument = z.strictObject({
  id: txNumber,
  prevAlh: hashText,
  /** Clock of the log, seconds since 1970. */
  ts: count,
  nentries: txNumber,
  eH: hashText,
  blTxId: count,
  blRoot: hashText,
});
export type HeaderDocument = z.infer<typeof headerDocument>;

/** A state of the log: its last transaction and the hash over everything up to it. */
const stateDocument = z.strictObject({ txId: txNumber, txHash: hashText });
export type StateDocument = z.infer<typeof stateDocument>;
/** The same with the bank's signature (ECDSA P-256, SHA-256, DER). */
export const signedStateDocument = stateDocument.extend({
  /** As immudb takes names: a verifier prints it with what is proven. */
  db: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'must be the name of a database'),
  signature: z.base64().min(1),
});
export type SignedStateDocument = z.infer<typeof signedStateDocument>;

/** Proof that a transaction belongs to the history of another (immudb's dual proof). */
const historyProofDocument = z.strictObject({
  source: headerDocument,
  target: headerDocument,
  inclusion: terms,
  consistency: terms,
  lastLeaf: hashText,
  lastInclusion: terms,
  linear: z.array(hashText).max(LINEAR_TERMS_MAX),
  /** Only when the Merkle tree lagged behind, which it does not any more. */
  advance: z
    .strictObject({
      linear: z.array(hashText).max(LINEAR_TERMS_MAX),
      inclusions: z.array(terms).max(LINEAR_TERMS_MAX),
    })
    .optional(),
});
export type HistoryProofDocument = z.infer<typeof historyProofDocument>;

/** Proof that an entry belongs to its transaction: a path in the tree of its entries. */
const inclusionDocument = z.strictObject({ leaf: count, width: txNumber, terms });
export type InclusionDocument = z.infer<typeof inclusionDocument>;

/** An event of any type, so that an older verifier can check newer events. */
export const anyEvent = z.looseObject({
  id: z.string(),
  stream: z.string(),
  version: z.int().min(1),
  type: z.string(),
  at: writtenTime,
});

/** An event with the proof that a signed state of the log contains it. */
export const receiptDocument = z.strictObject({
  format: z.literal('core-bank-receipt/1'),
  position: txNumber,
  event: anyEvent,
  inclusion: inclusionDocument,
  history: historyProofDocument,
  state: signedStateDocument,
});
export type ReceiptDocument = z.infer<typeof receiptDocument>;
/** The receipt of an account's event, as the query API answers it. */
export const accountReceipt = receiptDocument.extend({ event: loggedEventSchema });
/** The receipt of the record of a refused command. */
export const refusalReceipt = receiptDocument.extend({ event: refusalEventSchema });

/** Proof that a newer state of the log continues an older one. */
export const consistencyDocument = z.strictObject({
  format: z.literal('core-bank-consistency/1'),
  from: stateDocument,
  to: signedStateDocument,
  history: historyProofDocument,
});
export type ConsistencyDocument = z.infer<typeof consistencyDocument>;

/**
 * First line of an exported account; the following lines are its events, oldest first. It is not
 * signed, so the verifier checks what it can and repeats the rest as claims.
 */
export const accountExportHeader = z.strictObject({
  format: z.literal('core-bank-account/1'),
  accountId: z.string().regex(ACCOUNT_ID_PATTERN),
  /** The first and the last version of the export, and the stream's last one at the state. */
  fromVersion: txNumber,
  toVersion: txNumber,
  headVersion: txNumber,
  /** The period that was asked for; the events around it show that nothing in it is missing. */
  from: timeText.optional(),
  to: timeText.optional(),
  state: signedStateDocument,
  /** The transaction that the state is the hash of. */
  target: headerDocument,
});
/**
 * The same for an account's recorded refusals; another format, so that one cannot pass as the
 * other.
 */
export const refusalsExportHeader = accountExportHeader.extend({
  format: z.literal('core-bank-refusals/1'),
  /** 0 when nothing was recorded. */
  toVersion: count,
  headVersion: count,
});
/** First line of any export. */
export const exportHeader = z.discriminatedUnion('format', [
  accountExportHeader,
  refusalsExportHeader,
]);
export type ExportHeader = z.infer<typeof exportHeader>;
export type ExportFormat = ExportHeader['format'];

/** The first part of the stream's name, by the format of the export. */
export const KIND_OF_EXPORT: Readonly<Record<ExportFormat, string>> = {
  'core-bank-account/1': 'acct',
  'core-bank-refusals/1': 'refusal',
};
/** The stream that an export is about. */
export const streamOfExport = ({ format, accountId }: Pick<ExportHeader, 'format' | 'accountId'>) =>
  `${KIND_OF_EXPORT[format]}/${accountId}`;
/** One event of an export, with its proof. */
export const exportedEvent = z.strictObject({
  position: txNumber,
  event: anyEvent,
  inclusion: inclusionDocument,
  header: headerDocument,
  /** That the transaction is in the target's Merkle tree; none for the target itself. */
  tree: terms,
});
export type ExportedEvent = z.infer<typeof exportedEvent>;

/**
 * A transaction of the log without values: all its keys, so that no key can be written twice
 * unseen.
 */
export const walkedTransaction = z.strictObject({
  header: headerDocument,
  entries: z.array(
    z.strictObject({
      key: z.string(),
      hValue: hashText,
      metadata: z
        .strictObject({
          deleted: z.boolean(),
          expiresAt: z.int().optional(),
          nonIndexable: z.boolean(),
        })
        .optional(),
    }),
  ),
});
export type WalkedTransaction = z.infer<typeof walkedTransaction>;
