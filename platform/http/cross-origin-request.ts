import cors from 'cors';
import type { RequestHandler } from 'express';
import type { IncomingMessage } from 'node:http';
import { Failure } from './failure.ts';

/** What loopback is called in every browser, whatever a name server says. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const NAME_AND_PORT = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::[0-9]{1,5})?$/;
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Further names of this server, for who comes by a proxy or a name of the network. */
const configuredNames = (): readonly string[] =>
  (process.env['ALLOWED_HOSTS'] ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);

/** Whether an address is one of this server, by a name of loopback or a configured one. */
export function isOwnAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { hostname } = new URL(address);
  return LOOPBACK_NAMES.includes(hostname) || configuredNames().includes(hostname);
}

/**
 * Detects requests that a foreign web page makes a browser send. A page whose name its owner points
 * to 127.0.0.1 (DNS rebinding) has the same origin for the browser and could read every answer:
 * only the Host header reveals it. A page under its own name can read nothing, but may send a POST
 * that needs no preflight: its Origin header reveals it.
 * @param names further names of this server, besides those of loopback.
 * @param pages origins of web pages of others that may send requests.
 * @returns a function that answers the failure, or undefined for a request that may be served.
 */
export function foreignCheck(
  names = configuredNames(),
  pages: readonly string[] = [],
): (request: IncomingMessage) => Failure | undefined {
  const known = new Set([...LOOPBACK_NAMES, ...names]);
  return ({ headersDistinct, method = '', socket }) => {
    const { host: hosts = [], origin: origins = [] } = headersDistinct;
    const host = hosts[0]?.toLowerCase() ?? '';
    const name = NAME_AND_PORT.exec(host)?.[1];
    const isKnown = name !== undefined && (known.has(name) || name === addressOf(socket));
    if (hosts.length !== 1 || !isKnown) return new Failure('misdirected-request');
    if (origins.length === 0 || SAFE_METHODS.has(method)) return undefined;
    const isOwn = (origin: string): boolean => {
      if (pages.includes(origin)) return true;
      if (!URL.canParse(origin)) return false;
      const url = new URL(origin);
      return url.host === host || names.includes(url.hostname);
    };
    return origins.every(isOwn) ? undefined : new Failure('foreign-origin');
  };
}

/** The address that the connection came to, as a Host names it: no page can be of that origin. */
function addressOf({ localAddress = '' }: IncomingMessage['socket']): string {
  const address = localAddress.replace(/^::ffff:/, '');
  return address.includes(':') ? `[${address}]` : address;
}

const ASKED = ['Authorization', 'DPoP', 'Content-Type', 'Idempotency-Key', 'If-Match'];
const NAMES = ['X-Request-Id', 'traceparent'];
const ANSWERED = [
  'ETag',
  'Location',
  'Idempotency-Key',
  'Idempotency-Replayed',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'WWW-Authenticate',
  'Content-Disposition',
];
const PREFLIGHT_SECONDS = 600;

/**
 * Lets web pages of these origins call an API (CORS, Fetch Standard): their browsers may send its
 * headers and read its answers. Tokens come in a header, so no page ever needs cookies.
 */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  const allow = cors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH'],
    allowedHeaders: [...ASKED, ...NAMES],
    exposedHeaders: [...ANSWERED, ...NAMES],
    maxAge: PREFLIGHT_SECONDS,
  });
  return (request, response, next) => {
    response.vary('Origin');
    if (origins.includes(request.headers.origin ?? '')) allow(request, response, next);
    else next();
  };
}
