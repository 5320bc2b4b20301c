import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2, {
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import net, { type AddressInfo, type Socket } from 'node:net';
import { problem } from '../../contracts/http/problems.ts';
import { boundConnections, SIDECAR_CONNECTIONS } from '../limits/connections.ts';
import { foreignCheck } from './cross-origin-request.ts';
import { listenHost, SERVER_TIMES, type ServerTimes } from './http.ts';
import { protectAnswer } from './response-headers.ts';

/** A request over HTTP/1.1 or HTTP/2. */
export type EitherRequest = IncomingMessage | Http2ServerRequest;
/** A response over HTTP/1.1 or HTTP/2. */
export type EitherResponse = ServerResponse | Http2ServerResponse;
/** Serves requests over both. */
export type EitherListener = (request: EitherRequest, response: EitherResponse) => void;

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Stops listening and ends every connection. */
  readonly close: () => void;
}

const PREFACE = 'PRI';
/** Far more than a sidecar has under way on one connection. */
const STREAMS_MAX = 1_000;

/**
 * Listens for HTTP/1.1 and for HTTP/2 without TLS (prior knowledge, RFC 9113 section 3.3) on one
 * port. A sidecar with app-protocol h2c sends many calls over one connection, so one wake-up and
 * one write serve several of them; people and probes use HTTP/1.1. A client that says nothing, or
 * does not finish what was begun, is cut off after `times`.
 * @returns rejects when the port is taken.
 */
export async function listenH2c(
  listener: EitherListener,
  port: number,
  times: ServerTimes = SERVER_TIMES,
): Promise<Listening> {
  const one = plainServer(listener, times);
  const two = http2.createServer({ settings: { maxConcurrentStreams: STREAMS_MAX } }, listener);
  two.on('session', (session) => boundSession(session, times));
  const sockets = new Set<Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    dispatch(socket, one, two, times);
  });
  boundConnections(server, SIDECAR_CONNECTIONS);
  const slow = () => giveUpSlowBodies(times.requestTimeout);
  const look = setInterval(slow, times.connectionsCheckingInterval);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, listenHost(), resolve);
  });
  const close = (): void => {
    server.close();
    one.close();
    clearInterval(look);
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** The HTTP/1.1 side, which does not listen itself. */
function plainServer(listener: EitherListener, times: ServerTimes): http.Server {
  const whyForeign = foreignCheck();
  // No browser comes by HTTP/2 without TLS, so only these may be from a web page, and only their
  // answers need headers for browsers, which a sidecar would carry on with each command.
  const server = http.createServer(times, (request, response) => {
    protectAnswer(request, response);
    const foreign = whyForeign(request);
    if (foreign === undefined) return listener(request, response);
    const document = problem(foreign.code, request.url ?? '/');
    answer(response, document.status, document);
  });
  // With this event node begins to look for connections that are too slow.
  server.emit('listening');
  return server;
}

/** Ends a session without a first request in time, and one on which nothing happens any more. */
function boundSession(session: ServerHttp2Session, times: ServerTimes): void {
  const first = setTimeout(() => session.destroy(), times.headersTimeout);
  session.once('stream', () => clearTimeout(first));
  session.once('close', () => clearTimeout(first));
  session.setTimeout(times.keepAliveTimeout, () => session.destroy());
}

function dispatch(
  socket: Socket,
  one: http.Server,
  two: http2.Http2Server,
  times: ServerTimes,
): void {
  socket.on('error', () => socket.destroy());
  const silent = setTimeout(() => socket.destroy(), times.headersTimeout);
  socket.once('close', () => clearTimeout(silent));
  socket.once('readable', () => {
    const start = socket.read() as Buffer | null;
    if (start === null) return;
    clearTimeout(silent);
    socket.unshift(start);
    const chosen = start.toString('latin1', 0, PREFACE.length) === PREFACE ? two : one;
    chosen.emit('connection', socket);
  });
}

/** Answers JSON, or only the status when there is no body. */
export function answer(response: EitherResponse, status: number, body?: unknown): void {
  answerText(response, status, body === undefined ? '' : JSON.stringify(body));
}

/** Answers a text, which is JSON already unless another type is named. */
export function answerText(
  response: EitherResponse,
  status: number,
  text: string,
  type = 'application/json',
): void {
  response.statusCode = status;
  response.setHeader('content-type', type);
  response.setHeader('content-length', Buffer.byteLength(text));
  response.end(text);
}

/** A body on its way, since a moment of the process's clock. */
interface Reading {
  readonly sinceMs: number;
  readonly giveUp: () => void;
}
// A timer for each would cost more than the rest of the reading.
const readings = new Set<Reading>();

function giveUpSlowBodies(msMax: number): void {
  const now = performance.now();
  for (const reading of readings) {
    if (now - reading.sinceMs < msMax) return;
    readings.delete(reading);
    reading.giveUp();
  }
}

/**
 * Reads a body as UTF-8 text; rejects when it is longer than `bytesMax`, or not whole after the
 * time that a server of `listenH2c` gives it.
 */
export function readText(request: EitherRequest, bytesMax: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const giveUp = () => reject(new Error('the body came too slowly'));
    const reading = { sinceMs: performance.now(), giveUp };
    readings.add(reading);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) reject(new Error('the body is too large'));
      else chunks.push(chunk);
    });
    request.on('end', () => {
      readings.delete(reading);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
    request.on('error', reject);
  });
}
