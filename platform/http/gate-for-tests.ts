import { ROLES, type Principal, type Role } from '../../contracts/access/principal.ts';
import { scopesOf } from '../../contracts/access/rules.ts';
import { gate } from './gate.ts';
import type { Before } from './serve.ts';

/** Somebody with every right. */
export const EVERY_RIGHT: Principal = {
  subject: 'tester',
  client: 'tests',
  roles: [...ROLES],
  strength: 'single-factor',
  scopes: scopesOf(ROLES),
  expires: Number.MAX_SAFE_INTEGER,
};

/** A gate that takes every request for one of somebody with every right. */
export const openGate = gate(() => EVERY_RIGHT);

/** It, and room for every request. */
export const openDoor: Before = {
  gate: openGate,
  admit: () => (_request, _response, next) => next(),
};

/** Somebody with one role and all that it may have; a customer who owns what the person owns. */
export const principalFor = (role: Role, owner?: string, client = 'tests'): Principal => ({
  ...EVERY_RIGHT,
  subject: `a-${role}`,
  client,
  roles: [role],
  scopes: scopesOf([role]),
  ...(owner === undefined ? {} : { personId: owner as Principal['personId'] & string }),
});

const SENDER = 'x-sender';
/** A gate that reads from a header who sends a request, and the header. */
export const toldGate = gate((request) => JSON.parse(request.get(SENDER) ?? '') as Principal);
export const sentBy = (principal: Principal): Readonly<Record<string, string>> => ({
  [SENDER]: JSON.stringify(principal),
});
