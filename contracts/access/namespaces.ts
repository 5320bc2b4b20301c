/**
 * The apps of the bank by their Dapr ids, and the namespace of each: part of its identity in its
 * certificate. Placement lets an app claim actors in its own namespace only, so nobody but the
 * actor host and the API that calls it can stand in for an account's actor.
 */
const NAMESPACES = {
  'bank-account-actor': 'commands',
  'core-bank-api': 'commands',
  'event-source': 'default',
  'projection-balances': 'default',
  'projection-history': 'default',
  'queries-bank-api': 'default',
} as const;
export type AppId = keyof typeof NAMESPACES;
export const APP_IDS = Object.keys(NAMESPACES) as readonly AppId[];

/** Apps that the table does not know are in the namespace that Dapr takes without one. */
export const namespaceOf = (app: string): string =>
  Object.hasOwn(NAMESPACES, app) ? NAMESPACES[app as AppId] : 'default';
