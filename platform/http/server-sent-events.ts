import type { Response } from 'express';

/** One block of a stream of server-sent events (WHATWG HTML, section 9.2). */
export interface Frame {
  readonly comment?: string;
  /** Without data it only sets what the client will send as Last-Event-ID. */
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  /** How long the client waits before it connects again, in milliseconds. */
  readonly retryMs?: number;
}

/** Times of a stream, in milliseconds. */
export interface StreamPace {
  readonly heartbeatMs: number;
  /** A consumer that takes nothing for this long is cut off. */
  readonly stalledMs: number;
}

/** The times of a stream in production. */
export const STREAM_PACE: StreamPace = { heartbeatMs: 15_000, stalledMs: 10_000 };

const LINE_END = /\r\n|\r|\n/;
const HEARTBEAT = frameText({ comment: 'heartbeat' });

/**
 * The text of a frame (WHATWG HTML, section 9.2).
 * @throws Error for an id or a type with a line end, which would be another field: a bug.
 */
export function frameText({ comment, id, event, data, retryMs }: Frame): string {
  const field = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : value.split(LINE_END).map((line) => `${name}: ${line}`);
  const oneLine = (name: string, value: string | undefined): string[] => {
    if (value !== undefined && /[\r\n\0]/.test(value)) throw new Error(`${name} has a line end`);
    return field(name, value);
  };
  const lines = [
    ...field('', comment),
    ...oneLine('retry', retryMs?.toString()),
    ...oneLine('id', id),
    ...oneLine('event', event),
    ...field('data', data),
  ];
  return `${lines.join('\n')}\n\n`;
}

export type EventStream = ReturnType<typeof eventStream>;

/**
 * Begins a stream of server-sent events as the answer. At most one frame more than the socket takes
 * is kept for a slow consumer, because the next one is sent only when there is room.
 */
export function eventStream(response: Response, pace: StreamPace = STREAM_PACE) {
  const gone = new AbortController();
  response.status(200).set({
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    // Asks nginx and its like not to collect the stream before they pass it on.
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  const beat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(HEARTBEAT);
  }, pace.heartbeatMs);
  const closed = (): void => {
    clearInterval(beat);
    gone.abort();
  };
  response.once('close', closed);
  if (response.destroyed) closed();
  return {
    /** Aborted when the client has gone, was cut off, or the stream was ended. */
    signal: gone.signal,
    /** Resolves when there is room for more. */
    async send(frame: Frame): Promise<void> {
      if (gone.signal.aborted || response.write(frameText(frame))) return;
      await drained(response, pace.stalledMs);
    },
    /** Ends the stream and the answer. */
    end(): void {
      closed();
      response.end();
    },
  };
}

function drained(response: Response, stalledMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(cut);
      response.off('drain', done).off('close', done);
      resolve();
    };
    const cut = setTimeout(() => response.destroy(), stalledMs);
    response.once('drain', done).once('close', done);
  });
}
