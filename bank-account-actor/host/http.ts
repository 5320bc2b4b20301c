import { CALLER, mayCall } from '../../contracts/access/service-calls.ts';
import { OPEN_PERSONS, type OpenedPerson } from '../../contracts/person/queries.ts';
import { HOST_BACKLOG, type HostBacklog } from '../../contracts/log/bank-status.ts';
import { JOURNAL_HEADS } from '../../contracts/log/journal-heads.ts';
import type { PersonModel } from '../../contracts/person/model.ts';
import { readiness, type Check } from '../../platform/http/health.ts';
import type { AuthenticCalls } from '../../platform/authentic-calls.ts';
import { answer, answerText, readText } from '../../platform/http/h2c.ts';
import type { EitherListener, EitherRequest, EitherResponse } from '../../platform/http/h2c.ts';
import { sameToken } from '../../platform/http/http.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Metrics } from '../../platform/http/metrics.ts';
import { recentIds } from '../../platform/recent-ids.ts';
import type { Journal } from '../journal/journal.ts';
import type { ActorType } from './bank-actors.ts';

const BODY_BYTES_MAX = 8 * 1024 * 1024;
/**
 * So long a call is remembered: what comes later than 30 s after the deadline in it is dropped, and
 * that is 10 s after it was sent.
 */
const CALL_KEPT_MS = 60_000;
/** Three times as many as the bank has ever taken in that time; 30 MB. */
const CALLS_KEPT_MAX = 300_000;
const ACTOR_PATH = /^\/actors\/([A-Za-z0-9.]+)\/([^/]+)(?:\/method\/([a-z]+)(?:\/.*)?)?$/;

/** Opens the sealed data of persons, in the order asked; null for those whose key is deleted. */
type OpenPersons = (persons: readonly PersonModel[]) => Promise<OpenedPerson[]>;

/** What the HTTP side of an actor host serves. */
export interface HostOptions {
  /** By actor type. */
  readonly actors: Readonly<Record<string, ActorType>>;
  readonly openPersons: OpenPersons;
  /** The key of core-bank-api, which alone gives commands. */
  readonly commands: Pick<AuthenticCalls, 'take'>;
  /** The key of queries-bank-api, which alone may have persons opened. */
  readonly persons: Pick<AuthenticCalls, 'take'>;
  /** Where the streams of the journal end, for the audit. */
  readonly heads: Journal['heads'];
  /** What waits here. */
  readonly backlog: () => HostBacklog;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** Whether commands may be taken. Before that calls are answered 503 at once. */
  readonly isStarted: () => boolean;
  readonly checks: Readonly<Record<string, Check>>;
  readonly appToken: string;
  readonly logger: Logger;
}

/**
 * What Dapr learns of this host (its actor protocol, GET /dapr/config). Draining waits for
 * turns that are under way; reminders are not used.
 */
const ACTOR_CONFIG = {
  actorIdleTimeout: '10m',
  drainOngoingCallTimeout: '5s',
  drainRebalancedActors: true,
};

/**
 * Serves the actor routes of Dapr's actor protocol (docs.dapr.io, actors API): PUT
 * actors/{type}/{id}/method/{method} and DELETE actors/{type}/{id}, and everything else that a
 * sidecar asks of an app. Without a web framework, because every command passes here. A refusal is
 * answered with status 200: Dapr would turn any other status into an error without its body. Which
 * app may call which route by service invocation, the sidecar knows by the caller's certificate
 * (contracts/access/service-calls.ts).
 */
export function hostListener(options: HostOptions): EitherListener {
  const { actors, logger } = options;
  const seen = recentIds({
    keptMs: CALL_KEPT_MS,
    idsMax: CALLS_KEPT_MAX,
    steady: () => performance.now(),
  });

  const refuseForged = (response: EitherResponse, what: string): void => {
    logger.error('ALARM: a call that has not the key of its caller', { what });
    answer(response, 403);
  };
  const serveActor = async (request: EitherRequest, response: EitherResponse): Promise<void> => {
    const [, type = '', id = '', method = ''] = ACTOR_PATH.exec(request.url ?? '') ?? [];
    const family = Object.hasOwn(actors, type) ? actors[type] : undefined;
    const call = family?.methods.get(method);
    if (family === undefined || !family.isId(id)) {
      answer(response, 404);
    } else if (request.method === 'DELETE') {
      family.deactivate(id);
      answer(response, 200);
    } else if (request.method === 'PUT' && call !== undefined) {
      if (!options.isStarted()) return answer(response, 503);
      const text = await readText(request, BODY_BYTES_MAX);
      const taken = options.commands.take(`${type}/${id}/${method}`, text);
      if (taken === undefined) return refuseForged(response, `${type}/${method}`);
      const { json, nonce } = taken;
      // A sidecar may repeat a call whose answer it lost, and so may who has recorded it: what was
      // refused then must not be executed now. Who wants it asks again, under a new number.
      const came = seen(nonce);
      if (came !== 'new') {
        logger.warn('a call of an actor is not taken', { type, method, came });
        return answer(response, came === 'full' ? 503 : 409);
      }
      const said = await call(id, { value: JSON.parse(json), size: json.length });
      answerText(response, 200, taken.answer(JSON.stringify(said)));
    } else {
      answer(response, 404);
    }
  };

  // Keys stay in this process: who may read persons gets what was asked for, opened.
  const servePersons = async (request: EitherRequest, response: EitherResponse): Promise<void> => {
    if (!mayCall(request.headers[CALLER], OPEN_PERSONS)) return answer(response, 403);
    const text = await readText(request, BODY_BYTES_MAX);
    const taken = options.persons.take(OPEN_PERSONS.path, text);
    if (taken === undefined) return refuseForged(response, OPEN_PERSONS.path);
    const asked = OPEN_PERSONS.input.parse(JSON.parse(taken.json));
    const persons = await options.openPersons(asked.persons);
    answerText(response, 200, taken.answer(JSON.stringify({ persons })));
  };

  const serveHeads = async (request: EitherRequest, response: EitherResponse): Promise<void> => {
    if (!mayCall(request.headers[CALLER], JOURNAL_HEADS)) return answer(response, 403);
    // A journal that is not fit to be served is compared with nothing.
    if (!options.isStarted()) return answer(response, 503);
    const body: unknown = JSON.parse(await readText(request, BODY_BYTES_MAX));
    const { after, limit } = JOURNAL_HEADS.input.parse(body);
    answer(response, 200, { heads: await options.heads(after, limit) });
  };

  const serve = async (request: EitherRequest, response: EitherResponse): Promise<void> => {
    const url = request.url ?? '';
    if (url === '/healthz' || url === '/health/live')
      return answer(response, 200, { status: 'live' });
    const isKnown = sameToken(options.appToken, request.headers['dapr-api-token']);
    if (url === '/health/ready') {
      const { status, body } = await readiness(options.checks);
      return answer(response, status, isKnown ? body : { status: body.status });
    }
    if (url === '/metrics') {
      const { contentType, text } = options.metrics;
      return answerText(response, 200, await text(), contentType);
    }
    if (!isKnown) return answer(response, 401);
    if (url.startsWith('/actors/')) return serveActor(request, response);
    if (url === '/dapr/config') {
      return answer(response, 200, { entities: Object.keys(actors), ...ACTOR_CONFIG });
    }
    if (url === OPEN_PERSONS.path && request.method === 'POST') {
      return servePersons(request, response);
    }
    if (url === JOURNAL_HEADS.path && request.method === 'POST') {
      return serveHeads(request, response);
    }
    if (url === HOST_BACKLOG.path && request.method === HOST_BACKLOG.method) {
      if (!mayCall(request.headers[CALLER], HOST_BACKLOG)) return answer(response, 403);
      if (!options.isStarted()) return answer(response, 503);
      return answer(response, 200, options.backlog());
    }
    if (url === '/dapr/subscribe') return answer(response, 200, []);
    answer(response, 404);
  };

  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      logger.error('a call failed', { url: request.url, error });
      if (!response.headersSent) answer(response, 500);
      else response.end();
    });
  };
}
