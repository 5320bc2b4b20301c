import { ACTOR_TYPE, TELLER_ACTOR_PREFIX } from '../account/commands.ts';
import { APPROVAL_ACTOR_TYPE } from '../approval/commands.ts';
import type { ServiceCall } from '../http/service-call.ts';
import { AUDIT_CALLS, READ_SIDE_ACCOUNT } from '../log/audit.ts';
import { HOST_BACKLOG } from '../log/bank-status.ts';
import { LOG_CALLS, PROOF_CALLS } from '../log/calls.ts';
import { JOURNAL_HEADS } from '../log/journal-heads.ts';
import * as topics from '../log/topics.ts';
import { PERSON_ACTOR_TYPE } from '../person/commands.ts';
import { OPEN_PERSONS } from '../person/queries.ts';
import { ACCESS_CALLS } from './access-records.ts';
import { APP_IDS, type AppId } from './namespaces.ts';

/** What one app may ask of its own sidecar, and so of the rest of the bank. */
export interface SidecarRights {
  /** Routes of other apps. Each app's sidecar lets in exactly those that name it. */
  readonly calls: readonly Pick<ServiceCall, 'app' | 'method' | 'path'>[];
  readonly publishes: readonly string[];
  /** It publishes with Dapr's SDK, which first asks the sidecar about itself. */
  readonly usesSdk?: true;
  /** The actor types that it may call (a regular expression), and their methods. */
  readonly actors?: { readonly types: readonly string[]; readonly methods: readonly string[] };
}

const FOLLOWER: SidecarRights = { calls: [LOG_CALLS.events], publishes: [] };

/**
 * Who may call whom, with which verb, on which route: everything else is refused, by the sidecar of
 * the caller and, by the caller's certificate, by that of the callee. `npm run reference` makes the
 * sidecars' configurations of it (components/). What a sidecar delivers to its own app (calls of
 * actors, messages) is no call of another app.
 */
export const SIDECAR_RIGHTS: Readonly<Record<AppId, SidecarRights>> = {
  'core-bank-api': {
    calls: [ACCESS_CALLS.record],
    // Commands too: systems without a sidecar of their own send them here, under their signature.
    publishes: [
      topics.ACCOUNT_COMMANDS_TOPIC,
      topics.BULK_COMMANDS_TOPIC,
      topics.COMMAND_RESULTS_TOPIC,
      topics.DEAD_COMMANDS_TOPIC,
    ],
    usesSdk: true,
    actors: {
      types: [
        ACTOR_TYPE,
        APPROVAL_ACTOR_TYPE,
        PERSON_ACTOR_TYPE,
        `${TELLER_ACTOR_PREFIX}\\.[a-z0-9]+`,
      ],
      methods: ['execute', 'list', 'lookup'],
    },
  },
  'bank-account-actor': {
    calls: [LOG_CALLS.events, LOG_CALLS.digests, LOG_CALLS.read, ACCESS_CALLS.record],
    publishes: [topics.ACCOUNT_EVENTS_TOPIC],
  },
  'event-source': {
    calls: [READ_SIDE_ACCOUNT, JOURNAL_HEADS],
    publishes: [topics.LOG_TOPIC, topics.AUDIT_TOPIC],
    usesSdk: true,
  },
  'projection-balances': FOLLOWER,
  'projection-history': FOLLOWER,
  'queries-bank-api': {
    calls: [
      LOG_CALLS.streamEvents,
      LOG_CALLS.streamUntil,
      LOG_CALLS.latestVersions,
      LOG_CALLS.read,
      ...Object.values(PROOF_CALLS),
      ...Object.values(AUDIT_CALLS),
      ...Object.values(ACCESS_CALLS),
      OPEN_PERSONS,
      HOST_BACKLOG,
    ],
    publishes: [],
  },
};

/** The header in which a sidecar names the caller to its app, by its certificate. */
export const CALLER = 'dapr-caller-app-id';

/** Whether that app may make the call: what its callee asks of who is named by the sidecar. */
export const mayCall = (
  app: string | string[] | undefined,
  call: SidecarRights['calls'][number],
): boolean => APP_IDS.some((id) => id === app && SIDECAR_RIGHTS[id].calls.includes(call));
