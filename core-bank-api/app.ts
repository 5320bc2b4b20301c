import type { Express, Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { clientCommand } from '../contracts/command-bodies.ts';
import type { ClientCommand, CommandBody } from '../contracts/command-bodies.ts';
import type { CommandMessage } from '../contracts/commands.ts';
import { COMMAND_OPERATIONS } from '../contracts/command-operations.ts';
import type { CommandOperation } from '../contracts/command-operations.ts';
import type { RefusalMessage } from '../contracts/refusals.ts';
import { openApi } from '../contracts/openapi.ts';
import { openedAccountOf, outcomeOf } from '../contracts/outcomes.ts';
import type { FieldError, ProblemParts } from '../contracts/problems.ts';
import type { LoggedEvent } from '../contracts/events.ts';
import type { AccountId } from '../domain/ids.ts';
import { docs } from '../platform/docs.ts';
import { health, type Check } from '../platform/health.ts';
import { createApp, Failure, finish, jsonBody, onlyMethods } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import type { Execute } from './actor-client.ts';
import { accountIdFor, accountIdOf, commandIdOf, dryRunOf } from './request-headers.ts';
import { holdIdOf, ifMatchOf, traceparentOf } from './request-headers.ts';

export const BODY_BYTES_MAX = 64 * 1024;

export interface CommandApiPorts {
  readonly execute: Execute;
  readonly checks: Readonly<Record<string, Check>>;
  readonly logger: Logger;
}

/** The command API: HTTP in, one command to the account's actor, its outcome out. */
export function commandApi({ execute, checks, logger }: CommandApiPorts): Express {
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
  health(app, checks);
  docs(app, openApi('Core Bank: commands', COMMAND_OPERATIONS));
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
  throw invalid(parsed.error.issues.flatMap(fieldErrors));
}

const invalid = (errors: readonly FieldError[]): Failure =>
  new Failure('invalid-request', { errors });

const pointer = (path: readonly PropertyKey[]): string =>
  path.map((member) => `/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== 'unrecognized_keys')
    return [{ at: pointer(issue.path), message: issue.message }];
  return issue.keys.slice(0, 10).map((key) => ({
    at: pointer([...issue.path, key.slice(0, 100)]),
    message: 'is not a known member',
  }));
}

function failureOf(refusal: RefusalMessage): Failure {
  switch (refusal.code) {
    case 'invalid-request':
      return invalid([{ at: refusal.at, message: refusal.message }]);
    case 'service-unavailable':
      return new Failure(
        refusal.code,
        { detail: retryAdvice(refusal.reason) },
        { 'Retry-After': '1' },
      );
    default: {
      const { code, ...more } = refusal;
      return new Failure(code, { more } satisfies ProblemParts);
    }
  }
}

const retryAdvice = (reason: string): string =>
  `${reason}. Send the request again with the same Idempotency-Key.`;
