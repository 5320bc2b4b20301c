import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ACTOR_TYPE, executeRequest, type ExecuteAnswer } from '../contracts/commands.ts';
import { ACCOUNT_ID_PATTERN, accountId } from '../domain/ids.ts';
import { sameToken } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import type { Accounts } from './accounts.ts';

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const ACTOR_PATH = /^\/actors\/([A-Za-z]+)\/([^/]+)(?:\/method\/([a-z]+)(?:\/.*)?)?$/;

export interface ActorHostOptions {
  readonly accounts: Accounts;
  /** Resolves when commands may be taken. */
  readonly started: Promise<void>;
  readonly appToken: string;
  readonly logger: Logger;
  /** Takes the requests that are not for an actor. */
  readonly otherwise: RequestListener;
}

/**
 * What Dapr is told of this host (its actor protocol, GET /dapr/config). Draining waits for
 * turns that are under way; reminders are not used.
 */
export const ACTOR_CONFIG = {
  entities: [ACTOR_TYPE],
  actorIdleTimeout: '10m',
  drainOngoingCallTimeout: '5s',
  drainRebalancedActors: true,
};

/**
 * Serves the actor routes of Dapr's actor protocol (docs.dapr.io, actors API): PUT
 * actors/{type}/{id}/method/{method} and DELETE actors/{type}/{id}. On plain node:http,
 * because every command passes here. A refusal travels as 200: Dapr would turn any other
 * status into an error without its body.
 */
export function actorHost(options: ActorHostOptions): RequestListener {
  const { accounts, logger } = options;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, type, id = '', method] = ACTOR_PATH.exec(request.url ?? '') ?? [];
    if (!sameToken(options.appToken, request.headers['dapr-api-token'])) {
      answer(response, 401);
    } else if (request.headers['dapr-callee-app-id'] !== undefined) {
      // Only service invocation names a callee. It reaches this path too, from any app, past
      // the actor's placement and the sidecars' rules on who may call actors.
      answer(response, 403);
    } else if (type !== ACTOR_TYPE || !ACCOUNT_ID_PATTERN.test(id)) {
      answer(response, 404);
    } else if (request.method === 'DELETE') {
      await accounts.deactivate(accountId(id));
      answer(response, 200);
    } else if (request.method === 'PUT' && method === 'execute') {
      const body = executeRequest.parse(JSON.parse(await read(request)));
      await options.started;
      const results = await accounts.execute(accountId(id), body.commands);
      answer(response, 200, { results } satisfies ExecuteAnswer);
    } else {
      answer(response, 404);
    }
  };

  return (request, response) => {
    if (!request.url?.startsWith('/actors/')) {
      options.otherwise(request, response);
      return;
    }
    serve(request, response).catch((error: unknown) => {
      logger.error('an actor call failed', { url: request.url, error: String(error) });
      if (!response.headersSent) answer(response, 500);
      else response.destroy();
    });
  };
}

function answer(response: ServerResponse, status: number, body?: object): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function read(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) reject(new Error('the body is too large'));
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}
