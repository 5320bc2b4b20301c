import { WrittenVersions } from './versions.ts';

/** Gives an access token; asked again when the bank does not take the last one any more. */
export type TokenSource = string | (() => string | Promise<string>);

/** How requests are sent. Times are milliseconds. */
export interface SendOptions {
  readonly token: TokenSource;
  /** How often a request is sent at most, the first time included; 6 when missing. */
  readonly attempts?: number;
  /** The longest pause between two of them; 5,000 when missing. */
  readonly pauseMsMax?: number;
  /** Called before each repetition. */
  readonly onRetry?: (why: string, attempt: number) => void;
  /** Instead of the global fetch. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

const ATTEMPTS = 6;
const PAUSE_MS_MAX = 5_000;
const PAUSE_MS = 100;
const UNAUTHORIZED = 401;
/** Nothing was decided, or nobody can tell: the same key may be sent again. */
const TEMPORARY = new Set([429, 502, 503, 504]);

const tokenOf = async (token: TokenSource): Promise<string> =>
  typeof token === 'string' ? token : token();

/** What the bank asks for, or twice as long each time, and never all clients at the same time. */
function pauseOf(response: Response | undefined, attempt: number, most: number): number {
  const asked = Number(response?.headers.get('retry-after') ?? Number.NaN) * 1_000;
  const usual = PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
  return Math.min(most, Number.isFinite(asked) ? asked : usual);
}

/**
 * A fetch that sends a request until the bank has answered it. Every command has a key: the
 * caller's, or one that is made here and kept over all attempts, so that it is executed once. After
 * a command a query of the same account waits for what it wrote.
 * @returns rejects with the last network error, or when the caller's signal is aborted.
 */
export function resilientFetch(options: SendOptions): (request: Request) => Promise<Response> {
  const { token, attempts = ATTEMPTS, pauseMsMax = PAUSE_MS_MAX, onRetry } = options;
  const send = options.fetch ?? ((request: Request) => fetch(request));
  const written = new WrittenVersions();

  const prepared = (request: Request): Request => {
    if (request.method === 'GET') return new Request(written.awaited(request.url), request);
    const made = new Request(request);
    if (!made.headers.has('idempotency-key')) {
      made.headers.set('idempotency-key', crypto.randomUUID());
    }
    return made;
  };
  const noted = async (request: Request, response: Response): Promise<Response> => {
    // A dry run tells of a version that nobody made.
    const isDry = new URL(request.url).searchParams.get('dryRun') === 'true';
    if (request.method === 'GET' || !response.ok || isDry) return response;
    written.note(
      await response
        .clone()
        .json()
        .catch(() => undefined),
    );
    return response;
  };
  const paused = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal.addEventListener('abort', abort, { once: true });
    });

  return async (given) => {
    const request = prepared(given);
    let isRenewed = false;
    for (let attempt = 1; ; attempt += 1) {
      const one = request.clone();
      one.headers.set('authorization', `Bearer ${await tokenOf(token)}`);
      let response: Response | undefined;
      let failure: unknown;
      try {
        response = await send(one);
      } catch (error) {
        if (request.signal.aborted) throw error;
        failure = error;
      }
      if (response?.status === UNAUTHORIZED && typeof token === 'function' && !isRenewed) {
        isRenewed = true;
        await response.body?.cancel();
        continue;
      }
      if (response !== undefined && !TEMPORARY.has(response.status))
        return noted(request, response);
      if (attempt >= attempts) {
        if (response !== undefined) return response;
        throw failure;
      }
      // What nobody reads would keep its connection.
      await response?.body?.cancel();
      onRetry?.(response === undefined ? String(failure) : `answered ${response.status}`, attempt);
      await paused(pauseOf(response, attempt, pauseMsMax), request.signal);
    }
  };
}
