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
import { byOf, nameBy } from '../contracts/access/principal.ts';
import { personIdFor } from '../contracts/derived-ids.ts';
import { personParams } from '../contracts/http/parameters.ts';
import type { CommandName, PersonId } from '../domain/ids.ts';
import { SidecarError } from '../platform/dapr.ts';
import { principalOf } from '../platform/http/gate.ts';
import { Failure } from '../platform/http/http.ts';
import { bodyOf, paramOf } from '../platform/http/requests.ts';
import { retry } from '../platform/retry.ts';
import type { Handlers } from '../platform/http/serve.ts';
import type { CallActor } from './actor-calls.ts';
import { answerCommand, answerPending } from './command-answers.ts';
import { PATIENCE_MS } from './courier.ts';
import { failureOf } from './failures.ts';
import { commandIdOf, dryRunOf, ifMatchOf, traceparentOf } from './request-headers.ts';
import type { Request, Response } from 'express';
import { z } from 'zod';

/** Pauses before the call is made again; a restarting part of the bank is hidden by them. */
const RETRY_MS = [100, 300, 800] as const;

export type ExecutePerson = (id: PersonId, command: PersonMessage) => Promise<PersonResult>;

const answerSchema = z.strictObject({ results: z.tuple([personResult]) });

/** Sends commands to the actors of persons, each alone: no person has many at a time. */
export const personClient =
  (callActor: CallActor): ExecutePerson =>
  async (id, command) => {
    const json = JSON.stringify({ commands: [command], deadline: Date.now() + PATIENCE_MS });
    const call = () => callActor(PERSON_ACTOR_TYPE, id, 'execute', json);
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
export function personHandlers(execute: ExecutePerson): Handlers {
  const run = async (
    request: Request,
    response: Response,
    of: (command: CommandName) => PersonId,
    command: PersonCommandBody,
  ): Promise<void> => {
    const commandId = commandIdOf(request);
    const by = byOf(principalOf(request));
    const id = of(nameBy(by, commandId));
    const ifMatch = ifMatchOf(request);
    const result = await execute(id, {
      commandId,
      by,
      command,
      traceparent: traceparentOf(request),
      dryRun: dryRunOf(request),
      ...(ifMatch === undefined ? {} : { ifMatch }),
    });
    response.set('Idempotency-Key', commandId);
    if (!result.ok && answerPending(response, result.refusal)) return;
    if (!result.ok) throw failureOfPerson(result.refusal);
    const version = result.events.at(-1)?.version ?? 0;
    const body = { personId: id, version };
    const made = { status: 201, location: `/v1/persons/${id}` } as const;
    answerCommand(request, response, {
      ...(command.type === 'register-person' ? made : { status: 200 }),
      body,
      version,
      isReplayed: result.replayed,
      needsApproval: result.needsApproval,
    });
  };

  return {
    async registerPerson(request, response) {
      const data = bodyOf(registerPersonBody, request.body);
      await run(request, response, personIdFor, { type: 'register-person', ...data });
    },
    async changeAddress(request, response) {
      const id = paramOf(request, personParams, 'personId');
      const address = bodyOf(addressBody, request.body);
      await run(request, response, () => id, { type: 'change-address', address });
    },
    async erasePerson(request, response) {
      const id = paramOf(request, personParams, 'personId');
      bodyOf(eraseBody, request.body);
      await run(request, response, () => id, { type: 'erase-person' });
    },
  };
}

/** The problem that a refusal is to the client. */
function failureOfPerson(refusal: PersonRefusalMessage): Failure {
  if (refusal.code === 'service-unavailable' || refusal.code === 'approval-pending') {
    return failureOf(refusal);
  }
  const { code, ...more } = refusal;
  return new Failure(code, { more });
}
