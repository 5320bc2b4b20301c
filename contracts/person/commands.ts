import { z } from 'zod';
import { sender } from '../access/principal.ts';
import { commandMessage } from '../account/commands.ts';
import { approvalRefusals } from '../account/refusals.ts';
import { personEventSchema } from './events.ts';
import * as texts from '../http/scalars.ts';

/** What identifies a person; texts of clients are judged more strictly than stored ones. */
const detailsOf = ({ name, email, externalId }: typeof texts.clientTexts) => {
  const address = z.strictObject({
    line1: name,
    line2: name.optional(),
    city: name,
    postalCode: name,
    country: name.meta({ description: 'name or ISO 3166 code', examples: ['CZ'] }),
  });
  const person = z.strictObject({
    givenName: name,
    familyName: name,
    email: email.optional(),
    address: address.optional(),
    externalId: externalId.optional(),
  });
  return { address, person };
};

/** A postal address, and the body of POST /v1/persons. */
export const { address: addressBody, person: registerPersonBody } = detailsOf(texts.clientTexts);
/** What identifies a person, as it was stored. */
export const personalData = detailsOf(texts.storedTexts).person;
/** Body that erases a person's data. */
export const eraseBody = z.strictObject({});

/** A command to a person's record. */
const personCommandBody = z.discriminatedUnion('type', [
  registerPersonBody.extend({ type: z.literal('register-person') }),
  z.strictObject({ type: z.literal('change-address'), address: addressBody }),
  z.strictObject({ type: z.literal('erase-person') }),
]);
export type PersonCommandBody = z.infer<typeof personCommandBody>;

/** Dapr actor type of persons; the actor id is the person id. */
export const PERSON_ACTOR_TYPE = 'Person';

/** One command as it travels to a person's actor. */
const personMessage = commandMessage
  .omit({ accountId: true })
  .extend({ by: sender.shape.by, command: personCommandBody });
const PERSON_COMMANDS_MAX = 100;
export type PersonMessage = z.infer<typeof personMessage>;

/** What core-bank-api sends to a person's actor: commands that are decided in this order. */
export const executePersonRequest = z.strictObject({
  commands: z.array(personMessage).min(1).max(PERSON_COMMANDS_MAX),
  /** Epoch milliseconds: who sends it waits no longer. */
  deadline: z.int(),
});

/** Why a command to a person was not carried out. */
export const personRefusal = z.discriminatedUnion('code', [
  z.strictObject({ code: z.literal('person-not-found') }),
  z.strictObject({ code: z.literal('person-already-exists') }),
  z.strictObject({ code: z.literal('person-erased') }),
  z.strictObject({ code: z.literal('version-mismatch'), version: z.int() }),
  z.strictObject({ code: z.literal('idempotency-key-reused') }),
  ...approvalRefusals,
  /** Nothing is known to have happened; the same id may be sent again. */
  z.strictObject({ code: z.literal('service-unavailable'), reason: z.string() }),
]);
export type PersonRefusalMessage = z.infer<typeof personRefusal>;

/** The result of one command to a person. */
export const personResult = z.discriminatedUnion('ok', [
  z.strictObject({
    ok: z.literal(true),
    /** The id was executed before: these are the events of that time. */
    replayed: z.boolean(),
    events: z.array(personEventSchema).min(1),
    /** Of a dry run: a second person would have to approve it. */
    needsApproval: z.literal(true).optional(),
  }),
  z.strictObject({ ok: z.literal(false), refusal: personRefusal }),
]);
export type PersonResult = z.infer<typeof personResult>;

/**
 * The answer to a command to a person. It has no personal data, so that every retry can be given
 * it.
 */
export const personOutcome = z.strictObject({ personId: texts.writtenId, version: z.int().min(1) });
