import { byOf, nameBy, senderOf } from '../contracts/access/principal.ts';
import {
  clientCommand,
  COMMAND_OPERATIONS,
  type ClientCommand,
  type CommandOperation,
} from '../contracts/account/command-operations.ts';
import type { CommandBody, CommandResult } from '../contracts/account/commands.ts';
import { openedAccountOf, outcomeOf } from '../contracts/account/outcomes.ts';
import {
  apiDocument,
  COMMAND_API_OPERATIONS,
  QUERY_API_OPERATIONS,
} from '../contracts/catalogue.ts';
import { idParams } from '../contracts/http/parameters.ts';
import { PUBSUB } from '../contracts/log/topics.ts';
import type { AccountId, CommandId } from '../domain/ids.ts';
import { problemPages } from '../platform/http/problem-pages.ts';
import { docs, type DocsMode } from '../platform/http/docs.ts';
import { auditorMayKnow, health, operatorMayKnow, type Check } from '../platform/http/health.ts';
import { Failure, sameToken, createApp, finish, jsonBody } from '../platform/http/http.ts';
import type { RecordAccess } from '../platform/access-reports.ts';
import type { Logger } from '../platform/logger.ts';
import { bodyOf, invalid, paramOf } from '../platform/http/requests.ts';
import { principalOf, type Gate } from '../platform/http/gate.ts';
import { createMetrics, measureRequests, serveMetrics } from '../platform/http/metrics.ts';
import { recordRefusals } from '../platform/http/recorded-refusals.ts';
import { serve, type Handlers } from '../platform/http/serve.ts';
import { BATCH_BYTES_MAX, executeBatch } from './batches.ts';
import { type Approvals, approvalHandlers } from './approvals.ts';
import { answerCommand, answerPending } from './command-answers.ts';
import { tellCommand } from './command-status.ts';
import type { Actors } from './courier.ts';
import { failureOf } from './failures.ts';
import { commandLimits, type CommandApiLimits } from './limits.ts';
import { type ExecutePerson, personHandlers } from './persons.ts';
import { commandIdOf, dryRunOf, ifMatchOf, traceparentOf } from './request-headers.ts';
import { accountIdFor } from '../contracts/derived-ids.ts';
import { transactionHandlers } from './transactions.ts';
import { transferHandlers } from './transfers.ts';
import express, {
  Router,
  type Express,
  type RequestHandler,
  type Request,
  type Response,
} from 'express';
import { z } from 'zod';

const ROUTE = '/sidecar/account-commands';
// What the broker carries at most (8 MiB) in base64, and its frame.
const DELIVERY_BYTES_MAX = 12 * 1024 * 1024;

const delivery = z.looseObject({ data_base64: z.base64() });

/** Executes a command that came as a message; RETRY has it delivered again. */
type TakeMessage = (message: Buffer) => Promise<'SUCCESS' | 'RETRY'>;

/** How commands come as messages. */
interface MessagePorts {
  readonly appToken: string;
  /** One at a time comes of each, so a long queue of one topic keeps no other waiting. */
  readonly topics: readonly string[];
  readonly take: TakeMessage;
}

/**
 * What the sidecar calls on the port that clients use too, so each call must show the token.
 * Messages come raw: the sidecar would retry one that is not JSON endlessly, and drop an expired
 * one silently.
 */
function sidecarRoutes(app: Express, { appToken, topics, take }: MessagePorts): void {
  const onlySidecar: RequestHandler = (request, _response, next) => {
    if (sameToken(appToken, request.headers['dapr-api-token'])) next();
    else next(new Failure('route-not-found'));
  };
  // Routes of a router are not named by OPTIONS and 405: to clients they are not there.
  const routes = Router({ caseSensitive: true, strict: true });
  routes.get('/dapr/subscribe', onlySidecar, (_request, response) => {
    const common = { pubsubname: PUBSUB, route: ROUTE, metadata: { rawPayload: 'true' } };
    response.json(topics.map((topic) => ({ ...common, topic })));
  });
  const raw = express.raw({ type: () => true, limit: DELIVERY_BYTES_MAX });
  routes.post(ROUTE, onlySidecar, raw, async (request, response) => {
    const { data_base64: message } = delivery.parse(JSON.parse(String(request.body)));
    response.json({ status: await take(Buffer.from(message, 'base64')) });
  });
  app.use(routes);
}

/** Largest body of a request. */
const BODY_BYTES_MAX = 64 * 1024;

/** What the command API needs. */
export interface CommandApiPorts {
  readonly actors: Actors;
  readonly executePerson: ExecutePerson;
  readonly approvals: Approvals;
  /** Passes queries on; without it, commands only are served. */
  readonly queries?: RequestHandler;
  /** Without them, commands come over REST only. */
  readonly messages?: MessagePorts;
  readonly gate: Gate;
  /** Hears what is refused for want of a right. */
  readonly record: RecordAccess;
  readonly docs?: DocsMode;
  /** Of web pages that may call it. */
  readonly origins?: readonly string[];
  /** The defaults when missing. */
  readonly limits?: CommandApiLimits;
  /** Whose access tokens the gate takes, for the documentation. */
  readonly issuer?: string;
  readonly checks: Readonly<Record<string, Check>>;
  readonly logger: Logger;
}

/**
 * The command API: an HTTP request becomes one command to the account's actor, its result the
 * answer.
 */
export function commandApi(ports: CommandApiPorts): Express {
  const { actors, executePerson, approvals, queries, messages } = ports;
  const { gate, record, checks, logger } = ports;
  const app = createApp({ logger, clients: { origins: ports.origins ?? [] } });
  const readers = { one: jsonBody(BODY_BYTES_MAX), many: jsonBody(BATCH_BYTES_MAX) };

  const run = async (
    request: Request,
    response: Response,
    accountId: AccountId,
    commandId: CommandId,
    command: CommandBody,
    status: 200 | 201,
  ): Promise<void> => {
    const ifMatch = ifMatchOf(request);
    const message = {
      accountId,
      commandId,
      command,
      traceparent: traceparentOf(request),
      dryRun: dryRunOf(request),
      ...(ifMatch === undefined ? {} : { ifMatch }),
    };
    const group = { ...senderOf(principalOf(request)), commands: [message], mayWait: true };
    const [result] = (await actors.execute(group)) as [CommandResult];
    response.set('Idempotency-Key', commandId);
    if (!result.ok && answerPending(response, result.refusal)) return;
    if (!result.ok) throw failureOf(result.refusal, result.refusalId);
    const { events, replayed, needsApproval } = result;
    const isOpening = command.type === 'open-account';
    answerCommand(request, response, {
      status,
      body: isOpening ? openedAccountOf(events) : outcomeOf(events),
      version: events.at(-1)?.version,
      ...(isOpening ? { location: `/v1/accounts/${accountId}` } : {}),
      isReplayed: replayed,
      needsApproval,
    });
  };

  const open: RequestHandler = async (request, response) => {
    const commandId = commandIdOf(request);
    const id = accountIdFor(nameBy(byOf(principalOf(request)), commandId));
    const command = parse('open-account', request.body);
    await run(request, response, id, commandId, command, 201);
  };
  const give =
    (operation: CommandOperation): RequestHandler =>
    async (request, response) => {
      const account = paramOf(request, idParams, 'id');
      const command = parse(operation.command, request.body, namedBy(request, operation));
      const { status } = operation;
      await run(request, response, account, commandIdOf(request), command, status);
    };

  const commands = COMMAND_OPERATIONS.map(
    (operation) =>
      [operation.id, operation.command === 'open-account' ? open : give(operation)] as const,
  );
  const handlers: Handlers = {
    ...Object.fromEntries(commands),
    ...transferHandlers(actors),
    ...transactionHandlers(actors),
    ...personHandlers(executePerson),
    ...approvalHandlers(approvals),
    executeBatch: executeBatch(actors, record),
    commandStatus: tellCommand(actors),
  };
  const limits = commandLimits(ports.limits);
  const metrics = createMetrics();
  const measure = measureRequests(metrics);
  const before = { gate, measure, onRefusal: recordRefusals(record) };
  serve(app, COMMAND_API_OPERATIONS, handlers, {
    ...before,
    admit: ({ id }) => (id === 'executeBatch' ? limits.batches : limits.requests),
    readBody: ({ id }) => (id === 'executeBatch' ? readers.many : readers.one),
  });
  if (queries !== undefined) {
    const passed = QUERY_API_OPERATIONS.map(({ id }) => [id, queries] as const);
    const admit = (): RequestHandler => limits.queries;
    serve(app, QUERY_API_OPERATIONS, Object.fromEntries(passed), { ...before, admit });
  }
  if (messages !== undefined) sidecarRoutes(app, messages);
  const mayKnow = auditorMayKnow(gate, operatorMayKnow(messages?.appToken));
  health(app, checks, mayKnow);
  serveMetrics(app, metrics, mayKnow);
  const served = [
    ...COMMAND_API_OPERATIONS,
    ...(queries === undefined ? [] : QUERY_API_OPERATIONS),
  ];
  const title = 'Core Bank';
  problemPages(app);
  docs(app, title, () => apiDocument(title, served, ports.issuer), ports.docs ?? 'off');
  finish(app, logger);
  return app;
}

/** The members of the command that the path names besides the account. */
function namedBy(request: Request, { params = {} }: CommandOperation): object {
  const names = Object.keys(params).filter((name) => name !== 'id');
  return Object.fromEntries(names.map((name) => [name, paramOf(request, params, name)]));
}

function parse(type: ClientCommand['type'], body: object, named: object = {}): CommandBody {
  const taken = ['type', ...Object.keys(named)].find((member) => member in body);
  if (taken !== undefined) throw invalid(`/${taken}`, 'is not a known member');
  return bodyOf(clientCommand, { ...body, ...named, type });
}
