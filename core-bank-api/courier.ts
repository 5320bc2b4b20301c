import { setTimeout as sleep } from 'node:timers/promises';
import { ACTOR_TYPE, executeAnswer, EXECUTE_GROUPS_MAX } from '../contracts/commands.ts';
import { lookupAnswer, TELLER_ACTOR_PREFIX } from '../contracts/commands.ts';
import type { CommandGroup, CommandResult, ExecuteAnswer } from '../contracts/commands.ts';
import type { LoggedEvent } from '../contracts/events.ts';
import type { AccountId } from '../domain/ids.ts';
import { batcher, QueueFull } from '../platform/batcher.ts';
import { boundedMap } from '../platform/bounded-map.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';

/** Pauses before a call is made again; a restarting part of the bank is hidden by them. */
const RETRY_MS = [100, 300, 800] as const;
/** A caller waits no longer; the host is told, and drops what comes much later. */
const PATIENCE_MS = 10_000;
/** Measured: fewer and larger calls cost less, and one more in flight hides the way there. */
const CALLS_IN_FLIGHT_MAX = 4;
const CALL_SIZE_MAX = 512 * 1024;
const WAITING_SIZE_MAX = 64 * 1024 * 1024;
/** Where an account was active; a host says itself when it is not any more. */
const KNOWN_ACCOUNTS_MAX = 200_000;
const KNOWN_MS = 5 * 60_000;

/** Commands for the accounts, however they come to them. */
export interface Actors {
  /** Executes the commands of a group; the first one's account tells where it goes. */
  execute(group: CommandGroup): Promise<readonly CommandResult[]>;
  /**
   * What the account executed or ended under each name, undefined for nothing; 'unavailable' when
   * nobody can tell now.
   */
  lookup(
    accountId: AccountId,
    names: readonly string[],
  ): Promise<readonly (readonly LoggedEvent[] | undefined)[] | 'unavailable'>;
}

export const unavailable = (reason: string): CommandResult => ({
  ok: false,
  refusal: { code: 'service-unavailable', reason },
});

interface Parcel {
  readonly accountId: AccountId;
  /** The group as JSON. */
  readonly text: string;
  readonly commands: number;
}
type Delivered = readonly CommandResult[] | 'moved';

/**
 * Brings commands to the hosts of their accounts. The first command for an account goes to its Dapr
 * actor; the answer names the host. Further ones for accounts of that host travel together, in one
 * call to the actor type that this host alone registers. What the host says moved takes the
 * ordinary way again. Nothing rests on this but speed: fencing is the journal's.
 */
export function courier(sidecar: Sidecar, now: () => number = Date.now): Actors {
  const known = boundedMap<AccountId, { host: string; at: number }>(KNOWN_ACCOUNTS_MAX);
  const lanes = new Map<string, (parcel: Parcel) => Promise<Delivered>>();

  const callActor = async (type: string, id: string, texts: readonly string[]) => {
    const body = `{"groups":[${texts.join(',')}],"deadline":${now() + PATIENCE_MS}}`;
    return readAnswer(await sidecar.invokeActor(type, id, 'execute', body), texts.length);
  };
  /** One call for everything that waits for a host; each call in flight has an actor of its own. */
  const laneOf = (host: string): ((parcel: Parcel) => Promise<Delivered>) => {
    const lane = lanes.get(host);
    if (lane !== undefined) return lane;
    const idle = Array.from({ length: CALLS_IN_FLIGHT_MAX }, (_unused, slot) => String(slot));
    const limits = {
      itemsMax: CALL_SIZE_MAX,
      inFlightMax: CALLS_IN_FLIGHT_MAX,
      waitingMax: WAITING_SIZE_MAX,
      sizeOf: ({ text }: Parcel) =>
        Math.min(CALL_SIZE_MAX, Math.max(text.length, CALL_SIZE_MAX / EXECUTE_GROUPS_MAX)),
    };
    const made = batcher<Parcel, Delivered>(limits, async (parcels) => {
      const slot = idle.pop()!;
      try {
        const texts = parcels.map(({ text }) => text);
        const { groups } = await callActor(`${TELLER_ACTOR_PREFIX}.${host}`, slot, texts);
        return groups.map((group) => ('moved' in group ? 'moved' : group.results));
      } finally {
        idle.push(slot);
      }
    });
    lanes.set(host, made);
    return made;
  };

  const byHost = async (parcel: Parcel): Promise<Delivered> => {
    const entry = known.get(parcel.accountId);
    if (entry === undefined || now() - entry.at > KNOWN_MS) return 'moved';
    try {
      const delivered = await laneOf(entry.host)(parcel);
      if (delivered === 'moved') known.delete(parcel.accountId);
      else known.set(parcel.accountId, { host: entry.host, at: now() });
      return delivered;
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error;
      // The host may be gone: Dapr knows where its accounts are now.
      known.delete(parcel.accountId);
      lanes.delete(entry.host);
      return 'moved';
    }
  };
  const byActor = async ({ accountId, text }: Parcel): Promise<Delivered> => {
    const { host, groups } = await callActor(ACTOR_TYPE, accountId, [text]);
    known.set(accountId, { host, at: now() });
    const [group] = groups;
    return group === undefined || 'moved' in group ? 'moved' : group.results;
  };

  return {
    async execute(group) {
      const accountId = group.commands[0]!.accountId;
      const parcel = { accountId, text: JSON.stringify(group), commands: group.commands.length };
      try {
        const delivered = await byHost(parcel);
        const results = delivered === 'moved' ? await persist(() => byActor(parcel)) : delivered;
        if (results !== undefined && results !== 'moved') return results;
        return refuseAll(parcel, 'the account cannot be reached');
      } catch (error) {
        if (!(error instanceof QueueFull)) throw error;
        return refuseAll(parcel, 'too many commands wait');
      }
    },
    async lookup(accountId, names) {
      const answer = await persist(() =>
        sidecar.invokeActor(ACTOR_TYPE, accountId, 'lookup', { names }),
      );
      if (answer === undefined) return 'unavailable';
      return lookupAnswer.parse(answer).found.map((events) => events ?? undefined);
    },
  };
}

const refuseAll = ({ commands }: Parcel, reason: string): CommandResult[] =>
  Array.from({ length: commands }, () => unavailable(reason));

/** Calls until there is an answer; undefined when there is none after several tries. */
async function persist<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error;
      const pauseMs = RETRY_MS[tries];
      if (pauseMs === undefined) return undefined;
      await sleep(pauseMs);
    }
  }
}

// The host validates events before they are committed, so only the frame is checked here.
function readAnswer(answer: unknown, count: number): ExecuteAnswer {
  const { host, groups } = (answer ?? {}) as Partial<ExecuteAnswer>;
  if (typeof host === 'string' && Array.isArray(groups) && groups.length === count) {
    return { host, groups };
  }
  throw new Error(`${count} groups, but ${executeAnswer.parse(answer).groups.length} answers`);
}
