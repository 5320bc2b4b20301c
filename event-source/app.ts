import express, { type Express, type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import { streamIdText } from '../contracts/bank-events.ts';
import {
  commandsRequest,
  headsRequest,
  LOG_PAGE_EVENTS_MAX,
  type HeadsAnswer,
} from '../contracts/log.ts';
import { ALARMS_DEFAULT, alarmsQuery, AUDIT_PATHS } from '../contracts/audit.ts';
import { ACCOUNT_EVENTS_TOPIC, positionNumber, PUBSUB } from '../contracts/topics.ts';
import type { CommandId, StreamId } from '../domain/ids.ts';
import { crashPoint } from '../platform/crash-points.ts';
import { health } from '../platform/health.ts';
import { createApp, Failure, finish, jsonBody } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import { GRAVE, type Alarms } from './alarms.ts';
import type { Appender } from './appender.ts';
import type { AuditAnswers } from './background-audit.ts';
import { LogUnavailable, TamperError, type EventLog } from './event-log.ts';
import type { IntegrationFeed } from './integration-feed.ts';
import { readDelivery } from './incoming-events.ts';
import { commandsJson, pageJson } from './log-answers.ts';
import { lastUntil } from './stream-times.ts';

const DELIVERY_ROUTE = '/events/account-events';
// NATS carries at most 64 MiB in one message when it is told to; ours stay far below.
const DELIVERY_BYTES_MAX = 64 * 1024 * 1024;
const REQUEST_BYTES_MAX = 256 * 1024;

export interface EventSource {
  readonly log: EventLog;
  readonly appender: Appender;
  readonly alarms: Alarms;
  readonly integration: Pick<IntegrationFeed, 'status'>;
  readonly audit: AuditAnswers;
  readonly logger: Logger;
  readonly appToken?: string;
}

const limit = z.coerce.number().pipe(z.int().min(1).max(LOG_PAGE_EVENTS_MAX));
const logQuery = z.strictObject({
  after: z.coerce.number().pipe(positionNumber).default(0),
  limit: limit.default(LOG_PAGE_EVENTS_MAX),
});
const streamQuery = z.strictObject({
  fromVersion: z.coerce.number().pipe(z.int().min(1)).default(1),
  limit: limit.default(LOG_PAGE_EVENTS_MAX),
});

const momentQuery = z.strictObject({ time: z.coerce.number().pipe(z.int().min(0)) });

/** The HTTP side of the log: deliveries from the sidecar, questions from the other services. */
export function eventSourceApp(source: EventSource): Express {
  const { log, appender, alarms, integration, logger, appToken } = source;
  const app = createApp({ logger, ...(appToken === undefined ? {} : { appToken }) });
  health(app, {
    log: async () => {
      await log.check();
      return { head: log.head(), appended: appender.appended(), waiting: appender.waiting() };
    },
    integration: () => {
      const status = integration.status();
      if (status.waiting !== undefined) throw new Error(`integration events: ${status.waiting}`);
      return status;
    },
    alarms: () => {
      const grave = alarms.first(...GRAVE);
      if (grave !== undefined) throw new Error(`${grave.kind}: ${grave.detail}`);
      return { count: alarms.count(), first: alarms.list() };
    },
  });
  deliveries(app, source);
  questions(app, log);
  auditAnswers(app, source);
  finish(app, logger);
  return app;
}

function deliveries(app: Express, { appender, alarms }: EventSource): void {
  app.get('/dapr/subscribe', (_request, response) => {
    const subscription = { pubsubname: PUBSUB, topic: ACCOUNT_EVENTS_TOPIC, route: DELIVERY_ROUTE };
    response.json([subscription]);
  });
  const raw = express.raw({ type: () => true, limit: DELIVERY_BYTES_MAX });
  app.post(DELIVERY_ROUTE, raw, async (request, response) => {
    const body: unknown = request.body;
    const events = readDelivery(Buffer.isBuffer(body) ? body : Buffer.alloc(0), alarms);
    const verdict = await appender.deliver(events);
    response.on('finish', () => crashPoint('event-source:after-ack'));
    response.json({ status: verdict === 'done' ? 'SUCCESS' : 'RETRY' });
  });
}

function questions(app: Express, log: EventLog): void {
  app.get(
    '/log/events',
    answered(async (request, response) => {
      const { after, limit: most } = read(logQuery, request.query);
      const entries = await log.readAfter(after, most);
      const head = Math.max(log.head(), entries.at(-1)?.position ?? 0);
      response.type('json').send(pageJson(entries, 'head', head));
    }),
  );
  app.get(
    '/log/streams/:kind/:id/events',
    answered(async (request, response) => {
      const id = streamNamed(request);
      const { fromVersion, limit: most } = read(streamQuery, request.query);
      const entries = await log.readStream(id, fromVersion, most);
      const [head] = await log.heads([id]);
      response.type('json').send(pageJson(entries, 'headVersion', head!));
    }),
  );
  app.get(
    '/log/streams/:kind/:id/until',
    answered(async (request, response) => {
      const { time } = read(momentQuery, request.query);
      const { entry, head } = await lastUntil(log, streamNamed(request), time);
      const entries = entry === undefined ? [] : [entry];
      response.type('json').send(pageJson(entries, 'headVersion', head));
    }),
  );
  app.post(
    '/log/heads',
    jsonBody(REQUEST_BYTES_MAX),
    answered(async (request, response) => {
      const { streams } = read(headsRequest, request.body);
      const answer: HeadsAnswer = { versions: await log.heads(streams) };
      response.json(answer);
    }),
  );
  app.post(
    '/log/commands',
    jsonBody(REQUEST_BYTES_MAX),
    answered(async (request, response) => {
      const { commands } = read(commandsRequest, request.body);
      const keys = commands.map(({ stream, commandId }) => ({
        stream,
        commandId: commandId as CommandId,
      }));
      response.type('json').send(commandsJson(await log.findCommands(keys)));
    }),
  );
}

function auditAnswers(app: Express, { audit, alarms }: EventSource): void {
  app.get(AUDIT_PATHS.status, (_request, response) => void response.json(audit.status()));
  app.get(AUDIT_PATHS.trialBalance, (_request, response) => {
    response.json(audit.trialBalance());
  });
  app.get(AUDIT_PATHS.alarms, (request, response) => {
    const { limit: most = ALARMS_DEFAULT } = read(alarmsQuery, request.query);
    response.json({ count: alarms.count(), items: alarms.list(most) });
  });
}

const streamNamed = ({ params }: Request): StreamId =>
  read(streamIdText, `${String(params['kind'])}/${String(params['id'])}`);

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ at: path.join('/'), message }));
  throw new Failure('invalid-request', { errors });
}

/** What the log cannot answer now is a 503, whatever the reason. */
function answered(handler: RequestHandler): RequestHandler {
  return async (request, response, next) => {
    try {
      await handler(request, response, next);
    } catch (error) {
      const broken = error instanceof LogUnavailable || error instanceof TamperError;
      if (!broken) throw error;
      throw new Failure('service-unavailable', { detail: error.message }, { 'Retry-After': '1' });
    }
  };
}
