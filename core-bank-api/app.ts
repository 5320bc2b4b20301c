import type { Express, Request, RequestHandler, Response } from 'express';
import { clientCommand } from '../contracts/command-bodies.ts';
import type { ClientCommand, CommandBody } from '../contracts/command-bodies.ts';
import type { CommandMessage } from '../contracts/commands.ts';
import { COMMAND_OPERATIONS } from '../contracts/command-operations.ts';
import type { CommandOperation } from '../contracts/command-operations.ts';
import { openApi } from '../contracts/openapi.ts';
import { PERSON_OPERATIONS } from '../contracts/person-operations.ts';
import { openedAccountOf, outcomeOf } from '../contracts/outcomes.ts';
import type { LoggedEvent } from '../contracts/events.ts';
import type { AccountId } from '../domain/ids.ts';
import { docs } from '../platform/docs.ts';
import { health, type Check } from '../platform/health.ts';
import { createApp, finish, jsonBody, onlyMethods } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import type { Execute } from './actor-client.ts';
import { failureOf, invalid, invalidBy } from './failures.ts';
import type { ExecutePerson } from './person-client.ts';
import { personRoutes } from './person-routes.ts';
import { accountIdFor, accountIdOf, commandIdOf, dryRunOf } from './request-headers.ts';
import { holdIdOf, ifMatchOf, traceparentOf } from './request-headers.ts';

export const BODY_BYTES_MAX = 64 * 1024;

export interface CommandApiPorts {
  readonly execute: Execute;
  readonly executePerson: ExecutePerson;
  readonly checks: Readonly<Record<string, Check>>;
  readonly logger: Logger;
}

/** The command API: HTTP in, one command to the account's actor, its outcome out. */
export function commandApi(ports: CommandApiPorts): Express {
  const { execute, executePerson, checks, logger } = ports;
  const app = createApp({ logger });
  const body = jsonBody(BODY_BYTES_MAX);

  const run = async (
    request: Request,
    response: Response,
    id: AccountId,
    ids: Pick<CommandMessage, 'commandId' | 'fresh'>,
    command: CommandBody,
  ): Promise<readonly LoggedEvent[]> => {
    const ifMatch = ifMatchOf(request);
    const result = await execute(id, {
      ...ids,
      command,
      traceparent: traceparentOf(request),
      dryRun: dryRunOf(request),
      ...(ifMatch === undefined ? {} : { ifMatch }),
    });
    response.set('Idempotency-Key', ids.commandId);
    if (!result.ok) throw failureOf(result.refusal);
    if (result.replayed) response.set('Idempotency-Replayed', 'true');
    response.set('ETag', `"${result.events.at(-1)?.version}"`);
    return result.events;
  };

  const open: RequestHandler = async (request, response) => {
    const ids = commandIdOf(request);
    const id = accountIdFor(ids.commandId);
    const command = parse('open-account', request.body);
    const events = await run(request, response, id, ids, command);
    response.location(`/v1/accounts/${id}`).status(201).json(openedAccountOf(events));
  };
  const give =
    (operation: CommandOperation): RequestHandler =>
    async (request, response) => {
      const account = accountIdOf(request);
      const named = 'holdId' in request.params ? { holdId: holdIdOf(request) } : {};
      const command = parse(operation.command, request.body, named);
      const events = await run(request, response, account, commandIdOf(request), command);
      response.status(operation.status).json(outcomeOf(events));
    };

  for (const operation of COMMAND_OPERATIONS) {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app[operation.method](
      path,
      body,
      operation.command === 'open-account' ? open : give(operation),
    );
    onlyMethods(app, path, [operation.method.toUpperCase()]);
  }
  personRoutes(app, body, executePerson);
  for (const { path, method } of PERSON_OPERATIONS) {
    onlyMethods(app, path.replaceAll(/\{(\w+)\}/g, ':$1'), [method.toUpperCase()]);
  }
  health(app, checks);
  docs(app, openApi('Core Bank: commands', [...COMMAND_OPERATIONS, ...PERSON_OPERATIONS]));
  finish(app, logger);
  return app;
}

function parse(
  type: ClientCommand['type'],
  body: object,
  named: { readonly holdId?: string } = {},
): CommandBody {
  const taken = ['type', ...Object.keys(named)].find((member) => member in body);
  if (taken !== undefined) throw invalid([{ at: `/${taken}`, message: 'is not a known member' }]);
  const parsed = clientCommand.safeParse({ ...body, ...named, type });
  if (parsed.success) return parsed.data;
  throw invalidBy(parsed.error);
}
