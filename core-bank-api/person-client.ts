import { setTimeout as sleep } from 'node:timers/promises';
import { PERSON_ACTOR_TYPE, personResult } from '../contracts/person-commands.ts';
import type { PersonMessage, PersonResult } from '../contracts/person-commands.ts';
import type { PersonId } from '../domain/ids.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';
import { z } from 'zod';

/** Pauses before the call is made again; a restarting part of the bank is hidden by them. */
const RETRY_MS = [100, 300, 800] as const;

export type ExecutePerson = (id: PersonId, command: PersonMessage) => Promise<PersonResult>;

const answerSchema = z.strictObject({ results: z.tuple([personResult]) });

/** Sends commands to the actors of persons, each alone: no person has many at a time. */
export const personClient =
  (sidecar: Sidecar): ExecutePerson =>
  async (id, command) => {
    for (const pauseMs of [...RETRY_MS, undefined]) {
      try {
        const body = { commands: [command] };
        const answer = await sidecar.invokeActor(PERSON_ACTOR_TYPE, id, 'execute', body);
        return answerSchema.parse(answer).results[0];
      } catch (error) {
        if (!(error instanceof SidecarError)) throw error;
        if (pauseMs === undefined) break;
        await sleep(pauseMs);
      }
    }
    const reason = 'the person cannot be reached';
    return { ok: false, refusal: { code: 'service-unavailable', reason } };
  };
