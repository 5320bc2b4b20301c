import { mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ACCESS_LOOKED_MAX,
  ACCESS_SEAL_PURPOSE,
  sealText,
  type AccessFilters,
  type AccessRecord,
  type AccessSeal,
  type FoundAccess,
} from '../../contracts/access/access-records.ts';
import { EVENT_SOURCE_APP } from '../../contracts/log/entries.ts';
import { syncPath } from '../../platform/durable-file.ts';
import { serial } from '../../platform/serial.ts';
import type { IsSigned, Signer } from '../../platform/signatures.ts';
import {
  chainFault,
  headOf,
  lineDigest,
  NO_LINE,
  passing,
  recordLine,
  sealIn,
  sealLine,
  type LineHead,
} from './record-lines.ts';

const OWNER_ONLY = 0o600;
const SEGMENT_BYTES_MAX = 4 * 1024 * 1024;
/** More than the longest line. */
const FIRST_LINE_BYTES_MAX = 32 * 1024;
const DAY_MS = 86_400_000;
/** Clocks of apps in other containers may differ by so much. */
const CLOCKS_MS = 60_000;
const NAME_DIGITS = 15;
const NAME = /^[0-9]{15}\.jsonl$/;

export interface RecordFileOptions {
  readonly folder: string;
  /** Has the auditor's key. */
  readonly signer: Signer;
  readonly isSigned: IsSigned;
  /** A record older than this goes, with all of its segment. */
  readonly daysMax: number;
  /** Beyond so many bytes the oldest segment goes. */
  readonly bytesMax: number;
  /** What is damaged, as a sentence. */
  readonly onFault: (detail: string) => void;
  readonly segmentBytes?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** A part of the records, in a file that is named after the number of its first one. */
interface Segment {
  readonly first: number;
  readonly path: string;
  readonly firstAt: string;
  bytes: number;
}

/** What of a record the caller gives; the file numbers it. */
export type NewRecord = Omit<AccessRecord, 'number' | 'at'>;
export type RecordFile = Awaited<ReturnType<typeof openRecordFile>>;

/**
 * Records of access in files that are only appended to, one line each. Every line has the digest of
 * the one before it, and now and then one is a seal, signed with the auditor's key. An append is
 * one write and is synced before it resolves; a part of a line that a crash has left is cut.
 * @returns rejects when the folder cannot be read.
 */
export async function openRecordFile(options: RecordFileOptions) {
  const { folder, signer, isSigned, onFault, now = Date.now } = options;
  const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_MAX;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { segments, end } = await openSegments(folder, onFault, isSigned);
  let { number, previous, at, seal } = end;
  const inTurn = serial();

  const nextHead = (): LineHead => {
    at = new Date(Math.max(now(), Date.parse(at))).toISOString();
    return { number: number + 1, previous, at };
  };
  const segmentFor = async (head: LineHead): Promise<Segment> => {
    const last = segments.at(-1);
    if (last !== undefined && last.bytes < segmentBytes) return last;
    const path = join(folder, `${String(head.number).padStart(NAME_DIGITS, '0')}.jsonl`);
    return { first: head.number, path, firstAt: head.at, bytes: 0 };
  };
  /** Makes the lines one after the other and writes them at once; all of them, or none. */
  const write = async (make: readonly ((head: LineHead) => string)[]): Promise<string[]> => {
    const before = { number, previous, at };
    const first = nextHead();
    const segment = await segmentFor(first);
    let lines: string[];
    try {
      lines = make.map((one, index) => {
        const line = one(index === 0 ? first : nextHead());
        number += 1;
        previous = lineDigest(line);
        return line;
      });
      segment.bytes += await appendTo(segment, `${lines.join('\n')}\n`);
    } catch (error) {
      ({ number, previous, at } = before);
      throw error;
    }
    if (segment !== segments.at(-1)) {
      segments.push(segment);
      await syncPath(folder);
    }
    return lines;
  };

  const overdue = (): 'too-old' | 'too-many-bytes' | undefined => {
    const [, second] = segments;
    if (second === undefined) return undefined;
    if (Date.parse(second.firstAt) < now() - options.daysMax * DAY_MS) return 'too-old';
    const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
    return bytes > options.bytesMax ? 'too-many-bytes' : undefined;
  };
  /** Removes the oldest segments; that they went stands in the file first. */
  const retain = async (): Promise<void> => {
    for (let reason = overdue(); reason !== undefined; reason = overdue()) {
      const [gone, next] = segments as [Segment, Segment];
      const count = next.first - gone.first;
      const times = { first: gone.firstAt, last: next.firstAt };
      const told = { app: EVENT_SOURCE_APP, outcome: 'removed', reason, objects: [] } as const;
      await write([(head) => recordLine(head, { ...told, objects: [], count, ...times })]);
      segments.shift();
      await unlink(gone.path);
      await syncPath(folder);
    }
  };

  return {
    /** Durable when it resolves. */
    append: (records: readonly NewRecord[]): Promise<void> =>
      inTurn(async () => {
        if (records.length === 0) return;
        await write(records.map((record) => (head) => recordLine(head, record)));
        await retain();
      }),
    /** Signs the end; undefined when nothing was added since the last seal. */
    seal: (): Promise<AccessSeal | undefined> =>
      inTurn(async () => {
        if (number === (seal?.number ?? 0)) return undefined;
        const [line] = await write([
          (head) => {
            const text = sealText({ number: head.number, at: head.at, digest: head.previous });
            return sealLine(head, signer.name, signer.sign(ACCESS_SEAL_PURPOSE, text));
          },
        ]);
        return (seal = sealIn(line!));
      }),
    /** Records that pass, newest first. */
    async find(filters: AccessFilters): Promise<FoundAccess> {
      const found = await search([...segments], number, filters, onFault);
      return { ...found, seal: seal ?? null };
    },
    /** Follows the chain through all segments, and reports where it is broken; it rests between. */
    async check(rest: (spentMs: number) => Promise<void>): Promise<void> {
      let before: string | undefined;
      for (const segment of segments.slice()) {
        const began = performance.now();
        const lines = await linesOf(segment).catch(() => undefined);
        // It was removed meanwhile.
        if (lines === undefined) continue;
        const fault = chainFault(lines, segment.first, before, isSigned);
        if (fault !== undefined) onFault(`The records of access were changed: ${fault}.`);
        before = lines.length === 0 ? before : lineDigest(lines.at(-1)!);
        await rest(performance.now() - began);
      }
    },
    segments: (): number => segments.length,
  };
}

/** Appends behind the last whole line; returns the bytes that were added. */
async function appendTo({ path, bytes }: Segment, text: string): Promise<number> {
  const file = await open(path, 'a', OWNER_ONLY);
  try {
    // What an append that failed has left is no record.
    await file.truncate(bytes);
    await file.writeFile(text);
    await file.sync();
    return Buffer.byteLength(text);
  } finally {
    await file.close();
  }
}

async function linesOf({ path, bytes }: Segment): Promise<string[]> {
  const content = await readFile(path);
  return content.toString('utf8', 0, bytes).split('\n').slice(0, -1);
}

interface End {
  readonly number: number;
  readonly previous: string;
  readonly at: string;
  readonly seal: AccessSeal | undefined;
}

const BEGINNING: End = {
  number: 0,
  previous: NO_LINE,
  at: new Date(0).toISOString(),
  seal: undefined,
};

/** The segments of a folder, the last one cut behind its last whole line and checked. */
async function openSegments(
  folder: string,
  onFault: RecordFileOptions['onFault'],
  isSigned: IsSigned,
): Promise<{ segments: Segment[]; end: End }> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  const segments: Segment[] = [];
  for (const name of names) segments.push(await openSegment(join(folder, name)));
  for (;;) {
    const last = segments.at(-1);
    if (last === undefined) return { segments, end: BEGINNING };
    const content = await readFile(last.path);
    const whole = content.lastIndexOf(0x0a) + 1;
    if (whole < content.length) {
      onFault(`The last record of access was torn (${content.length - whole} bytes) and was cut.`);
    }
    Object.assign(last, { bytes: whole });
    if (whole > 0) return { segments, end: endOf(await linesOf(last), last, onFault, isSigned) };
    // A crash came between making the file and its first record.
    await unlink(last.path);
    segments.pop();
  }
}

async function openSegment(path: string): Promise<Segment> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(Math.min(size, FIRST_LINE_BYTES_MAX)), 0);
    const firstAt = headOf(buffer.toString())?.at ?? BEGINNING.at;
    const first = Number(path.slice(-'.jsonl'.length - NAME_DIGITS, -'.jsonl'.length));
    return { first, path, firstAt, bytes: size };
  } finally {
    await file.close();
  }
}

/** The end of the bytes that are there, also when they are not what was written. */
function endOf(
  lines: readonly string[],
  { first }: Segment,
  onFault: RecordFileOptions['onFault'],
  isSigned: IsSigned,
): End {
  const fault = chainFault(lines, first, undefined, isSigned);
  if (fault !== undefined) onFault(`The records of access were changed: ${fault}.`);
  const last = lines.at(-1)!;
  const sealed = lines.findLast((line) => sealIn(line) !== undefined);
  return {
    number: first + lines.length - 1,
    previous: lineDigest(last),
    at: headOf(last)?.at ?? BEGINNING.at,
    seal: sealed === undefined ? undefined : sealIn(sealed),
  };
}

/** Looks through the segments from the newest record down. */
async function search(
  segments: readonly Segment[],
  lastNumber: number,
  filters: AccessFilters,
  onFault: RecordFileOptions['onFault'],
): Promise<Omit<FoundAccess, 'seal'>> {
  const { before = Infinity, limit, from = -Infinity } = filters;
  const passes = passing(filters);
  const items: AccessRecord[] = [];
  let next = Math.min(before, lastNumber + 1);
  let looked = 0;
  for (const segment of segments.toReversed()) {
    if (segment.first >= next) continue;
    const lines = await linesOf(segment).catch(() => []);
    for (let index = Math.min(next - segment.first, lines.length) - 1; index >= 0; index -= 1) {
      if (items.length === limit || looked === ACCESS_LOOKED_MAX) return { items, next };
      const line = lines[index]!;
      looked += 1;
      next = segment.first + index;
      if (Date.parse(headOf(line)?.at ?? '') < from - CLOCKS_MS) return { items, next: 0 };
      try {
        const record = passes(line);
        if (record !== undefined) items.push(record);
      } catch {
        onFault(`The record of access ${next} cannot be read.`);
      }
    }
  }
  return { items, next: 0 };
}
