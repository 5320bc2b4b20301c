import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool, type Dispatcher } from 'undici';

export interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  /** 0 when the connection failed. */
  readonly status: number;
  readonly text: string;
}

export interface Connection {
  readonly exchange: (one: Exchange) => Promise<Reply>;
  readonly close: () => Promise<void>;
}

const ANSWER_TIMEOUT_MS = 30_000;
const POLL_MS = 20;
const CATCH_UP_LIMIT_MS = 300_000;
const JSON_BODY = { 'content-type': 'application/json' };

const TOKEN_LOOK_MS = 60_000;
/** By the origin of a bank; a connection is too quick to ask for a token with each request. */
const tokens = new Map<string, { header: string }>();

/** From now on requests to these addresses carry what `next` gives, which is asked every minute. */
export async function authorize(
  urls: readonly string[],
  next: () => Promise<string>,
): Promise<void> {
  const held = { header: await next() };
  for (const url of urls) tokens.set(new URL(url).origin, held);
  const look = setInterval(() => {
    // While a bank is stopped for a measurement nobody gives one.
    next().then(
      (header) => (held.header = header),
      () => undefined,
    );
  }, TOKEN_LOOK_MS);
  look.unref();
}

// The generator shares the cores with what it measures, so it uses the leanest call there is.
function connectionOver(url: string, dispatcher: Dispatcher): Connection {
  const token = tokens.get(new URL(url).origin);
  const exchange = ({ method, path, body, headers }: Exchange): Promise<Reply> =>
    new Promise((resolve) => {
      let status = 0;
      const chunks: Buffer[] = [];
      const plain = body === undefined ? (headers ?? {}) : { ...JSON_BODY, ...headers };
      const all = token === undefined ? plain : { ...plain, authorization: token.header };
      const handler: Dispatcher.DispatchHandler = {
        // Its presence tells undici that this is a handler of the new kind.
        onRequestStart: () => {},
        onResponseStart: (_controller, code) => {
          status = code;
        },
        onResponseData: (_controller, chunk) => {
          chunks.push(chunk);
        },
        onResponseEnd: () => resolve({ status, text: Buffer.concat(chunks).toString('utf8') }),
        onResponseError: (_controller, error) => resolve({ status: 0, text: error.message }),
      };
      dispatcher.dispatch({ method, path, body: body ?? null, headers: all }, handler);
    });
  return { exchange, close: () => dispatcher.close() };
}

const TIMEOUTS = { headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS };

/** One keep-alive connection: what one client of a bank holds. */
export const connect = (url: string): Connection =>
  connectionOver(url, new Client(url, { ...TIMEOUTS, pipelining: 1 }));

/** Up to that many connections, for requests that come by the clock. */
export const connectPool = (url: string, connections: number): Connection =>
  connectionOver(url, new Pool(url, { ...TIMEOUTS, connections, pipelining: 1 }));

/** One exchange on a connection of its own; throws any answer but one of that status. */
export async function once<Answer>(url: string, one: Exchange, expected: number): Promise<Answer> {
  const connection = connect(url);
  const { status, text } = await connection.exchange(one);
  await connection.close();
  if (status !== expected) throw new Error(`${one.method} ${one.path}: ${status} ${text}`);
  return JSON.parse(text) as Answer;
}

/** Polls until that path answers 200; gives the time that it took. */
export async function untilFound(
  queries: Connection,
  path: string,
  limitMs = CATCH_UP_LIMIT_MS,
  pollMs = POLL_MS,
): Promise<number> {
  const started = performance.now();
  for (;;) {
    const reply = await queries.exchange({ method: 'GET', path });
    const elapsedMs = performance.now() - started;
    if (reply.status === 200) return elapsedMs;
    if (elapsedMs > limitMs) throw new Error(`${path}: still ${reply.status} ${reply.text}`);
    await sleep(pollMs);
  }
}
