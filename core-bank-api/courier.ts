import {
  ACTOR_TYPE,
  executeAnswer,
  EXECUTE_GROUPS_MAX,
  lookupAnswer,
  TELLER_ACTOR_PREFIX,
  type CommandGroup,
  type CommandResult,
  type ExecuteAnswer,
} from '../contracts/account/commands.ts';
import type { Sender } from '../contracts/access/principal.ts';
import type { LoggedEvent } from '../contracts/account/events.ts';
import type { AccountId } from '../domain/ids.ts';
import { batcher, QueueFull, type BatcherLimits } from '../platform/batcher.ts';
import { boundedMap } from '../platform/bounded-map.ts';
import { systemClock, type Clock } from '../platform/clock.ts';
import { SidecarError } from '../platform/dapr.ts';
import { retry } from '../platform/retry.ts';
import type { CallActor } from './actor-calls.ts';

/** Pauses before a call is made again; a restarting part of the bank is hidden by them. */
const RETRY_MS = [100, 300, 800] as const;
/** No call starts later than this; the host gets the deadline and drops what comes much later. */
export const PATIENCE_MS = 10_000;
/** Measured: fewer and larger calls cost less, and one more in flight hides the way there. */
const CALLS_IN_FLIGHT_MAX = 4;
const CALL_BYTES_MAX = 512 * 1024;
const LANE_LIMITS: BatcherLimits<Parcel> = {
  itemsMax: CALL_BYTES_MAX,
  inFlightMax: CALLS_IN_FLIGHT_MAX,
  waitingMax: 64 * 1024 * 1024,
  sizeOf: ({ bytes }) => Math.max(bytes, Math.floor(CALL_BYTES_MAX / EXECUTE_GROUPS_MAX)),
};
/** Ids of a teller's actors. */
const SLOTS = 1_000;
/** Where an account was active; a host says itself when it is not any more. */
const KNOWN_ACCOUNTS_MAX = 200_000;
/**
 * Shorter than an actor's idle time, so that Dapr is asked again before it ends an actor in use.
 */
export const KNOWN_MS = 5 * 60_000;

/** Executes commands on accounts, wherever their host is. */
export interface Actors {
  /** Executes the commands of a group; the account of the first one determines the host. */
  execute(group: CommandGroup): Promise<readonly CommandResult[]>;
  /**
   * The events of the account that were committed under each name, undefined for none, and whether
   * it is an account of that owner; 'unavailable' when nobody can tell now.
   */
  lookup(
    accountId: AccountId,
    names: readonly string[],
    owner: Sender['owner'],
  ): Promise<Found | 'unavailable'>;
}

/** What a lookup found, in the order asked. */
interface Found {
  readonly isOwn: boolean;
  readonly found: readonly (readonly LoggedEvent[] | undefined)[];
}

/** The result of a command whose outcome is unknown; the same id may be sent again. */
export const unavailable = (reason: string): CommandResult => ({
  ok: false,
  refusal: { code: 'service-unavailable', reason },
});

interface Parcel {
  readonly accountId: AccountId;
  /** The group as JSON. */
  readonly text: string;
  readonly bytes: number;
  readonly commands: number;
}
type Delivered = readonly CommandResult[] | 'moved';

/** The way to one host, until a call on it fails. */
interface Lane {
  readonly send: (parcel: Parcel) => Promise<Delivered>;
  isOver: boolean;
}

/**
 * Brings commands to the hosts of their accounts. The first command for an account goes to its Dapr
 * actor, whose answer names the host. Further ones for accounts of that host travel together, in
 * one call to the actor type that this host alone registers. A command for an account that the host
 * says has moved goes to the Dapr actor again. Only speed depends on this: correctness is the
 * journal's fencing.
 * @example
 * const actors = courier(actorCalls(dapr, calls, logger));
 * const [result] = await actors.execute({ ...sender, commands: [message] });
 */
export function courier(
  callActor: CallActor,
  clock: Pick<Clock, 'wall' | 'sleep'> = systemClock,
): Actors {
  const known = boundedMap<AccountId, { lane: Lane; at: number }>(KNOWN_ACCOUNTS_MAX);
  const lanes = new Map<string, Lane>();
  const asking = new Map<AccountId, Promise<unknown>>();
  let slots = 0;

  const execute = async (type: string, id: string, texts: readonly string[]) => {
    const body = `{"groups":[${texts.join(',')}],"deadline":${clock.wall() + PATIENCE_MS}}`;
    return readAnswer(await callActor(type, id, 'execute', body), texts.length);
  };
  /** One call for everything that waits for a host; each call in flight has an actor of its own. */
  const laneOf = (host: string): Lane => {
    const existing = lanes.get(host);
    if (existing !== undefined) return existing;
    // Not those of a lane before it: a call that hangs has its actor for itself.
    const idle = Array.from({ length: CALLS_IN_FLIGHT_MAX }, () => String(slots++ % SLOTS));
    const run = async (parcels: readonly Parcel[]): Promise<readonly Delivered[]> => {
      if (lane.isOver) throw new SidecarError(`${host} is away`);
      const slot = idle.pop()!;
      try {
        const texts = parcels.map(({ text }) => text);
        const { groups } = await execute(`${TELLER_ACTOR_PREFIX}.${host}`, slot, texts);
        return groups.map((group) => ('moved' in group ? 'moved' : group.results));
      } catch (error) {
        // The host may be gone, and with it all that is said to be there; Dapr knows.
        lane.isOver = true;
        if (lanes.get(host) === lane) lanes.delete(host);
        throw error;
      } finally {
        idle.push(slot);
      }
    };
    const lane: Lane = { send: batcher<Parcel, Delivered>(LANE_LIMITS, run), isOver: false };
    lanes.set(host, lane);
    return lane;
  };

  const byHost = async (parcel: Parcel): Promise<Delivered> => {
    const { accountId } = parcel;
    const entry = known.get(accountId);
    if (entry === undefined) return 'moved';
    const isOld = entry.lane.isOver || clock.wall() - entry.at > KNOWN_MS;
    const delivered = isOld ? 'moved' : await entry.lane.send(parcel).catch(movedAfterFailure);
    if (delivered === 'moved' && known.get(accountId) === entry) known.delete(accountId);
    return delivered;
  };
  const byActor = async ({ accountId, text }: Parcel): Promise<Delivered> => {
    const { host, groups } = await execute(ACTOR_TYPE, accountId, [text]);
    known.set(accountId, { lane: laneOf(host), at: clock.wall() });
    const [group] = groups;
    return group === undefined || 'moved' in group ? 'moved' : group.results;
  };
  /** An actor takes one call at a time, so what comes while one is under way waits for the host. */
  const ask = async (parcel: Parcel, until: number): Promise<Delivered | undefined> => {
    const { accountId } = parcel;
    const ahead = asking.get(accountId);
    if (ahead !== undefined) {
      await ahead;
      const delivered = await byHost(parcel);
      if (delivered !== 'moved') return delivered;
    }
    const asked = persist(() => byActor(parcel), until);
    if (asking.has(accountId)) return asked;
    asking.set(
      accountId,
      asked.catch(() => undefined),
    );
    return asked.finally(() => asking.delete(accountId));
  };

  /** Calls until there is an answer; undefined when there is none for too long. */
  const persist = <Answer>(
    call: () => Promise<Answer>,
    until: number,
  ): Promise<Answer | undefined> =>
    retry(async () => (clock.wall() < until ? call() : undefined), {
      pausesMs: RETRY_MS,
      mayRetry: (error) => error instanceof SidecarError,
      sleep: clock.sleep,
    }).catch((error: unknown) => {
      if (error instanceof SidecarError) return undefined;
      throw error;
    });

  return {
    async execute(group) {
      const until = clock.wall() + PATIENCE_MS;
      const parcel = parcelOf(group);
      try {
        const delivered = await byHost(parcel);
        const results = delivered === 'moved' ? await ask(parcel, until) : delivered;
        if (results === undefined || results === 'moved') {
          return refuseAll(parcel, 'the account cannot be reached');
        }
        if (results.length === parcel.commands) return results;
        throw new Error(`${parcel.commands} commands, but ${results.length} results`);
      } catch (error) {
        if (!(error instanceof QueueFull)) throw error;
        return refuseAll(parcel, 'too many commands wait');
      }
    },
    async lookup(accountId, names, owner) {
      const asked = JSON.stringify({ names, owner });
      const call = () => callActor(ACTOR_TYPE, accountId, 'lookup', asked);
      const answer = await persist(call, clock.wall() + PATIENCE_MS);
      if (answer === undefined) return 'unavailable';
      const { isOwn, found } = lookupAnswer.parse(answer);
      return { isOwn, found: found.map((events) => events ?? undefined) };
    },
  };
}

function parcelOf(group: CommandGroup): Parcel {
  const { accountId } = group.commands[0]!;
  const text = JSON.stringify(group);
  return { accountId, text, bytes: Buffer.byteLength(text), commands: group.commands.length };
}

const movedAfterFailure = (error: unknown): 'moved' => {
  if (error instanceof SidecarError) return 'moved';
  throw error;
};

const refuseAll = ({ commands }: Parcel, reason: string): CommandResult[] =>
  Array.from({ length: commands }, () => unavailable(reason));

// The host validates events before they are committed, so only the frame is checked here.
function readAnswer(answer: unknown, count: number): ExecuteAnswer {
  const { host, groups } = (answer ?? {}) as Partial<ExecuteAnswer>;
  if (typeof host === 'string' && Array.isArray(groups) && groups.length === count) {
    return { host, groups };
  }
  throw new Error(`${count} groups, but ${executeAnswer.parse(answer).groups.length} answers`);
}
