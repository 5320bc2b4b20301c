import { hash } from 'node:crypto';
import {
  ACCESS_SEAL_PURPOSE,
  sealText,
  type AccessFilters,
  type AccessRecord,
  type AccessSeal,
} from '../../contracts/access/access-records.ts';
import type { IsSigned } from '../../platform/signatures.ts';

/** What stands before the first record. */
export const NO_LINE = '';

/** The beginning of every line, so that a chain is followed without reading the rest as JSON. */
const HEAD = /^\{"number":([1-9][0-9]{0,15}),"previous":"([\w-]{43}|)","at":"([^"]{24})"/;
const SEAL = /,"signer":"([\w-]+)","signature":"([\w-]+)"\}$/;

/** Where a line stands. */
export interface LineHead {
  readonly number: number;
  /** Digest of the line before. */
  readonly previous: string;
  readonly at: string;
}

/** SHA-256 of the bytes of a line, without its end, in base64url. */
export const lineDigest = (line: string): string => hash('sha256', line, 'base64url');

/** A record as a line. */
export const recordLine = (
  { number, previous, at }: LineHead,
  { app, ...observation }: Omit<AccessRecord, 'number' | 'at'>,
): string => JSON.stringify({ number, previous, at, app, ...observation });

/** A seal as a line; the digest that is signed is that of the line before it. */
export const sealLine = (head: LineHead, signer: string, signature: string): string =>
  JSON.stringify({ ...head, signer, signature });

/** Where a line stands; undefined for what is no line. */
export function headOf(line: string): LineHead | undefined {
  const [, number, previous, at] = HEAD.exec(line) ?? [];
  if (number === undefined || previous === undefined || at === undefined) return undefined;
  return { number: Number(number), previous, at };
}

/** The seal that a line is; undefined for a record. */
export function sealIn(line: string): AccessSeal | undefined {
  const [, signer, signature] = SEAL.exec(line) ?? [];
  const head = headOf(line);
  if (signer === undefined || signature === undefined || head === undefined) return undefined;
  const { number, previous: digest, at } = head;
  return { number, at, digest, signer, signature };
}

/** The record that a line is; undefined for a seal. Throws SyntaxError for what is no JSON. */
function recordIn(line: string): AccessRecord | undefined {
  const { previous: _before, ...rest } = JSON.parse(line) as AccessRecord & LineHead;
  return 'signature' in rest ? undefined : rest;
}

/**
 * What is wrong with lines that follow one another; undefined when they are as they were written.
 * @param before digest of the line before them; undefined when nobody knows it any more.
 */
export function chainFault(
  lines: readonly string[],
  first: number,
  before: string | undefined,
  isSigned: IsSigned,
): string | undefined {
  let due = before;
  for (const [index, line] of lines.entries()) {
    const number = first + index;
    const head = headOf(line);
    if (head?.number !== number) return `record ${number} is no record, or another one`;
    if (due !== undefined && head.previous !== due) {
      return `record ${number} does not follow the one before it: one of the two was changed`;
    }
    const seal = sealIn(line);
    if (seal !== undefined) {
      const isRight = isSigned(seal.signer, ACCESS_SEAL_PURPOSE, sealText(seal), seal.signature);
      if (!isRight) return `the seal ${number} was not signed with the auditor's key`;
    }
    due = lineDigest(line);
  }
  return undefined;
}

/** Makes a test whether a line passes the filters; a text is looked for before JSON is read. */
export function passing(filters: AccessFilters): (line: string) => AccessRecord | undefined {
  const { subject, client, object, outcome, from = -Infinity, to = Infinity } = filters;
  const needles = [subject, client, object, outcome].flatMap((text) =>
    text === undefined ? [] : [JSON.stringify(text)],
  );
  return (line) => {
    if (!needles.every((needle) => line.includes(needle))) return undefined;
    const record = recordIn(line);
    if (record === undefined) return undefined;
    const isWanted =
      (subject === undefined || record.subject === subject) &&
      (client === undefined || record.client === client) &&
      (object === undefined || record.objects.includes(object)) &&
      (outcome === undefined || record.outcome === outcome) &&
      Date.parse(record.last) >= from &&
      Date.parse(record.first) < to;
    return isWanted ? record : undefined;
  };
}
