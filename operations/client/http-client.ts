import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The JSON of the body, or undefined when it had none. */
  readonly body: unknown;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpClient {
  /** One request, tried once; rejects when no answer came. */
  readonly once: (call: Call) => Promise<Answer>;
  /** The same request until it is answered otherwise than by 503, or patience ends. */
  readonly send: (call: Call) => Promise<Answer>;
  readonly retries: () => number;
  readonly close: () => void;
}

export interface HttpClientOptions {
  readonly connectionsMax: number;
  readonly patienceMs: number;
  /** The value of the header Authorization, of a bank that wants one. */
  readonly authorization?: () => Promise<string>;
}

const ANSWER_TIMEOUT_MS = 30_000;
const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 2_000;
const BODY_CHARACTERS_SHOWN = 300;

/** Keep-alive connections to the bank, with retries that are safe because keys stay the same. */
export function httpClient(options: HttpClientOptions): HttpClient {
  const { connectionsMax, patienceMs, authorization } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  let retries = 0;

  const exchange = ({ method, url, body, headers }: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const content = text === undefined ? {} : { 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const options = { method, agent, signal, headers: { ...content, ...headers } };
      const sent = httpRequest(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          try {
            const whole = Buffer.concat(chunks).toString('utf8');
            const status = response.statusCode ?? 0;
            const parsed: unknown = whole === '' ? undefined : JSON.parse(whole);
            resolve({ status, headers: response.headers, body: parsed });
          } catch (error) {
            reject(error as Error);
          }
        });
      });
      sent.once('error', reject);
      sent.end(text);
    });

  const once = async (call: Call): Promise<Answer> => {
    if (authorization === undefined) return exchange(call);
    return exchange({
      ...call,
      headers: { ...call.headers, authorization: await authorization() },
    });
  };

  const send = async (call: Call): Promise<Answer> => {
    const deadline = Date.now() + patienceMs;
    for (let pauseMs = PAUSE_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
      const answer = await once(call).catch((error: Error) => error);
      const isLost = !('status' in answer);
      if (!isLost && answer.status !== 503) return answer;
      if (Date.now() + pauseMs > deadline) {
        const last = isLost ? answer.message : describe(answer);
        const why = `${call.method} ${call.url}: no answer in ${patienceMs} ms, last: ${last}`;
        throw new Error(why, isLost ? { cause: answer } : {});
      }
      retries += 1;
      await sleep(pauseMs);
    }
  };

  return { once, send, retries: () => retries, close: () => agent.destroy() };
}

/** An answer in few words, for sentences about what went wrong. */
export const describe = ({ status, body }: Answer): string =>
  `${status} ${JSON.stringify(body ?? null).slice(0, BODY_CHARACTERS_SHOWN)}`;
