import { common, headers, WITH_BODY } from '../account/command-operations.ts';
import type { Operation } from '../http/openapi.ts';
import { approvable, pendingAnswer, triable } from '../account/outcomes.ts';
import { addressBody, eraseBody, personOutcome, registerPersonBody } from './commands.ts';
import { personParams } from '../http/parameters.ts';

const ofPerson = {
  ...common,
  headers,
  params: personParams,
  status: 200,
  answer: triable(personOutcome),
  answerHeaders: {
    ...common.answerHeaders,
    ETag: 'the version of the person after the command, in double quotes',
  },
  problems: [...WITH_BODY, 'person-not-found', 'person-erased'],
} satisfies Partial<Operation>;

/** The operations of core-bank-api on persons. */
export const PERSON_OPERATIONS: readonly Operation[] = [
  {
    ...ofPerson,
    method: 'post',
    path: '/v1/persons',
    id: 'registerPerson',
    access: { scope: 'persons:write', object: 'bank' },
    summary: 'Registers a person, who can then own accounts',
    params: {},
    body: registerPersonBody,
    status: 201,
    answerHeaders: { ...ofPerson.answerHeaders, Location: 'the path of the person' },
    problems: [...WITH_BODY, 'person-already-exists', 'person-erased'],
  },
  {
    ...ofPerson,
    method: 'put',
    path: '/v1/persons/{personId}/address',
    id: 'changeAddress',
    access: { scope: 'persons:write', object: 'person' },
    summary: 'Gives a person another address',
    body: addressBody,
  },
  {
    ...ofPerson,
    method: 'post',
    path: '/v1/persons/{personId}/erasure',
    id: 'erasePerson',
    access: { scope: 'persons:erase', object: 'person' },
    summary: 'Makes the personal data of a person unreadable for ever; accounts and log stay',
    body: eraseBody,
    answer: approvable(personOutcome),
    pending: pendingAnswer,
  },
];
