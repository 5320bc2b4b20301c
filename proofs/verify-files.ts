import { createReadStream, readFileSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import type { ConsistencyDocument, ReceiptDocument } from '../contracts/log/receipts.ts';
import {
  exportedEvent,
  exportHeader,
  streamOfExport,
  walkedTransaction,
} from '../contracts/log/receipts.ts';
import { byteLines, unmarked } from './byte-lines.ts';
import { createEventChain, eventsOfLine } from './event-chain.ts';
import { readExactJson } from './exact-json.ts';
import { exportFinding } from './export-findings.ts';
import { chainFinding, receiptFinding, refused, type Finding } from './findings.ts';
import type { LogState } from './log-transaction.ts';
import { createLogWalk, versionFault, versionsFault, type PlacedVersion } from './log-walk.ts';
import { readState } from './proof-documents.ts';
import { faulty, isFault, type ProofFault } from './proof-fault.ts';
import * as receipts from './receipt.ts';
import { readPublicKeys, type BankKeys } from './signed-state.ts';
import { createStreamExport } from './stream-export.ts';

/** Is called now and then with a sentence about how far a check is. */
export type Progress = (text: string) => void;
const PROGRESS_LINES = 1_000;

/** Files that a receipt may be checked with. */
export interface ReceiptFiles {
  /** A proof that a newer state continues the receipt's; undefined: it is not checked. */
  readonly newer?: string | undefined;
  /** The walked log; undefined: it is not checked. */
  readonly log?: string | undefined;
  readonly progress?: Progress;
}

/**
 * Reads public keys: PEM, or the answer of GET /v1/audit/public-key.
 * @throws Error when the file cannot be read or has no key on P-256.
 */
export function readKeyFile(path: string): readonly KeyObject[] {
  const text = readFileSync(path, 'utf8');
  if (!text.trimStart().startsWith('{')) return readPublicKeys(text);
  return readPublicKeys(String((JSON.parse(text) as { publicKey?: unknown }).publicKey));
}

/** What the file has, read as a document of this kind. */
function readAs<Kind>(read: (value: unknown) => Kind, path: string): Kind | ProofFault {
  const json = readExactJson(unmarked(readFileSync(path)), path);
  return isFault(json) ? json : read(json.value);
}

/** What a check stumbles over, for example a number that no log has, proves nothing. */
function unlessItStumbles(check: () => ProofFault | undefined): ProofFault | undefined {
  try {
    return check();
  } catch (error) {
    return faulty('unreadable', `It cannot be checked: ${String(error)}.`);
  }
}

/**
 * Checks a receipt; with `newer` also that a newer state continues its state, and with `log` also
 * that the log that was walked to its state has the same event.
 * @throws Error when a file cannot be read.
 * @example
 * const finding = await verifyReceiptFile('receipt.json', readKeyFile('bank.pub'));
 * console.log(printed(finding));
 */
export async function verifyReceiptFile(
  path: string,
  key: BankKeys,
  { newer: newerPath, log, progress = () => undefined }: ReceiptFiles = {},
): Promise<Finding> {
  const receipt = readAs(receipts.readReceipt, path);
  if (isFault(receipt)) return refused(receipt);
  const fault = unlessItStumbles(() => receipts.receiptFault(receipt, key));
  if (fault !== undefined) return refused(fault);
  const newer = newerPath === undefined ? undefined : newerOf(newerPath, receipt, key);
  if (isFault(newer)) return refused(newer);
  if (log === undefined) return receiptFinding(receipt, { newer });
  const { stream, version, id } = receipt.event;
  const walk = await walked(log, stream, readState(receipt.state), progress);
  if (isFault(walk)) return refused(walk);
  const other = versionFault(walk.versions().get(version), receipts.placedEvent(receipt), id);
  return other === undefined
    ? receiptFinding(receipt, { newer, walkedTx: walk.txId() })
    : refused(other);
}

/** The proof that a newer state continues the receipt's. */
function newerOf(
  path: string,
  receipt: ReceiptDocument,
  key: BankKeys,
): ConsistencyDocument | ProofFault {
  const newer = readAs(receipts.readConsistency, path);
  if (isFault(newer)) return newer;
  const broken =
    receipts.beginsWith(newer, receipt) ??
    unlessItStumbles(() => receipts.consistencyFault(newer, key));
  return broken ?? newer;
}

/**
 * Checks events 1 to n of a stream with the receipt of event n alone: each names the digest of the
 * previous one, so proving the last one proves them all. A line is an event, as the query API or an
 * export has it, or a page of them.
 * @throws Error when a file cannot be read.
 */
export async function verifyEventsFile(
  path: string,
  receiptPath: string,
  key: BankKeys,
  progress: Progress,
): Promise<Finding> {
  const receipt = readAs(receipts.readReceipt, receiptPath);
  if (isFault(receipt)) return refused(receipt);
  const unproven = unlessItStumbles(() => receipts.receiptFault(receipt, key));
  if (unproven !== undefined) return refused(unproven);
  const chain = createEventChain(receipt.event.stream);
  const fault = await eachLine(path, progress, (value) => {
    // The first line of an export is about the others.
    if (exportHeader.safeParse(value).success) return undefined;
    const read = receipts.readDocument(eventsOfLine, value);
    if (isFault(read)) return read;
    for (const event of read) {
      const wrong = chain.take(event);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  });
  const last = fault ?? chain.end(receipt.event);
  return last === undefined ? chainFinding(receipt) : refused(last);
}

type Check = ReturnType<typeof createStreamExport>;

/**
 * Checks an export of an account or of its refusals; with the walked log also that nothing is
 * missing.
 * @param logPath undefined: without the walked log.
 * @throws Error when a file cannot be read.
 */
export async function verifyAccountFile(
  path: string,
  key: BankKeys,
  logPath: string | undefined,
  progress: Progress,
): Promise<Finding> {
  let header: ReturnType<typeof exportHeader.parse> | undefined;
  let check: Check | undefined;
  const shown = new Map<number, PlacedVersion>();
  const fault = await eachLine(path, progress, (value) => {
    if (check === undefined) {
      const read = receipts.readDocument(exportHeader, value);
      if (isFault(read)) return read;
      header = read;
      check = createStreamExport(read, key);
      return check.begin();
    }
    const read = receipts.readDocument(exportedEvent, value);
    if (isFault(read)) return read;
    const wrong = check.take(read);
    if (wrong === undefined && logPath !== undefined) {
      shown.set(read.event.version, receipts.placedEvent(read));
    }
    return wrong;
  });
  if (fault !== undefined) return refused(fault);
  if (header === undefined || check === undefined) {
    return refused(faulty('unreadable', `${path} is empty.`));
  }
  const summary = check.end();
  if (isFault(summary)) return refused(summary);
  if (logPath === undefined) return exportFinding(header, summary, undefined);
  const stream = streamOfExport(header);
  const walk = await walked(logPath, stream, readState(header.state), progress);
  if (isFault(walk)) return refused(walk);
  const claim = { latest: header.headVersion, stream };
  const other = versionsFault(walk.versions(), shown, claim);
  return other === undefined ? exportFinding(header, summary, walk.txId()) : refused(other);
}

/** Walks the log of the file to the signed state and sees all of the stream. */
async function walked(
  path: string,
  stream: string,
  state: LogState,
  progress: Progress,
): Promise<ReturnType<typeof createLogWalk> | ProofFault> {
  const walk = createLogWalk(stream);
  const broken = await eachLine(path, progress, (value) => {
    const read = receipts.readDocument(walkedTransaction, value);
    if (isFault(read)) return read;
    return read.header.id > state.txId ? undefined : walk.take(read);
  });
  return broken ?? walk.end(state) ?? walk;
}

async function eachLine(
  path: string,
  progress: Progress,
  take: (value: unknown) => ProofFault | undefined,
): Promise<ProofFault | undefined> {
  let count = 0;
  for await (const line of byteLines(createReadStream(path) as AsyncIterable<Buffer>)) {
    count += 1;
    if (count % PROGRESS_LINES === 0) progress(`${path}: ${count} lines checked`);
    if (line === undefined) {
      return faulty('unreadable', `Line ${count} of ${path} is longer than any line of the bank.`);
    }
    if (line.length === 0) continue;
    const json = readExactJson(line, `Line ${count} of ${path}`);
    if (isFault(json)) return json;
    const fault = unlessItStumbles(() => take(json.value));
    if (fault !== undefined) {
      return { ...fault, detail: `Line ${count} of ${path}: ${fault.detail}` };
    }
  }
  return undefined;
}
