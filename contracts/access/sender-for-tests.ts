import { commandId, type CommandName } from '../../domain/ids.ts';
import { byOf, EVERY_OWNER, nameBy, type Sender } from './principal.ts';

/** Somebody who may reach every account. */
export const TESTER: Sender = {
  by: byOf({ subject: 'tester', client: 'tests', roles: ['teller'], strength: 'single-factor' }),
  owner: EVERY_OWNER,
};

/** The name of a command that the tester sent under this key. */
export const testName = (key: string): CommandName => nameBy(TESTER.by, commandId(key));
