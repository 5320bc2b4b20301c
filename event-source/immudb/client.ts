import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { batcher, QueueFull } from '../../platform/batcher.ts';
import { LogUnavailable, TamperError } from '../log/event-log.ts';
import type { Call, ImmudbCalls } from './wire.ts';

/** How to reach immudb. */
export interface ImmudbOptions {
  /** Path of immudb.proto. */
  readonly proto: string;
  /** host:port */
  readonly address: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
// With the 64 KiB of HTTP/2 a page would stop arriving whenever this process computes.
const WINDOW_BYTES = 8 * 1024 * 1024;
/** immudb refuses more at once (maxConcurrency in runtime/programs), and writes with them. */
const PROOFS_AT_ONCE_MAX = 8;
const PROOFS_WAITING_MAX = 1_000;
const CALL_MS_MAX = 10_000;
// A session dies after three minutes without a call.
const KEEP_ALIVE_MS = 60_000;
const RECONNECT_MS_MIN = 100;
const RECONNECT_MS_MAX = 1_000;

/** A write found another state than its preconditions demand; nothing was written. */
export class PreconditionFailed extends Error {}
/** The answer has more bytes than a client accepts: ask for less. */
export class AnswerTooLarge extends Error {}
class SessionLost extends Error {}

/** Whether immudb says that nobody wrote the key, or that it was deleted or has expired. */
export const isKeyMissing = (error: unknown): boolean => /key not found/.test(String(error));

type Unary = (
  request: object,
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
  done: (error: grpc.ServiceError | null, answer: object) => void,
) => void;

/** The definition of immudb's service; unknown members of a request are dropped silently. */
export function immudbService(proto: string): grpc.ServiceDefinition {
  const definition = loadSync(proto, {
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  return definition['immudb.schema.ImmuService'] as unknown as grpc.ServiceDefinition;
}

export type ImmudbClient = ReturnType<typeof immudbClient>;
/** One call to immudb by its name. */
export type Ask = <Name extends Call>(
  name: Name,
  request: ImmudbCalls[Name][0],
) => Promise<ImmudbCalls[Name][1]>;

/**
 * Calls immudb in one session, which is opened with the first call and again when the server has
 * lost it. A call that rejects with LogUnavailable may or may not have been executed. Replacing the
 * server loses the session, so each new session is verified before anything else is asked of it.
 * @param welcome verifies the server at the start of a session; when it rejects, so does every
 *   call.
 */
export function immudbClient(
  options: ImmudbOptions,
  welcome: (ask: Ask) => Promise<void> = () => Promise.resolve(),
) {
  const Client = grpc.makeClientConstructor(immudbService(options.proto), 'ImmuService');
  const client = new Client(options.address, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc-node.flow_control_window': WINDOW_BYTES,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS_MIN,
    'grpc.min_reconnect_backoff_ms': RECONNECT_MS_MIN,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
  });
  const unary = unaryOf(client);
  let session: Promise<grpc.Metadata> | undefined;

  const openSession = async (): Promise<grpc.Metadata> => {
    const { sessionID } = await unary(
      'OpenSession',
      {
        username: Buffer.from(options.user),
        password: Buffer.from(options.password),
        databaseName: options.database,
      },
      new grpc.Metadata(),
    );
    const metadata = new grpc.Metadata();
    metadata.set('sessionid', sessionID);
    try {
      await welcome((name, request) => unary(name, request, metadata));
    } catch (error) {
      // The server keeps few sessions, and forgets those that are not closed only after minutes.
      await unary('CloseSession', {}, metadata).catch(() => {});
      throw error;
    }
    return metadata;
  };
  const current = (): Promise<grpc.Metadata> => {
    session ??= openSession().catch((error: unknown) => {
      session = undefined;
      throw error;
    });
    return session;
  };

  // A lost session is refused before anything is executed, so every call may be repeated.
  const callNow = async <Name extends Call>(
    name: Name,
    request: ImmudbCalls[Name][0],
  ): Promise<ImmudbCalls[Name][1]> => {
    const opened = current();
    try {
      return await unary(name, request, await opened);
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      if (session === opened) session = undefined;
      return await unary(name, request, await current());
    }
  };

  const limits = { itemsMax: 1, inFlightMax: PROOFS_AT_ONCE_MAX, waitingMax: PROOFS_WAITING_MAX };
  const inQueue = batcher<() => Promise<unknown>, unknown>(limits, async ([run]) => [await run!()]);
  const call: Ask = async (name, request) => {
    if (name !== 'VerifiableGet' && name !== 'VerifiableTxById') return callNow(name, request);
    const answer = inQueue(() => callNow(name, request)).catch((error: unknown) => {
      if (!(error instanceof QueueFull)) throw error;
      throw new LogUnavailable(error.message, { cause: error });
    });
    return (await answer) as ImmudbCalls[typeof name][1];
  };

  const alive = setInterval(() => void call('KeepAlive', {}).catch(() => {}), KEEP_ALIVE_MS);
  alive.unref();
  return {
    call,
    /** The next call opens a new session, so that the server is verified first. */
    leave(): void {
      const left = session;
      session = undefined;
      void left?.then((metadata) => unary('CloseSession', {}, metadata)).catch(() => {});
    },
    async close(): Promise<void> {
      clearInterval(alive);
      const opened = session;
      if (opened !== undefined) {
        await opened.then((metadata) => unary('CloseSession', {}, metadata)).catch(() => {});
      }
      client.close();
    },
  };
}

function unaryOf(client: grpc.Client) {
  return <Name extends Call>(
    name: Name,
    request: ImmudbCalls[Name][0],
    metadata: grpc.Metadata,
  ): Promise<ImmudbCalls[Name][1]> =>
    new Promise((resolve, reject) => {
      const method = (client as unknown as Record<Name, Unary>)[name].bind(client);
      method(request, metadata, { deadline: Date.now() + CALL_MS_MAX }, (error, answer) => {
        if (error) reject(failureOf(name, error));
        else resolve(answer as ImmudbCalls[Name][1]);
      });
    });
}

// Many errors of immudb carry only a text, so all of them are distinguished here only.
function failureOf(call: string, error: grpc.ServiceError): Error {
  const message = `immudb ${call}: ${error.details}`;
  const because = { cause: error };
  if (/session not found|no session|not logged in/i.test(error.details)) {
    return new SessionLost(message, because);
  }
  if (error.code === grpc.status.FAILED_PRECONDITION && /precondition/.test(error.details)) {
    return new PreconditionFailed(message, because);
  }
  if (error.code === grpc.status.RESOURCE_EXHAUSTED && /larger than max/.test(error.details)) {
    return new AnswerTooLarge(message, because);
  }
  if (/corrupted|digest mismatch/i.test(error.details)) {
    return new TamperError('the log', `was changed on its disk: ${message}`, because);
  }
  const passing = /read conflict|concurrency limit|pool exhausted|max sessions|already closed/i;
  switch (error.code) {
    case grpc.status.UNAVAILABLE:
    case grpc.status.DEADLINE_EXCEEDED:
    case grpc.status.CANCELLED:
      return new LogUnavailable(message, because);
    default:
      return passing.test(error.details)
        ? new LogUnavailable(message, because)
        : new Error(message, because);
  }
}
