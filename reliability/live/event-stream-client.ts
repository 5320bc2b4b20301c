import { setTimeout as sleep } from 'node:timers/promises';
import { bankFetch } from '../faults/bank-fetch.ts';

interface Message {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

export interface Parsed {
  readonly messages: readonly Message[];
  /** Of the last whole block, with or without data. */
  readonly lastEventId: string | undefined;
  /** What may be the beginning of the next block. */
  readonly rest: string;
}

/** Reads the whole blocks of a stream of server-sent events (WHATWG HTML, section 9.2). */
export function parseBlocks(text: string, lastEventId?: string): Parsed {
  const blocks = text.split('\n\n');
  const rest = blocks.pop() ?? '';
  const messages: Message[] = [];
  for (const block of blocks) {
    const fields = new Map(
      block.split('\n').map((line) => {
        const colon = line.indexOf(': ');
        return [line.slice(0, colon), line.slice(colon + 2)] as const;
      }),
    );
    lastEventId = fields.get('id') ?? lastEventId;
    const data = fields.get('data');
    if (data === undefined) continue;
    messages.push({ id: lastEventId ?? '', type: fields.get('event') ?? 'message', data });
  }
  return { messages, lastEventId, rest };
}

const CONNECT_AGAIN_MS = 200;

/** A consumer that connects again with its last event id until it is stopped, as a browser does. */
export function consume(url: string, from?: string) {
  const messages: Message[] = [];
  const stop = new AbortController();
  let connection = new AbortController();
  let lastEventId = from;
  let connections = 0;
  const faults: string[] = [];

  const listen = async (): Promise<void> => {
    connection = new AbortController();
    const signal = AbortSignal.any([stop.signal, connection.signal]);
    const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
    const answer = await bankFetch(url, { headers, signal });
    if (answer.status === 503) return;
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
    connections += 1;
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      const parsed = parseBlocks(text + decoder.decode(chunk, { stream: true }), lastEventId);
      messages.push(...parsed.messages);
      ({ rest: text, lastEventId } = parsed);
    }
  };
  const done = (async () => {
    while (!stop.signal.aborted) {
      // A connection that breaks is what this is about; the versions tell whether it did harm.
      await listen().catch((error: unknown) => void faults.push(String(error)));
      if (!stop.signal.aborted) await sleep(CONNECT_AGAIN_MS);
    }
  })();

  return {
    messages,
    faults,
    connections: () => connections,
    lastEventId: () => lastEventId,
    /** Breaks the connection; it connects again by itself. */
    reconnect: () => connection.abort(),
    async stop(): Promise<void> {
      stop.abort();
      await done;
    },
  };
}
