import { clientTexts, writtenId, writtenTime } from '../http/scalars.ts';
import { z } from 'zod';
import type { ServiceCall } from '../http/service-call.ts';
import type { Operation } from '../http/openapi.ts';
import { personalData } from './commands.ts';
import { personParams, minVersion } from '../http/parameters.ts';
import { personModel } from './model.ts';
import { pageQuery, nextCursor } from '../account/queries.ts';

/** A person; once their data was erased, only the id and the times are left. */
export const personAnswer = z.strictObject({
  personId: writtenId,
  status: z.enum(['registered', 'erased']),
  version: z.int().min(1),
  ...personalData.partial().shape,
  registeredAt: writtenTime,
  /** Time of the last event. */
  at: writtenTime,
});
export type PersonAnswer = z.infer<typeof personAnswer>;

/** A person who is set aside is listed as last known to be right, not as now. */
const listedPerson = personAnswer.extend({ setAside: z.literal(true).optional() });
export type ListedPerson = z.infer<typeof listedPerson>;
/** A page of all persons, in the order in which they were registered. */
export const personsAnswer = z.strictObject({ items: z.array(listedPerson), nextCursor });
export type PersonsAnswer = z.infer<typeof personsAnswer>;

/** Query of GET /v1/persons/{personId}. */
export const personQuery = z.strictObject({ minVersion });
/** Most persons that one answer with filters looks at: the data of each is opened for it. */
export const FILTER_PERSONS_MAX = 512;
/** Query of GET /v1/persons. */
export const personsQuery = z.strictObject({
  name: clientTexts.name
    .regex(/[\p{L}\p{N}]/u, 'must have a letter or a digit')
    .optional()
    .meta({
      description: 'only persons with names that begin with each of these words, in any case',
      examples: ['nov jana'],
    }),
  email: clientTexts.email
    .optional()
    .meta({ description: 'only persons with this e-mail address' }),
  externalId: clientTexts.externalId
    .optional()
    .meta({ description: 'only persons whom a system of yours calls this' }),
  ...pageQuery,
});
export type PersonsQuery = z.infer<typeof personsQuery>;

export const ACTOR_HOST_APP = 'bank-account-actor';
/** Most persons of one request. */
const OPEN_PERSONS_MAX = 128;
/**
 * On the actor host, by queries-bank-api only: what was sealed in clear, null for those whose key
 * is gone. Only the actor host ever has a key.
 */
export const OPEN_PERSONS = {
  app: ACTOR_HOST_APP,
  method: 'POST',
  path: '/persons/open',
  input: z.strictObject({ persons: z.array(personModel).min(1).max(OPEN_PERSONS_MAX) }),
  answer: z.strictObject({ persons: z.array(personalData.nullable()) }),
} as const satisfies ServiceCall;
export type OpenedPerson = z.infer<typeof OPEN_PERSONS.answer>['persons'][number];

/** The operations of queries-bank-api on persons. */
export const PERSON_QUERIES: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/persons',
    id: 'listPersons',
    access: { scope: 'persons:list', object: 'bank' },
    summary: 'The persons, in the order in which they were registered',
    description:
      'Personal data is sealed, so no index of it is kept: an answer with filters opens what ' +
      `${FILTER_PERSONS_MAX} persons have, and its nextCursor continues after them. A page may ` +
      'be empty and still have a next one. Only who is shown is recorded as read.',
    showsPersonalData: true,
    query: personsQuery.shape,
    status: 200,
    answer: personsAnswer,
    problems: [],
  },
  {
    method: 'get',
    path: '/v1/persons/{personId}',
    id: 'readPerson',
    access: { scope: 'persons:read', object: 'person' },
    summary: 'A person',
    showsPersonalData: true,
    params: personParams,
    query: personQuery.shape,
    status: 200,
    answer: personAnswer,
    answerHeaders: { ETag: 'the version of the person, in double quotes' },
    problems: ['person-not-found', 'person-set-aside', 'version-not-reached'],
  },
];
