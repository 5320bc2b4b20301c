import { createReadStream, readFileSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import {
  exportedEvent,
  exportHead,
  streamOfExport,
  walkedTransaction,
} from '../contracts/receipts.ts';
import { eventChain, eventsOfLine } from './event-chain.ts';
import { exportFinding } from './export-findings.ts';
import { chainFinding, receiptFinding, refused, type Finding } from './findings.ts';
import { logWalk, versionsFault } from './log-walk.ts';
import { readState } from './proof-documents.ts';
import { faulty, isFault, type ProofFault } from './proof-fault.ts';
import * as receipts from './receipt.ts';
import { readPublicKey } from './signed-state.ts';
import { streamExport } from './stream-export.ts';

/** The only file of this room that reads anything. Files may be larger than memory. */
export type Progress = (text: string) => void;
const PROGRESS_LINES = 1_000;

/** A key as PEM, or as GET /v1/audit/public-key answers it. */
export function readKeyFile(path: string): KeyObject {
  const text = readFileSync(path, 'utf8');
  if (!text.trimStart().startsWith('{')) return readPublicKey(text);
  return readPublicKey(String((JSON.parse(text) as { publicKey?: unknown }).publicKey));
}

/** What the file has, read as a document of this kind. */
function readAs<Kind>(read: (value: unknown) => Kind, path: string): Kind | ProofFault {
  const text = readFileSync(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return faulty('unreadable', `${path} is not JSON: was it cut off?`);
  }
  return read(value);
}

/** What a check stumbles over, for example a number that no log has, proves nothing. */
function unlessItStumbles(check: () => ProofFault | undefined): ProofFault | undefined {
  try {
    return check();
  } catch (error) {
    return faulty('unreadable', `It cannot be checked: ${String(error)}.`);
  }
}

/** Checks a receipt, and that a newer state continues its state, when such a proof is given. */
export function verifyReceiptFile(path: string, key: KeyObject, newerPath?: string): Finding {
  const receipt = readAs(receipts.readReceipt, path);
  if (isFault(receipt)) return refused(receipt);
  const fault = unlessItStumbles(() => receipts.receiptFault(receipt, key));
  if (fault !== undefined) return refused(fault);
  if (newerPath === undefined) return receiptFinding(receipt);
  const newer = readAs(receipts.readConsistency, newerPath);
  if (isFault(newer)) return refused(newer);
  const broken =
    receipts.beginsWith(newer, receipt) ??
    unlessItStumbles(() => receipts.consistencyFault(newer, key));
  return broken === undefined ? receiptFinding(receipt, newer) : refused(broken);
}

/**
 * Checks events 1 to n of a stream with the receipt of event n alone: each names the one before it
 * by its digest, so whoever proves the last one proves all. A line is an event, as the query API
 * or an export has it, or a page of them.
 */
export async function verifyEventsFile(
  path: string,
  receiptPath: string,
  key: KeyObject,
  progress: Progress,
): Promise<Finding> {
  const receipt = readAs(receipts.readReceipt, receiptPath);
  if (isFault(receipt)) return refused(receipt);
  const unproven = unlessItStumbles(() => receipts.receiptFault(receipt, key));
  if (unproven !== undefined) return refused(unproven);
  const chain = eventChain(receipt.event.stream);
  const fault = await eachLine(path, progress, (value) => {
    // The first line of an export is about the others.
    if (exportHead.safeParse(value).success) return undefined;
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

type Check = ReturnType<typeof streamExport>;

/** Checks an export of an account or of its refusals, and with the log that there is no more. */
export async function verifyAccountFile(
  path: string,
  key: KeyObject,
  logPath: string | undefined,
  progress: Progress,
): Promise<Finding> {
  let head: ReturnType<typeof exportHead.parse> | undefined;
  let check: Check | undefined;
  const positions = new Map<number, number>();
  const fault = await eachLine(path, progress, (value) => {
    if (check === undefined) {
      const read = receipts.readDocument(exportHead, value);
      if (isFault(read)) return read;
      head = read;
      check = streamExport(read, key);
      return check.begin();
    }
    const read = receipts.readDocument(exportedEvent, value);
    if (isFault(read)) return read;
    positions.set(read.event.version, read.position);
    return check.take(read);
  });
  if (fault !== undefined) return refused(fault);
  if (head === undefined || check === undefined) {
    return refused(faulty('unreadable', `${path} is empty.`));
  }
  const summary = check.end();
  if (isFault(summary)) return refused(summary);
  if (logPath === undefined) return exportFinding(head, summary, undefined);
  const stream = streamOfExport(head);
  const walk = logWalk(stream);
  const state = readState(head.state);
  const broken = await eachLine(logPath, progress, (value) => {
    const read = receipts.readDocument(walkedTransaction, value);
    if (isFault(read)) return read;
    return read.header.id > state.txId ? undefined : walk.take(read);
  });
  const claim = { head: head.headVersion, stream };
  const last = broken ?? walk.end(state) ?? versionsFault(walk.versions(), positions, claim);
  return last === undefined ? exportFinding(head, summary, walk.txId()) : refused(last);
}

async function eachLine(
  path: string,
  progress: Progress,
  take: (value: unknown) => ProofFault | undefined,
): Promise<ProofFault | undefined> {
  let count = 0;
  for await (const line of linesOf(path)) {
    count += 1;
    if (count % PROGRESS_LINES === 0) progress(`${path}: ${count} lines checked`);
    if (line === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return faulty('unreadable', `Line ${count} of ${path} is not JSON: was it cut off?`);
    }
    const fault = unlessItStumbles(() => take(value));
    if (fault !== undefined) {
      return { ...fault, detail: `Line ${count} of ${path}: ${fault.detail}` };
    }
  }
  return undefined;
}

/** Only "\n" ends a line: node:readline also cuts at U+2028, which JSON may have in its texts. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield line.trim();
  }
  yield rest.trim();
}
