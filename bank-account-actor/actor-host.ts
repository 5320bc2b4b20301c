import { ACTOR_TYPE, executeRequest, lookupRequest } from '../contracts/commands.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import type { ExecuteAnswer, LookupAnswer } from '../contracts/commands.ts';
import { streamOf } from '../contracts/events.ts';
import { LEDGER_TOPIC, PUBSUB } from '../contracts/topics.ts';
import { ACCOUNT_ID_PATTERN, accountId } from '../domain/ids.ts';
import { readiness, type Check } from '../platform/health.ts';
import { answer, readText } from '../platform/h2c.ts';
import type { EitherListener, EitherRequest, EitherResponse } from '../platform/h2c.ts';
import { sameToken } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import type { Family } from './actors.ts';
import type { CommandLookup } from './command-lookup.ts';

const BODY_BYTES_MAX = 8 * 1024 * 1024;
const ACTOR_PATH = /^\/actors\/([A-Za-z]+)\/([^/]+)(?:\/method\/([a-z]+)(?:\/.*)?)?$/;
const LEDGER_PATH = '/events/ledger';

export interface ActorHostOptions {
  readonly accounts: Pick<Family<CommandMessage, CommandResult>, 'execute' | 'deactivate'>;
  readonly lookup: CommandLookup;
  /** Resolves when commands may be taken. */
  readonly started: Promise<void>;
  /** Takes what the log has committed, as a CloudEvent. */
  readonly onLedger: (cloudEvent: unknown) => void;
  readonly checks: Readonly<Record<string, Check>>;
  readonly appToken: string;
  readonly logger: Logger;
}

/**
 * What Dapr is told of this host (its actor protocol, GET /dapr/config). Draining waits for
 * turns that are under way; reminders are not used.
 */
const ACTOR_CONFIG = {
  entities: [ACTOR_TYPE],
  actorIdleTimeout: '10m',
  drainOngoingCallTimeout: '5s',
  drainRebalancedActors: true,
};
const SUBSCRIPTIONS = [{ pubsubname: PUBSUB, topic: LEDGER_TOPIC, route: LEDGER_PATH }];

/**
 * Serves the actor routes of Dapr's actor protocol (docs.dapr.io, actors API): PUT
 * actors/{type}/{id}/method/{method} and DELETE actors/{type}/{id}, and what else a sidecar asks
 * of an app. Without a web framework, because every command passes here. A refusal travels as
 * 200: Dapr would turn any other status into an error without its body.
 */
export function actorHost(options: ActorHostOptions): EitherListener {
  const { accounts, logger } = options;

  const serveActor = async (request: EitherRequest, response: EitherResponse): Promise<void> => {
    const [, type, id = '', method] = ACTOR_PATH.exec(request.url ?? '') ?? [];
    if (request.headers['dapr-callee-app-id'] !== undefined) {
      // Only service invocation names a callee. It reaches this path too, from any app, past
      // the actor's placement and the sidecars' rules on who may call actors.
      answer(response, 403);
    } else if (type !== ACTOR_TYPE || !ACCOUNT_ID_PATTERN.test(id)) {
      answer(response, 404);
    } else if (request.method === 'DELETE') {
      await accounts.deactivate(streamOf(accountId(id)));
      answer(response, 200);
    } else if (request.method === 'PUT' && method === 'execute') {
      const body = executeRequest.parse(JSON.parse(await readText(request, BODY_BYTES_MAX)));
      await options.started;
      const results = await accounts.execute(streamOf(accountId(id)), body.commands, body);
      answer(response, 200, { results } satisfies ExecuteAnswer);
    } else if (request.method === 'PUT' && method === 'lookup') {
      const body = lookupRequest.parse(JSON.parse(await readText(request, BODY_BYTES_MAX)));
      await options.started;
      const found = await options.lookup(streamOf(accountId(id)), body.commandIds);
      answer(response, 200, {
        found: found.map((events) => events ?? null),
      } satisfies LookupAnswer);
    } else {
      answer(response, 404);
    }
  };

  const serve = async (request: EitherRequest, response: EitherResponse): Promise<void> => {
    const url = request.url ?? '';
    if (url === '/healthz' || url === '/health/live')
      return answer(response, 200, { status: 'live' });
    if (url === '/health/ready') {
      const { status, body } = await readiness(options.checks);
      return answer(response, status, body);
    }
    if (!sameToken(options.appToken, request.headers['dapr-api-token']))
      return answer(response, 401);
    if (url.startsWith('/actors/')) return serveActor(request, response);
    if (url === '/dapr/config') return answer(response, 200, ACTOR_CONFIG);
    if (url === '/dapr/subscribe') return answer(response, 200, SUBSCRIPTIONS);
    if (url !== LEDGER_PATH || request.method !== 'POST') return answer(response, 404);
    options.onLedger(JSON.parse(await readText(request, BODY_BYTES_MAX)));
    answer(response, 200, { status: 'SUCCESS' });
  };

  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      logger.error('a call failed', { url: request.url, error: String(error) });
      if (!response.headersSent) answer(response, 500);
      else response.end();
    });
  };
}
