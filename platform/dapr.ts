import { Pool } from 'undici';

/** A call to the sidecar that did not give an answer: its outcome is unknown. */
export class SidecarError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export type StateOperation =
  /** Written only when the key does not exist yet. */
  | { readonly insert: string; readonly value: unknown }
  | { readonly put: string; readonly value: unknown }
  | { readonly delete: string };

export interface SidecarOptions {
  readonly httpPort: number;
  readonly apiToken: string;
  readonly host?: string;
  readonly connections?: number;
}

export type Sidecar = ReturnType<typeof sidecar>;

const CALL_MS_MAX = 10_000;

/**
 * Dapr's HTTP API as far as the hot paths need it. The JS SDK has no time limits, keeps no
 * bounds on its sockets and costs several times the CPU (docs/decisions), so it is used only
 * for publishing, see dapr-publisher.ts.
 */
export function sidecar(options: SidecarOptions) {
  const host = options.host ?? process.env['DAPR_HOST'] ?? '127.0.0.1';
  const pool = new Pool(`http://${host}:${options.httpPort}`, {
    connections: options.connections ?? 128,
    headersTimeout: CALL_MS_MAX,
    bodyTimeout: CALL_MS_MAX,
    keepAliveTimeout: 60_000,
  });
  const headers = { 'dapr-api-token': options.apiToken, 'content-type': 'application/json' };

  const call = async (
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: unknown,
  ): Promise<{ status: number; text: string }> => {
    try {
      const answer = await pool.request({
        method,
        path,
        headers,
        body: body === undefined || Buffer.isBuffer(body) ? (body ?? null) : JSON.stringify(body),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (error) {
      throw new SidecarError(`${method} ${path}: ${String(error)}`);
    }
  };

  return {
    /** Calls an actor; anything but 200 is unknown, because refusals travel as 200. */
    async invokeActor(type: string, id: string, method: string, body: unknown): Promise<unknown> {
      const answer = await call('PUT', `/v1.0/actors/${type}/${id}/method/${method}`, body);
      if (answer.status === 200) return parse(answer.text);
      throw new SidecarError(`actor ${type}/${id}: ${answer.text.slice(0, 500)}`, answer.status);
    },

    /** Publishes data that is JSON already; rejects unless the broker took it. */
    async publish(pubsub: string, topic: string, json: Buffer): Promise<void> {
      const answer = await call('POST', `/v1.0/publish/${pubsub}/${topic}`, json);
      if (answer.status === 204 || answer.status === 200) return;
      throw new SidecarError(`publish to ${topic}: ${answer.text.slice(0, 500)}`, answer.status);
    },

    /** Calls another service; `path` has no leading slash. */
    async invokeService(
      app: string,
      method: 'GET' | 'POST',
      path: string,
      body?: unknown,
    ): Promise<{ status: number; body: unknown }> {
      const answer = await call(method, `/v1.0/invoke/${app}/method/${path}`, body);
      if (answer.status >= 500 && answer.text.includes('ERR_DIRECT_INVOKE')) {
        throw new SidecarError(`service ${app}: ${answer.text.slice(0, 500)}`, answer.status);
      }
      return { status: answer.status, body: answer.text === '' ? undefined : parse(answer.text) };
    },

    /**
     * Writes all operations or none. A key that exists already and was to be inserted makes a
     * conflict; every other failure throws, and then the outcome is unknown.
     */
    async transact(
      store: string,
      operations: readonly StateOperation[],
    ): Promise<'committed' | 'conflict'> {
      const answer = await call('POST', `/v1.0/state/${store}/transaction`, {
        operations: operations.map(toDapr),
      });
      if (answer.status === 204 || answer.status === 200) return 'committed';
      if (answer.text.includes('no item was updated')) return 'conflict';
      throw new SidecarError(`transaction: ${answer.text.slice(0, 500)}`, answer.status);
    },

    /**
     * Reads many keys at once. What is in the answer is right; what is missing may exist: when
     * the connection to PostgreSQL dies while rows are read, Dapr 1.18 tells of those that came
     * and of no error. Only `readState` says for certain that there is nothing.
     */
    async readStates(store: string, keys: readonly string[]): Promise<Map<string, unknown>> {
      const answer = await call('POST', `/v1.0/state/${store}/bulk`, { keys, parallelism: 8 });
      if (answer.status !== 200) {
        throw new SidecarError(`bulk read: ${answer.text.slice(0, 500)}`, answer.status);
      }
      const found = new Map<string, unknown>();
      for (const row of parse(answer.text) as { key: string; data?: unknown; error?: string }[]) {
        if (row.error) throw new SidecarError(`bulk read of ${row.key}: ${row.error}`);
        if (row.data !== undefined && row.data !== null) found.set(row.key, row.data);
      }
      return found;
    },

    /** The value of a key, undefined when there is none. */
    async readState(store: string, key: string): Promise<unknown> {
      const answer = await call('GET', `/v1.0/state/${store}/${encodeURIComponent(key)}`);
      if (answer.status === 204) return undefined;
      if (answer.status === 200) return parse(answer.text);
      throw new SidecarError(`read of ${key}: ${answer.text.slice(0, 500)}`, answer.status);
    },

    /** Whether the sidecar's outbound side (components, control plane) is ready. */
    async ready(): Promise<boolean> {
      try {
        return (await call('GET', '/v1.0/healthz/outbound')).status === 204;
      } catch {
        return false;
      }
    },

    close: (): Promise<void> => pool.close(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SidecarError(`not JSON: ${text.slice(0, 200)}`);
  }
}

function toDapr(operation: StateOperation): object {
  if ('delete' in operation) {
    return { operation: 'delete', request: { key: operation.delete } };
  }
  if ('put' in operation) {
    return { operation: 'upsert', request: { key: operation.put, value: operation.value } };
  }
  const { insert: key, value } = operation;
  const options = { concurrency: 'first-write', consistency: 'strong' };
  return { operation: 'upsert', request: { key, value, options } };
}
