import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import compression, { type CompressionFilter } from 'compression';
import express from 'express';
import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import { problem, type ProblemCode } from '../../contracts/http/problems.ts';
import { sameToken } from './app-token.ts';
import { Failure } from './failure.ts';
import { allowOrigins, foreignCheck } from './cross-origin-request.ts';
import { nameRequest, namesOf } from './trace-context.ts';
import { PROTECTED_LINES, protectAnswer } from './response-headers.ts';
import {
  boundConnections,
  SIDECAR_CONNECTIONS,
  type ConnectionBounds,
} from '../limits/connections.ts';
import { errorText, type Logger } from '../logger.ts';
import { followTlsFiles, readTlsFiles, type TlsFiles } from './tls.ts';

export { sameToken } from './app-token.ts';
export { jsonBody, parseObject } from './json-body.ts';
export { Failure } from './failure.ts';

const BODY_MS_MAX = 10_000;
/** Dapr's client keeps idle connections for 90 s; a server that closes first causes lost calls. */
const KEEP_ALIVE_MS = 120_000;
const HEADERS_MS_MAX = 5_000;
const CHECK_EVERY_MS = 1_000;
const CLOSE_IDLE_EVERY_MS = 20;
const LAST_ANSWERS_MS = 250;
/** Paths for monitoring, which need no token. */
const OPEN_PATHS = ['/healthz', '/metrics'];

/** What an app needs. */
export interface AppOptions {
  readonly logger: Logger;
  /** When set, every request except for health and metrics must send it as dapr-api-token. */
  readonly appToken?: string;
  /** Of an API for clients: its answers may be compressed, and these origins may read them. */
  readonly clients?: { readonly origins: readonly string[] };
}

/**
 * An Express app in which each path has exactly one spelling and which does not reveal its
 * software. Add the routes, then call `finish`.
 * @example
 * const app = createApp({ logger, appToken: config.APP_API_TOKEN });
 * app.get('/ping', (_request, response) => void response.json({}));
 * finish(app, logger);
 * await listen(app, config.APP_PORT);
 */
export function createApp(options: AppOptions): Express {
  const app = express();
  const { appToken, clients } = options;
  const whyForeign = foreignCheck(undefined, clients?.origins);
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(nameRequest);
  app.use((request, response, next) => {
    protectAnswer(request, response);
    next(whyForeign(request));
  });
  if (appToken !== undefined) app.use(requireToken(appToken));
  if (clients === undefined) return app;
  if (clients.origins.length > 0) app.use(allowOrigins(clients.origins));
  app.use(compressed);
  return app;
}

/** A stream of events is sent line by line: what waits to be compressed would come late. */
const isCompressed: CompressionFilter = (request, response) =>
  !String(response.getHeader('Content-Type')).startsWith('text/event-stream') &&
  compression.filter(request, response);

const compress = compression({ filter: isCompressed });
/** Who takes no compressed answers does not pay for the looking either. */
const compressed: RequestHandler = (request, response, next) => {
  if (request.headers['accept-encoding'] === undefined) next();
  else compress(request, response, next);
};

function requireToken(token: string): RequestHandler {
  return (request, response, next) => {
    const open = OPEN_PATHS.includes(request.path) || request.path.startsWith('/health/');
    if (open || sameToken(token, request.headers['dapr-api-token'])) next();
    else response.status(401).end();
  };
}

/**
 * Adds the answers for what no route took: OPTIONS with the methods of the path, 405 for another
 * method, 404 for an unknown path, and a problem document (RFC 9457) for every error.
 */
export function finish(app: Express, logger: Logger): void {
  app.use((request, response, next) => {
    const methods = methodsOf(app, request.path);
    if (methods.length === 0) return next(new Failure('route-not-found'));
    const Allow = methods.join(', ');
    if (request.method !== 'OPTIONS') return next(new Failure('method-not-allowed', {}, { Allow }));
    response.set({ Allow }).status(204).end();
  });
  const onError: ErrorRequestHandler = (error, request, response, _next) => {
    const failure = failureOf(error);
    const requestId = namesOf(request)['x-request-id'];
    const about = { path: request.path, requestId };
    if (failure.code === 'internal-error') {
      logger.error('a request failed', { ...about, error: errorText(error, true) });
    } else if (failure.cause !== undefined) {
      logger.debug('a request was not answered', { ...about, error: failure });
    }
    const { parts } = failure;
    const document = problem(failure.code, request.path, {
      ...parts,
      more: { requestId, ...parts.more },
    });
    // What was not read of the body would be taken for the next request of the connection.
    if (!request.complete) response.set('Connection', 'close');
    response.set({ 'Content-Type': 'application/problem+json', ...failure.headers });
    response.status(document.status).send(JSON.stringify(document));
  };
  app.use(onError);
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  // Express throws this for a path that is not valid percent-encoding.
  if (error instanceof URIError) return new Failure('route-not-found');
  return new Failure('internal-error');
}

/** The methods that the app's own routes serve at a path; what hides in a router is not named. */
function methodsOf(app: Express, path: string): readonly string[] {
  const layers = app.router.stack as readonly unknown[] as readonly RouteLayer[];
  const own = layers
    .filter(({ route }) => route !== undefined)
    .filter((layer) => path === '*' || layer.match(path))
    .flatMap(({ route }) => route?.stack ?? [])
    .map(({ method }) => method.toUpperCase());
  if (own.length === 0) return [];
  return [...new Set([...own, ...(own.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].toSorted();
}

/** What Express keeps of a route; its types lack `match`. */
interface RouteLayer {
  readonly route?: { readonly stack: readonly { readonly method: string }[] };
  match(path: string): boolean;
}

export type Server = http.Server | https.Server;

/** How a server listens; without TLS, and for sidecars only, when nothing is said. */
export interface ListenOptions {
  readonly connections?: ConnectionBounds;
  readonly tls?: TlsListening;
}

interface TlsListening extends TlsFiles {
  readonly logger: Logger;
  /** Clients are asked for a certificate; one that binds no token counts for nothing. */
  readonly asksForCertificate: boolean;
}

/** How long a server waits for a client: for a request, for its headers, and for more of them. */
export const SERVER_TIMES = {
  keepAliveTimeout: KEEP_ALIVE_MS,
  headersTimeout: HEADERS_MS_MAX,
  requestTimeout: BODY_MS_MAX,
  connectionsCheckingInterval: CHECK_EVERY_MS,
};
export type ServerTimes = Readonly<typeof SERVER_TIMES>;

/**
 * Listens, on loopback unless LISTEN_HOST names another address. Input that is not HTTP gets a
 * problem document too.
 * @returns rejects when the port is taken.
 */
export async function listen(
  app: RequestListener,
  port: number,
  { connections = SIDECAR_CONNECTIONS, tls }: ListenOptions = {},
): Promise<Server> {
  const server = tls === undefined ? http.createServer(SERVER_TIMES, app) : secureServer(app, tls);
  boundConnections(server, connections);
  const last = new WeakMap<Duplex, http.ServerResponse>();
  server.on('request', ({ socket }: http.IncomingMessage, response: http.ServerResponse) =>
    last.set(socket, response),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    refuse(error, socket, last.get(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, listenHost(), resolve);
  });
  return server;
}

function secureServer(app: RequestListener, files: TlsListening): https.Server {
  const options = { ...SERVER_TIMES, handshakeTimeout: HEADERS_MS_MAX, ...readTlsFiles(files) };
  // Who issued it is of no matter: the handshake shows that the client has its key, and the token
  // names it by its thumbprint (RFC 8705, section 6.2).
  const asking = { requestCert: files.asksForCertificate, rejectUnauthorized: false };
  const server = https.createServer({ ...options, ...asking }, app);
  server.once('close', followTlsFiles(server, files, files.logger));
  return server;
}

/** Takes no new connection and resolves once every request that had arrived is answered. */
export async function stopListening(server: Server): Promise<void> {
  server.prependListener('request', (_request, response: http.ServerResponse) => {
    response.setHeader('Connection', 'close');
  });
  // http's own close ends idle connections at once, and with them the request that is just on its
  // way. So a client learns of the end from its next answer; who asks no more is closed later.
  const closed = new Promise<void>((resolve) => {
    net.Server.prototype.close.call(server, () => resolve());
  });
  await Promise.race([closed, sleep(LAST_ANSWERS_MS)]);
  const closing = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
  await closed;
  clearInterval(closing);
}

/**
 * The address to listen on. In a container the sidecar has its own address, which LISTEN_HOST
 * allows for.
 */
export const listenHost = (): string => process.env['LISTEN_HOST'] ?? '127.0.0.1';

function refuse(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  last: http.ServerResponse | undefined,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // What came after a whole request must not be answered in its place.
  if (last?.req.complete === true && !last.writableFinished) {
    last.once('finish', () => socket.end());
    return;
  }
  const document = problem(codeOf(error.code), '/');
  const body = JSON.stringify(document);
  socket.end(
    `HTTP/1.1 ${document.status} ${http.STATUS_CODES[document.status]}\r\n` +
      `${PROTECTED_LINES}Content-Type: application/problem+json\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function codeOf(error: string | undefined): ProblemCode {
  switch (error) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request-timeout';
    case 'HPE_HEADER_OVERFLOW':
      return 'headers-too-large';
    default:
      return 'invalid-request';
  }
}
