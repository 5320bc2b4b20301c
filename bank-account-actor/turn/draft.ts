import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { ExecutedName, StreamName, StreamWrite, Turn } from '../journal/journal.ts';
import type { Facts } from './facts.ts';
import { sizeOf, unloggedOf, type Held, type Unlogged } from './held-streams.ts';
import { dueOf, encodeState, type StreamState } from './stream-state.ts';

/** Events of one stream that the log may lack; then it takes no command until the log is back. */
const UNLOGGED_EVENTS_MAX = 2_000;
const UNLOGGED_SIZE_MAX = 512 * 1024;

/** A stream as the decisions of the turn have left it so far. */
export interface Working {
  /** Before the turn; undefined for a stream that does not exist. */
  readonly before: Held | undefined;
  readonly version: number;
  readonly digest: string | undefined;
  readonly state: StreamState | undefined;
  readonly added: readonly Unlogged[];
  readonly secret?: StreamWrite['secret'];
}

/** The members of an event's envelope that depend on its place in the stream. */
export interface Place {
  readonly version: number;
  readonly prev?: string;
  readonly joint?: { readonly id: string; readonly events: number };
}

/** One event to be added, and the state after it. */
export interface Step {
  readonly stream: StreamId;
  readonly state: StreamState;
  readonly event: (place: Place) => BankEvent;
  /** What it executes or ends, once and permanently. */
  readonly names: readonly string[];
  /** The number that the commit records under a name of no stream, or finds there. */
  readonly agreed?: ExecutedName;
  readonly secret?: StreamWrite['secret'];
}

/** An event with its text, which is the same in journal, message and log. */
export interface Committed {
  readonly event: BankEvent;
  /** Canonical JSON. */
  readonly json: string;
  readonly digest: string;
}

/** A stream as a decision sees it; undefined: it does not exist or must be fetched first. */
export type Reading = Working | 'unreadable' | undefined;
export type Draft = ReturnType<typeof createDraft>;

interface Pages {
  readonly working: Map<StreamId, Working>;
  readonly names: Map<string, ExecutedName>;
  readonly agreed: Map<string, ExecutedName>;
  readonly decided: Committed[];
}

/** Events of several commands that are joint. */
interface Together {
  /** Of the first of them. */
  id: string | undefined;
  readonly events: number;
  made: number;
}

/**
 * What a turn has decided so far, and what its decisions depend on. Nothing of it is valid before
 * the commit. A part of it can be undone, as an atomic batch or a preview needs.
 */
export function createDraft(facts: Facts) {
  let pages: Pages = {
    working: new Map(),
    names: new Map(),
    agreed: new Map(),
    decided: [],
  };
  const guards = new Map<StreamId, number>();
  /** Names that were taken for new: looked at, whether what rests on it is undone or not. */
  const unknown = new Map<string, StreamName>();
  const stateSizes = new Map<StreamId, number>();
  let size = 0;
  let together: Together | undefined;
  const keyOf = (stream: StreamId, name: string): string => `${stream} ${name}`;

  const open = (stream: StreamId, found: ReturnType<Facts['stream']>): Reading => {
    if (found === undefined || found === 'unreadable') return found;
    const before = found === 'missing' ? undefined : found;
    // Nothing is decided on a stream in quarantine, and the commit would not take its guard.
    if (before?.quarantine === undefined) guards.set(stream, before?.version ?? 0);
    return {
      before,
      version: before?.version ?? 0,
      digest: before?.digest,
      state: before?.state,
      added: [],
    };
  };
  const read = (stream: StreamId): Reading =>
    pages.working.get(stream) ?? open(stream, facts.stream(stream));
  /** The same of a stream that is probably new. */
  const hope = (stream: StreamId): Reading =>
    pages.working.get(stream) ?? open(stream, facts.hoped(stream));

  const writeOf = (stream: StreamId, made: Working): StreamWrite => {
    const { before, version, digest, added, secret } = made;
    const state = encodeState(made.state!);
    stateSizes.set(stream, Buffer.byteLength(state));
    return {
      stream,
      expected: before?.version ?? 0,
      version,
      digest: digest!,
      state,
      logged: before?.logged ?? 0,
      unlogged: [...(before?.unlogged ?? []), ...added].map(({ json }) => json),
      due: dueOf(made.state!),
      ...(secret === undefined ? {} : { secret }),
    };
  };

  return {
    facts,
    read,
    hope,

    /** Version of the first event under the name, null for none; undefined: to be fetched. */
    versionUnder: (stream: StreamId, name: string): number | null | undefined =>
      pages.names.get(keyOf(stream, name))?.version ?? facts.name(stream, name),
    /** The same of a name that must be new for the decision to stand; the commit looks. */
    executed(stream: StreamId, name: string): number | null {
      const key = keyOf(stream, name);
      const known = pages.names.get(key)?.version ?? facts.hopedName(stream, name);
      if (known === null) unknown.set(key, { stream, name });
      return known;
    },
    /** The number agreed upon under the name; null for none, and the commit looks. */
    agreed(stream: StreamId, name: string): number | null {
      const key = keyOf(stream, name);
      const known = pages.agreed.get(key)?.version ?? facts.hopedName(stream, name);
      if (known === null) unknown.set(key, { stream, name });
      return known;
    },
    /** An event of the past or of this turn; undefined: to be fetched. */
    event(stream: StreamId, version: number): BankEvent | 'unavailable' | undefined {
      const added = pages.working.get(stream)?.added.find((one) => one.version === version);
      if (added !== undefined) return JSON.parse(added.json) as BankEvent;
      return facts.event(stream, version);
    },

    /** Why no more events may be added to the stream now; undefined when they may. */
    whyNotAppend({ before, added }: Working): string | undefined {
      const unlogged = before?.unlogged ?? [];
      const isFull = unlogged.length + added.length > UNLOGGED_EVENTS_MAX;
      return isFull || sizeOf(unlogged) > UNLOGGED_SIZE_MAX
        ? 'the log is too far behind'
        : undefined;
    },

    /**
     * Makes what is appended meanwhile joint, whatever its commands: so many events in all. Gives
     * how many there were, too: it is for the caller to see that they are all, or undone.
     */
    together<Result>(events: number, decide: () => Result): { result: Result; made: number } {
      const group: Together = { id: undefined, events, made: 0 };
      together = group;
      try {
        const result = decide();
        return { result, made: group.made };
      } finally {
        together = undefined;
      }
    },
    /** Adds the events of one command. Events that are several are joint. */
    append(steps: readonly Step[]): BankEvent[] {
      const [first] = steps;
      if (first === undefined) throw new Error('a command without events was appended');
      const firstId = `${first.stream}/${(hope(first.stream) as Working).version + 1}`;
      const joint =
        together === undefined
          ? { id: firstId, events: steps.length }
          : { id: (together.id ??= firstId), events: together.events };
      if (together !== undefined) together.made += steps.length;
      return steps.map(({ stream, state, event, names, agreed, secret }) => {
        const current = (pages.working.get(stream) ?? hope(stream)) as Working;
        const made = event({
          version: current.version + 1,
          ...(current.digest === undefined ? {} : { prev: current.digest }),
          ...(joint.events === 1 ? {} : { joint }),
        });
        const json = canonicalJson(made);
        if (current.added.length === 0) size += current.before?.size ?? 0;
        const added = unloggedOf(made.version, json);
        size += added.size;
        const digest = eventDigest(json);
        pages.working.set(stream, {
          ...current,
          version: made.version,
          digest,
          state,
          added: [...current.added, added],
          ...(secret === undefined ? {} : { secret }),
        });
        for (const name of names) {
          const key = keyOf(stream, name);
          // Of a command with several events in the stream the first one is named.
          if (!pages.names.has(key)) pages.names.set(key, { stream, name, version: made.version });
        }
        if (agreed !== undefined) pages.agreed.set(keyOf(agreed.stream, agreed.name), agreed);
        pages.decided.push({ event: made, json, digest });
        return made;
      });
    },

    /** A point to come back to. What was looked at since is still looked at by the commit. */
    bookmark(): () => void {
      const { working, names, agreed, decided } = pages;
      pages = {
        working: new Map(working),
        names: new Map(names),
        agreed: new Map(agreed),
        decided: [...decided],
      };
      return () => (pages = { working, names, agreed, decided });
    },

    /** Bytes that the commit would write, about. */
    size: (): number => size,
    /** The events in the order in which they were decided: joint ones follow one another. */
    decided: (): readonly Committed[] => pages.decided,
    /** What the commit must do. */
    turn(): Turn {
      const writes = [...pages.working].map(([stream, made]) => writeOf(stream, made));
      const written = new Set(writes.map(({ stream }) => stream));
      const read = [...guards].filter(([stream]) => !written.has(stream));
      return {
        writes,
        guards: read.map(([stream, version]) => ({ stream, version })),
        names: [...pages.names.values()],
        agreed: [...pages.agreed.values()],
        unknown: [...unknown]
          .filter(([key]) => !pages.names.has(key) && !pages.agreed.has(key))
          .map(([, name]) => name),
      };
    },
    /** The streams as they are once what `turn` gave is committed. */
    *held(): Generator<Held> {
      for (const [stream, { before, version, digest, state, added, secret }] of pages.working) {
        const unlogged = [...(before?.unlogged ?? []), ...added];
        const kept = secret === undefined ? before?.secret : secretAfter(secret);
        yield {
          stream,
          version,
          digest: digest!,
          state: state!,
          logged: before?.logged ?? 0,
          unlogged,
          secret: kept,
          size: sizeOf(unlogged) + (stateSizes.get(stream) ?? 0),
        };
      }
    },
  };
}

const secretAfter = (secret: NonNullable<StreamWrite['secret']>): string | undefined =>
  secret === 'forget' ? undefined : secret.keep;
