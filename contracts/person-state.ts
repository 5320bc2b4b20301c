import { z } from 'zod';
import { version } from '../domain/ids.ts';
import type { KnownPerson } from '../domain/person.ts';

/** A person as they rest in the actor's journal: without personal data. */
export const personState = z.strictObject({
  status: z.enum(['registered', 'erased']),
  version: z.int().min(1),
  registeredAt: z.string(),
  changedAt: z.string(),
});
export type PersonState = z.infer<typeof personState>;

export const decodePerson = (state: PersonState): KnownPerson => ({
  ...state,
  version: version(state.version),
});
