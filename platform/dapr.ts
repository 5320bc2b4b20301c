import { namespaceOf } from '../contracts/access/namespaces.ts';
import { Pool } from 'undici';

/** A call to the sidecar without an answer: its outcome is unknown. */
export class SidecarError extends Error {
  /** HTTP status of the sidecar; undefined when there was none. */
  readonly status: number | undefined;
  /** What another service said instead of an answer. */
  readonly body: unknown;

  constructor(message: string, status?: number, more: ErrorOptions & { body?: unknown } = {}) {
    super(message, more);
    this.status = status;
    this.body = more.body;
  }
}

/** Where the sidecar is. `host` is 127.0.0.1 and `connections` 128 when missing. */
export interface SidecarOptions {
  readonly httpPort: number;
  readonly apiToken: string;
  readonly host?: string;
  readonly connections?: number;
  /** Whether the sidecar records traces; CORE_BANK_TRACES says so when unset. */
  readonly traced?: boolean;
}

export type Sidecar = ReturnType<typeof sidecar>;

/** Time-out of a call's headers and of its body. */
const CALL_MS_MAX = 10_000;

const TRACEPARENT = /"traceparent":"(00-[0-9a-f]{32}-[0-9a-f]{16}-)[0-9a-f]{2}"/;

/**
 * The W3C trace context that a body names first, marked as one to record: who sends one command at
 * a time finds its whole walk in one trace. Of what travels together only the first is named.
 */
const tracedBy = (body: string): { traceparent?: string } => {
  const named = TRACEPARENT.exec(body)?.[1];
  return named === undefined ? {} : { traceparent: `${named}01` };
};

/**
 * Dapr's HTTP API as far as the hot paths need it. The JS SDK has no time-outs, does not bound its
 * sockets and costs several times the CPU (docs/decisions), so it is used only for publishing, see
 * dapr-publisher.ts. Every call rejects with a SidecarError when its outcome is unknown.
 * @example
 * const dapr = sidecar({ httpPort: 3500, apiToken });
 * const { status, body } = await dapr.invokeService('event-source', 'GET', 'log/events?after=0');
 */
export function sidecar(options: SidecarOptions) {
  const host = options.host ?? process.env['DAPR_HOST'] ?? '127.0.0.1';
  const pool = new Pool(`http://${host}:${options.httpPort}`, {
    connections: options.connections ?? 128,
    headersTimeout: CALL_MS_MAX,
    bodyTimeout: CALL_MS_MAX,
    keepAliveTimeout: 60_000,
  });
  const headers = { 'dapr-api-token': options.apiToken };
  const isTraced = options.traced ?? Boolean(process.env['CORE_BANK_TRACES']);

  const call = async (
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: object | string,
    type = 'application/json',
  ): Promise<{ status: number; text: string }> => {
    try {
      const sent = typeof body === 'object' ? JSON.stringify(body) : (body ?? null);
      const typed = { ...headers, 'content-type': type };
      const answer = await pool.request({
        method,
        path,
        headers: isTraced ? { ...typed, ...tracedBy(String(sent)) } : typed,
        body: sent,
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (error) {
      throw new SidecarError(`${method} ${path}: ${String(error)}`, undefined, { cause: error });
    }
  };

  return {
    /**
     * Calls an actor with a text, and gives the text that it answers; anything but 200 is unknown,
     * because refusals travel as 200.
     */
    async invokeActor(type: string, id: string, method: string, body: string): Promise<string> {
      const answer = await call('PUT', `/v1.0/actors/${type}/${id}/method/${method}`, body);
      if (answer.status === 200) return answer.text;
      throw new SidecarError(`actor ${type}/${id}: ${answer.text.slice(0, 500)}`, answer.status);
    },

    /**
     * Publishes a text; rejects unless the broker took it. As plain text it arrives as it is, and
     * the sidecars need not read it.
     */
    async publish(pubsub: string, topic: string, text: string): Promise<void> {
      const answer = await call('POST', `/v1.0/publish/${pubsub}/${topic}`, text, 'text/plain');
      if (answer.status === 204 || answer.status === 200) return;
      throw new SidecarError(`publish to ${topic}: ${answer.text.slice(0, 500)}`, answer.status);
    },

    /** Asks another service with a text; `path` has no leading slash. Gives what it answers. */
    async postToService(app: string, path: string, body: string): Promise<string> {
      const answer = await call('POST', `${invocation(app)}/${path}`, body);
      if (answer.status === 200) return answer.text;
      throw new SidecarError(`service ${app}: ${answer.text.slice(0, 500)}`, answer.status);
    },

    /** Calls another service; `path` has no leading slash. */
    async invokeService(
      app: string,
      method: 'GET' | 'POST',
      path: string,
      body?: object,
    ): Promise<{ status: number; body: unknown }> {
      const answer = await call(method, `${invocation(app)}/${path}`, body);
      if (answer.status >= 500 && answer.text.includes('ERR_DIRECT_INVOKE')) {
        throw new SidecarError(`service ${app}: ${answer.text.slice(0, 500)}`, answer.status);
      }
      return { status: answer.status, body: answer.text === '' ? undefined : parse(answer.text) };
    },

    /** Whether the sidecar's outbound side (components, control plane) is ready. */
    async ready(): Promise<boolean> {
      try {
        return (await call('GET', '/v1.0/healthz/outbound')).status === 204;
      } catch {
        return false;
      }
    },

    /** Resolves once the calls under way have ended. */
    close: (): Promise<void> => pool.close(),
  };
}

/** Where the sidecar takes calls for an app, wherever that is: by its id and its namespace. */
const invocation = (app: string): string => `/v1.0/invoke/${app}.${namespaceOf(app)}/method`;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SidecarError(`not JSON: ${text.slice(0, 200)}`, undefined, { cause: error });
  }
}
