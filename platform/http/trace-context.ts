import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { IncomingMessage } from 'node:http';

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const REQUEST_ID_HEADER = 'x-request-id';

/** The trace context (W3C Trace Context) if it is valid; otherwise a new one. */
export function validTraceparent(text: unknown): string {
  if (typeof text === 'string' && TRACEPARENT.test(text)) return text;
  // Ids from Node's pool of random bytes: asking the kernel for each cost 5% of the API.
  const span = randomUUID().replaceAll('-', '').slice(16);
  return `00-${randomUUID().replaceAll('-', '')}-${span}-00`;
}

/**
 * Gives each request the id and the trace context that its client sent, or new ones where those are
 * missing or malformed, and tells both in the answer: with them a client names a request to whom
 * operates the bank.
 */
export const nameRequest: RequestHandler = (request, response, next) => {
  const given = request.headers[REQUEST_ID_HEADER];
  const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  const traceparent = validTraceparent(request.headers['traceparent']);
  Object.assign(request.headers, { [REQUEST_ID_HEADER]: id, traceparent });
  response.set({ 'X-Request-Id': id, traceparent });
  next();
};

/** The headers that name a request, as `nameRequest` left them. */
export function namesOf({
  headers,
}: IncomingMessage): Record<'x-request-id' | 'traceparent', string> {
  const of = (name: string): string => String(headers[name] ?? '');
  return { [REQUEST_ID_HEADER]: of(REQUEST_ID_HEADER), traceparent: of('traceparent') };
}
