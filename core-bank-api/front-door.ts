import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { Request, RequestHandler, Response } from 'express';
import { Failure } from '../platform/http/http.ts';
import { FRONT_DOOR, originOf } from '../platform/http/requests.ts';
import { namesOf } from '../platform/http/trace-context.ts';
import { errorText, type Logger } from '../platform/logger.ts';

/** To the first byte of an answer; an export or a stream may then take its time. */
const ANSWER_MS_MAX = 60_000;
const RETRY_AFTER = { 'Retry-After': '1' };

/** What is said of one connection only (RFC 9110, section 7.6.1). */
const OF_THE_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** A query has no body, and a client is no sidecar; the rest is said again. */
const NOT_SENT = [...OF_THE_CONNECTION, 'content-length', 'expect', 'host', 'dapr-api-token'];

/**
 * A request may name a server in its target (RFC 9112, section 3.2.2). Only the query API is ever
 * asked, so the rest of a target is passed on, as it was written.
 */
const SERVER = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** How queries reach the query API. */
export interface FrontDoorOptions {
  /** The base address of the query API, as its clients know it. */
  readonly queriesUrl: string;
  readonly logger: Logger;
  /** Milliseconds to the first byte of an answer. */
  readonly answerMsMax?: number;
}

/**
 * Passes a query on to the query API and its answer back, as it comes: so one address serves
 * commands and queries. It lends nothing of its own: the client's token is looked at there again,
 * and so is whose the object is. A query API that does not answer is 503 with Retry-After.
 */
export function frontDoor(options: FrontDoorOptions): RequestHandler {
  const { queriesUrl, logger, answerMsMax = ANSWER_MS_MAX } = options;
  const base = new URL(queriesUrl);
  const prefix = base.pathname.replace(/\/$/, '');
  const { request: send, Agent } = base.protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo' });

  /** Rejects when nothing of an answer comes; an answer that breaks off later is broken off too. */
  const ask = (request: Request, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = {
        ...without(request.headersDistinct, NOT_SENT),
        ...namesOf(request),
        [FRONT_DOOR]: originOf(request),
      };
      const path = prefix + request.originalUrl.replace(SERVER, '');
      const asked = send(base, { path, method: request.method, headers, agent, signal }, resolve);
      asked.setTimeout(answerMsMax, () => asked.destroy(new Error('no answer in time')));
      asked.once('error', reject);
      asked.once('response', () => asked.setTimeout(0));
      asked.end();
    });

  const passBack = async (answer: IncomingMessage, response: Response): Promise<void> => {
    response.writeHead(answer.statusCode ?? 502, without(answer.headers, OF_THE_CONNECTION));
    // A stream of events says nothing until the first one, but its client waits for the headers.
    response.flushHeaders();
    await pipeline(answer, response);
  };

  return async (request, response) => {
    if (response.destroyed) return;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      await passBack(await ask(request, gone.signal), response);
    } catch (error) {
      if (gone.signal.aborted) return;
      logger.warn('a query was not passed on', { path: request.path, error: errorText(error) });
      if (response.headersSent) return void response.destroy();
      const parts = { detail: 'The query API does not answer. Send the query again.' };
      throw new Failure('service-unavailable', parts, RETRY_AFTER, { cause: error });
    }
  };
}

type Headers = IncomingHttpHeaders | NodeJS.Dict<string[]>;
const without = (headers: Headers, names: readonly string[]): NodeJS.Dict<string | string[]> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
