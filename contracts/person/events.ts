import { version } from '../../domain/ids.ts';
import type { KnownPerson } from '../../domain/person.ts';
import { envelope } from '../account/events.ts';
import { z } from 'zod';

/** A person as the journal stores them: without personal data. */
export const personState = z.strictObject({
  status: z.enum(['registered', 'erased']),
  version: z.int().min(1),
  registeredAt: z.string(),
  changedAt: z.string(),
});
export type PersonState = z.infer<typeof personState>;

/** The person in the stored form. */
export const decodePerson = (state: PersonState): KnownPerson => ({
  ...state,
  version: version(state.version),
});

const PERSON_STREAM = /^person\/[0-9a-f-]{36}$/;

/**
 * Personal data, encrypted with the person's own key. Once that key is deleted nobody can read it
 * any more, although the log keeps the bytes and their proofs (docs/personal-data.md).
 */
const sealedData = z.strictObject({
  /** base64url of nonce (12 bytes), AES-256-GCM ciphertext and tag (16 bytes). */
  sealed: z.base64url().min(38),
});

/** Every event of a person, by its type. */
export const personEventSchema = z.discriminatedUnion('type', [
  envelope('person-registered', sealedData, PERSON_STREAM),
  envelope('person-address-changed', sealedData, PERSON_STREAM),
  envelope('person-erased', z.strictObject({}), PERSON_STREAM),
]);
/** An event of a person as it is stored in the journal, on the topics and in the log. */
export type LoggedPersonEvent = z.infer<typeof personEventSchema>;
