import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import net, { type AddressInfo, type Socket } from 'node:net';
import { problem } from '../../contracts/http/problems.ts';
import { foreignCheck } from './cross-origin-request.ts';
import { KEEP_ALIVE_MS, listenHost } from './http.ts';

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

/**
 * Listens for HTTP/1.1 and for HTTP/2 without TLS (prior knowledge, RFC 9113 section 3.3) on one
 * port. A sidecar with app-protocol h2c sends many calls over one connection, so one wake-up and
 * one write serve several of them; people and probes use HTTP/1.1.
 * @returns rejects when the port is taken.
 */
export async function listenH2c(listener: EitherListener, port: number): Promise<Listening> {
  const whyForeign = foreignCheck();
  // No browser comes by HTTP/2 without TLS, so only these may be from a web page.
  const one = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const foreign = whyForeign(request);
    if (foreign === undefined) return listener(request, response);
    const document = problem(foreign.code, request.url ?? '/');
    answer(response, document.status, document);
  });
  const two = http2.createServer({}, listener);
  const sockets = new Set<Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    dispatch(socket, one, two);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, listenHost(), resolve);
  });
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

function dispatch(socket: Socket, one: http.Server, two: http2.Http2Server): void {
  socket.on('error', () => socket.destroy());
  socket.once('readable', () => {
    const start = socket.read() as Buffer | null;
    if (start === null) return;
    socket.unshift(start);
    const chosen = start.toString('latin1', 0, PREFACE.length) === PREFACE ? two : one;
    chosen.emit('connection', socket);
  });
}

/** Answers JSON, or only the status when there is no body. */
export function answer(response: EitherResponse, status: number, body?: unknown): void {
  answerText(response, status, body === undefined ? '' : JSON.stringify(body));
}

/** Answers a text that is JSON already. */
export function answerText(response: EitherResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', Buffer.byteLength(text));
  response.end(text);
}

/** Reads a body as UTF-8 text; rejects when it is longer than `bytesMax`. */
export function readText(request: EitherRequest, bytesMax: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) reject(new Error('the body is too large'));
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}
