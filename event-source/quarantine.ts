import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { streamIdText } from '../contracts/log/bank-events.ts';
import type { StreamId } from '../domain/ids.ts';
import { boundedMap } from '../platform/bounded-map.ts';
import { serial } from '../platform/serial.ts';

const OWNER_ONLY = 0o600;
/** Of one stream so many events are kept: the first tell what happened. */
const CONTENTS_OF_STREAM_MAX = 8;
/** What was kept once is not kept again, as far back as this. */
const CONTENTS_KNOWN_MAX = 10_000;
/** Beyond this contents are left out; that a stream is in quarantine is always written. */
const CONTENT_BYTES_MAX = 64 * 1024 * 1024;

const line = z.strictObject({
  at: z.string(),
  /** Missing for what could not be read as an event of any stream. */
  stream: streamIdText.optional(),
  /** Ids and digests only. */
  reason: z.string(),
  /** Whole, as it came; clients wrote parts of it, so it stands in this file and nowhere else. */
  content: z.string().optional(),
  /** An operator took the stream out again (`npm run restore -- --release`). */
  released: z.literal(true).optional(),
});
type Line = z.infer<typeof line>;

/** What must not go into the log. */
export interface Offence {
  /** It is quarantined with it; without a stream only the content is kept. */
  readonly stream?: StreamId;
  readonly reason: string;
  readonly content: string;
}

/** Where the lines of a quarantine are stored; durable when `append` resolves. */
export interface QuarantineStore {
  read(): Promise<readonly string[]>;
  append(lines: string): Promise<void>;
}

export type Quarantine = Awaited<ReturnType<typeof openQuarantine>>;

/**
 * Streams that nothing may be appended to any more, with the reason, until an operator releases one
 * while nothing runs.
 * @param now milliseconds since the epoch.
 * @returns rejects when the store cannot be read.
 */
export async function openQuarantine(store: QuarantineStore, now: () => number = Date.now) {
  const streams = new Map<StreamId, { readonly reason: string; contents: number }>();
  const known = boundedMap<string, true>(CONTENTS_KNOWN_MAX);
  let bytes = 0;
  let unwritten: string[] = [];
  const inTurn = serial();

  /** True when it is news: a stream, or content that is not kept yet and still may be. */
  const take = ({ stream, reason, content }: Pick<Line, 'stream' | 'reason' | 'content'>) => {
    const held = stream === undefined ? undefined : streams.get(stream);
    if (stream !== undefined && held === undefined) streams.set(stream, { reason, contents: 0 });
    const isNew = stream !== undefined && held === undefined;
    if (content === undefined) return { isNew, keep: false };
    const digest = createHash('sha256').update(content).digest('base64url');
    const room = bytes + content.length <= CONTENT_BYTES_MAX;
    const mine = stream === undefined ? undefined : streams.get(stream)!;
    const keep =
      room && known.get(digest) === undefined && (mine?.contents ?? 0) < CONTENTS_OF_STREAM_MAX;
    if (keep) {
      known.set(digest, true);
      bytes += content.length;
      if (mine !== undefined) mine.contents += 1;
    }
    return { isNew, keep };
  };
  for (const text of await store.read()) {
    const kept = line.parse(JSON.parse(text));
    if (kept.released !== true) take(kept);
    else if (kept.stream !== undefined) streams.delete(kept.stream);
  }

  return {
    /** Why nothing of the stream may go in any more; undefined when it may. */
    why: (stream: StreamId): string | undefined => streams.get(stream)?.reason,
    count: (): number => streams.size,
    streams: (): { stream: StreamId; reason: string }[] =>
      [...streams].map(([stream, { reason }]) => ({ stream, reason })),
    /** Holds from now on; durable when it resolves. One that failed is written with the next. */
    add(offences: readonly Offence[]): Promise<void> {
      const at = new Date(now()).toISOString();
      for (const { stream, reason, content } of offences) {
        const { isNew, keep } = take({ stream, reason, content });
        if (!isNew && !keep) continue;
        const kept: Line = { at, reason, ...(stream && { stream }), ...(keep && { content }) };
        unwritten.push(`${JSON.stringify(kept)}\n`);
      }
      return inTurn(async () => {
        const lines = unwritten;
        if (lines.length === 0) return;
        unwritten = [];
        try {
          await store.append(lines.join(''));
        } catch (error) {
          unwritten = [...lines, ...unwritten];
          throw error;
        }
      });
    },
  };
}

/** The quarantine in a file that only its owner can read; it is only appended to. */
export function quarantineFile(path: string): QuarantineStore {
  /** Where the last whole line ends. */
  let size = 0;
  return {
    async read() {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path, 'a+', OWNER_ONLY);
      try {
        const content = await file.readFile();
        // A crash may leave a part of a line, which was never acknowledged.
        size = content.lastIndexOf(0x0a) + 1;
        return content.toString('utf8', 0, size).split('\n').slice(0, -1);
      } finally {
        await file.close();
      }
    },
    async append(lines) {
      const file = await open(path, 'a', OWNER_ONLY);
      try {
        await file.truncate(size);
        await file.writeFile(lines);
        await file.sync();
        size += Buffer.byteLength(lines);
      } finally {
        await file.close();
      }
    },
  };
}

/** A quarantine in memory, for tests. */
export function memoryQuarantine(lines: string[] = []): QuarantineStore {
  return {
    read: async () => lines,
    async append(text) {
      lines.push(...text.split('\n').slice(0, -1));
    },
  };
}
