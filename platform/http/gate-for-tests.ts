import { ROLES, type Principal } from '../../contracts/access/principal.ts';
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
