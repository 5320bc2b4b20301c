import {
  PERSON_ACTOR_TYPE,
  personResult,
  type PersonMessage,
  type PersonResult,
  addressBody,
  eraseBody,
  registerPersonBody,
  type PersonCommandBody,
  type PersonRefusalMessage,
} from '../contracts/person/commands.ts';
import { personIdFor } from '../contracts/derived-ids.ts';
import { type PersonId, PERSON_ID_PATTERN, personId, type CommandId } from '../domain/ids.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';
import { Failure, idIn } from '../platform/http.ts';
import { retry } from '../platform/retry.ts';
import { answerCommand } from './command-answers.ts';
import { failureOf, invalid, invalidBy } from './failures.ts';
import { commandIdOf, dryRunOf, ifMatchOf, traceparentOf } from './request-headers.ts';
import type { Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';

/** Pauses before the call is made again; a restarting part of the bank is hidden by them. */
const RETRY_MS = [100, 300, 800] as const;

export type ExecutePerson = (id: PersonId, command: PersonMessage) => Promise<PersonResult>;

const answerSchema = z.strictObject({ results: z.tuple([personResult]) });

/** Sends commands to the actors of persons, each alone: no person has many at a time. */
export const personClient =
  (sidecar: Sidecar): ExecutePerson =>
  async (id, command) => {
    const call = () =>
      sidecar.invokeActor(PERSON_ACTOR_TYPE, id, 'execute', { commands: [command] });
    try {
      const mayRetry = (error: unknown) => error instanceof SidecarError;
      const answer = await retry(call, { pausesMs: RETRY_MS, mayRetry });
      return answerSchema.parse(answer).results[0];
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error;
      const reason = 'the person cannot be reached';
      return { ok: false, refusal: { code: 'service-unavailable', reason } };
    }
  };

/** The commands on persons: one command to the person's actor, id and version out. */
export function personRoutes(app: Express, body: RequestHandler, execute: ExecutePerson): void {
  const run = async (
    request: Request,
    response: Response,
    of: (commandId: CommandId) => PersonId,
    command: PersonCommandBody,
  ): Promise<void> => {
    const commandId = commandIdOf(request);
    const id = of(commandId);
    const ifMatch = ifMatchOf(request);
    const result = await execute(id, {
      commandId,
      command,
      traceparent: traceparentOf(request),
      dryRun: dryRunOf(request),
      ...(ifMatch === undefined ? {} : { ifMatch }),
    });
    response.set('Idempotency-Key', commandId);
    if (!result.ok) throw failureOfPerson(result.refusal);
    const version = result.events.at(-1)?.version ?? 0;
    const body = { personId: id, version };
    const made = { status: 201, location: `/v1/persons/${id}` } as const;
    answerCommand(request, response, {
      ...(command.type === 'register-person' ? made : { status: 200 }),
      body,
      version,
      isReplayed: result.replayed,
    });
  };

  app.post('/v1/persons', body, async (request, response) => {
    const data = parse(registerPersonBody, request.body);
    await run(request, response, personIdFor, { type: 'register-person', ...data });
  });
  app.put('/v1/persons/:personId/address', body, async (request, response) => {
    const id = personOf(request);
    const address = parse(addressBody, request.body);
    await run(request, response, () => id, { type: 'change-address', address });
  });
  app.post('/v1/persons/:personId/erasure', body, async (request, response) => {
    const id = personOf(request);
    parse(eraseBody, request.body);
    await run(request, response, () => id, { type: 'erase-person' });
  });
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalidBy(parsed.error);
}

function personOf(request: Request): PersonId {
  const text = idIn(request, 'personId');
  if (PERSON_ID_PATTERN.test(text)) return personId(text);
  throw invalid([{ at: 'path/personId', message: 'must be a UUID' }]);
}

function failureOfPerson(refusal: PersonRefusalMessage): Failure {
  if (refusal.code === 'service-unavailable') return failureOf(refusal);
  const { code, ...more } = refusal;
  return new Failure(code, { more });
}
