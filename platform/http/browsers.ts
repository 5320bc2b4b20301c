import cors from 'cors';
import type { RequestHandler } from 'express';

const ASKED = ['Authorization', 'DPoP', 'Content-Type', 'Idempotency-Key', 'If-Match'];
const NAMES = ['X-Request-Id', 'traceparent'];
const ANSWERED = [
  'ETag',
  'Location',
  'Idempotency-Key',
  'Idempotency-Replayed',
  'Retry-After',
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
