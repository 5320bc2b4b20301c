import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ACCESS_OBJECTS_MAX,
  REPORT_OBSERVATIONS_MAX,
  type AccessObservation,
  type AccessReport,
} from '../contracts/access/access-records.ts';
import type { Principal } from '../contracts/access/principal.ts';
import { boundedMap } from './bounded-map.ts';
import { SidecarError } from './dapr.ts';
import type { Logger } from './logger.ts';

/** Like accesses within this time become one record. */
const GATHER_MS = 2_000;
/** What has no place of its own is counted together, and reported this often. */
const GATHER_REST_MS = 300_000;
const BUDGET_MS = 600_000;
/**
 * Bytes that a neighbour may write in that time: everybody without a token together, and each
 * client's subject, for what was refused and for what was read. Beyond them only the count goes on.
 */
const BUDGET_BYTES = { nobody: 16 * 1024, refused: 32 * 1024, read: 256 * 1024 } as const;
/** Of everything that waits; what comes then is only counted, all together. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
/** What one report may have: less than what event-source takes as a body. */
const REPORT_BYTES_MAX = 128 * 1024;
const NEIGHBOURS_MAX = 10_000;
const LAST_REPORT_MS_MAX = 3_000;

/** More than what a record needs besides its objects, in JSON. */
const RECORD_BYTES = 640;
const OBJECT_BYTES = 40;

/** One access that is recorded: who, with which operation, about what, and what it came to. */
export interface SeenAccess extends Pick<
  AccessObservation,
  'outcome' | 'reason' | 'operation' | 'traceId'
> {
  /** Missing for who could not be told. */
  readonly principal?: Pick<Principal, 'subject' | 'client' | 'roles' | 'onBehalfOf'>;
  readonly objects?: readonly string[];
}

/** Notes an access. It returns at once, and never throws. */
export type RecordAccess = (seen: SeenAccess) => void;

/** How many there were, and when: epoch milliseconds. */
interface Span {
  count: number;
  first: number;
  last: number;
}

/** Like accesses on their way. */
interface Waiting extends Omit<AccessObservation, 'objects' | keyof Span>, Span {
  readonly neighbour: Neighbour | undefined;
  readonly objects: Set<string>;
  /** When it is reported. */
  readonly due: number;
  bytes: number;
}

/** What somebody has written lately, and what of it still waits. */
interface Neighbour {
  readonly name: string;
  readonly budget: number;
  since: number;
  spent: number;
  held: number;
}

export interface AccessReportsOptions {
  /**
   * Resolves once the report is on the disk. A report that failed is sent again as it is; one that
   * the receiver refuses (SidecarError of status 400, 413, 422) is sent in parts, and what is
   * refused by itself is counted as not recorded, so that it stops no other one.
   */
  readonly send: (report: AccessReport) => Promise<unknown>;
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/**
 * Gathers accesses in memory and reports them, so that no request waits for it. Nothing is lost
 * while the receiver is away, up to a bound in bytes; how many there were beyond that is reported.
 * A process that is killed loses what it gathered in the last seconds, and counts of a flood in the
 * last minutes.
 */
export function accessReports({ send, logger, now = Date.now }: AccessReportsOptions) {
  const sender = randomUUID();
  const neighbours = boundedMap<string, Neighbour>(NEIGHBOURS_MAX);
  const waiting = new Map<string, Waiting>();
  /** Keeps apart what is like another that has no room for more objects. */
  let full = 0;
  let bytes = 0;
  let number = 0;
  /** Of reports that were refused. */
  const parts: (readonly Waiting[])[] = [];
  let underWay: { readonly report: AccessReport; readonly entries: readonly Waiting[] } | undefined;

  const neighbourOf = ({ principal, outcome }: SeenAccess): Neighbour => {
    const kind = principal === undefined ? 'nobody' : outcome === 'read' ? 'read' : 'refused';
    const name = principal === undefined ? '' : `${kind} ${principal.client} ${principal.subject}`;
    const fresh = { name, budget: BUDGET_BYTES[kind], since: now(), spent: 0, held: 0 };
    const known = neighbours.get(name) ?? fresh;
    if (known === fresh) neighbours.set(name, fresh);
    if (now() - known.since >= BUDGET_MS) Object.assign(known, { since: now(), spent: known.held });
    return known;
  };
  /** Whether there is room for so many bytes more, which are taken then. */
  const charge = (more: number, neighbour?: Neighbour): boolean => {
    if (bytes + more > WAITING_BYTES_MAX) return false;
    if (neighbour !== undefined) {
      if (neighbour.spent + more > neighbour.budget) return false;
      neighbour.spent += more;
      neighbour.held += more;
    }
    bytes += more;
    return true;
  };
  const begin = (key: string, made: Made, seen: Span = once()): void => {
    const gatherMs = made.neighbour === undefined ? GATHER_REST_MS : GATHER_MS;
    waiting.set(key, { ...made, ...seen, due: now() + gatherMs });
  };
  const once = (): Span => ({ count: 1, first: now(), last: now() });
  const count = (one: Waiting, seen: Span = once()): void => {
    one.count += seen.count;
    one.first = Math.min(one.first, seen.first);
    one.last = Math.max(one.last, seen.last);
  };

  /** Adds it to a record with a place of its own; false when there is no room for it. */
  const takeWhole = (key: string, seen: SeenAccess): boolean => {
    const { principal, objects = [], ...rest } = seen;
    const neighbour = neighbourOf(seen);
    const like = waiting.get(key);
    const news = like === undefined ? objects : objects.filter((id) => !like.objects.has(id));
    if (like !== undefined && like.objects.size + news.length <= ACCESS_OBJECTS_MAX) {
      if (!charge(news.length * OBJECT_BYTES, neighbour)) return false;
      for (const id of news) like.objects.add(id);
      like.bytes += news.length * OBJECT_BYTES;
      count(like);
      return true;
    }
    const size = RECORD_BYTES + objects.length * OBJECT_BYTES;
    if (!charge(size, neighbour)) return false;
    if (like !== undefined) {
      waiting.delete(key);
      waiting.set(`${key} ${(full += 1)}`, like);
    }
    begin(key, { ...rest, ...named(principal), objects: new Set(objects), neighbour, bytes: size });
    return true;
  };
  /** Counts it with all others of the same sender and outcome, or else with everybody's. */
  const takeRest = ({ principal, outcome }: SeenAccess): void => {
    const key = `${keyOf({ outcome, ...(principal && { principal }) })} rest`;
    const rest = waiting.get(key);
    if (rest !== undefined) return count(rest);
    if (charge(RECORD_BYTES)) return begin(key, { outcome, ...named(principal), ...bare() });
    lose(once());
  };
  /** Counts accesses of which nothing else can be said. */
  const lose = (seen: Span): void => {
    const lost = waiting.get(NOT_RECORDED);
    if (lost !== undefined) return count(lost, seen);
    bytes += RECORD_BYTES;
    begin(NOT_RECORDED, { outcome: NOT_RECORDED, ...bare() }, seen);
  };

  const sendEntries = (entries: readonly Waiting[]): void => {
    number += 1;
    underWay = { report: { sender, number, observations: entries.map(observationOf) }, entries };
  };
  const nextReport = (until: number): void => {
    const part = parts.pop();
    if (part !== undefined) return sendEntries(part);
    const entries: Waiting[] = [];
    let size = 0;
    for (const [key, one] of waiting) {
      if (one.due > until) continue;
      size += one.bytes;
      if (size > REPORT_BYTES_MAX || entries.length === REPORT_OBSERVATIONS_MAX) break;
      entries.push(one);
      waiting.delete(key);
    }
    if (entries.length > 0) sendEntries(entries);
  };
  const free = (entries: readonly Waiting[]): void => {
    for (const { bytes: size, neighbour } of entries) {
      bytes -= size;
      if (neighbour !== undefined) neighbour.held -= size;
    }
  };
  /** No receiver will ever take it: its halves are tried, and what is left by itself is counted. */
  const refused = (entries: readonly Waiting[]): void => {
    const [first] = entries;
    if (first === undefined) return;
    if (entries.length > 1) {
      const half = entries.length >> 1;
      parts.push(entries.slice(half), entries.slice(0, half));
      return;
    }
    logger.error('a record of access is refused', { operation: first.operation });
    free(entries);
    // What is only a count cannot be told in any other way.
    if (first.outcome !== NOT_RECORDED) lose(spanOf(first));
  };
  /** False when it is refused for what it is; rejects when it may be sent again. */
  const taken = async (sent: AccessReport): Promise<boolean> => {
    try {
      await send(sent);
      return true;
    } catch (error) {
      if (error instanceof SidecarError && REFUSED_FOR_GOOD.has(error.status ?? 0)) return false;
      throw error;
    }
  };
  const sendUntil = async (until: number): Promise<void> => {
    try {
      for (;;) {
        if (underWay === undefined) nextReport(until);
        if (underWay === undefined) return;
        const { report: sent, entries } = underWay;
        const isTaken = await taken(sent);
        underWay = undefined;
        if (isTaken) free(entries);
        else refused(entries);
      }
    } catch (error) {
      logger.warn('who had access cannot be recorded now', { error });
    }
  };
  let running: Promise<void> | undefined;
  /** Sends what is due; one at a time. */
  const report = (): Promise<void> =>
    (running ??= sendUntil(now()).finally(() => (running = undefined)));
  const timer = setInterval(() => void report(), GATHER_MS).unref();

  return {
    record(seen: SeenAccess): void {
      if (!takeWhole(keyOf(seen), seen)) takeRest(seen);
    },
    report,
    /** Reports what waits, and gives up after 3 s: how many were lost then is in the log file. */
    async end(): Promise<void> {
      clearInterval(timer);
      const last = Promise.resolve(running).then(() => sendUntil(Infinity));
      await Promise.race([last, sleep(LAST_REPORT_MS_MAX, undefined, { ref: false })]);
      const left = [...waiting.values(), ...parts.flat(), ...(underWay?.entries ?? [])];
      const lost = left.reduce((sum, one) => sum + one.count, 0);
      if (lost > 0) logger.error('accesses were not recorded', { count: lost });
    },
  };
}

type Made = Omit<Waiting, keyof Span | 'due'>;
const spanOf = ({ count, first, last }: Span): Span => ({ count, first, last });
/** What a mere count takes. */
const bare = () => ({ objects: new Set<string>(), neighbour: undefined, bytes: RECORD_BYTES });

const NOT_RECORDED = 'not-recorded';
/** Answers to what the receiver cannot read, or not in this size: the same would come again. */
const REFUSED_FOR_GOOD: ReadonlySet<number> = new Set([400, 413, 422]);

const keyOf = ({ principal, outcome, operation, reason }: SeenAccess): string =>
  [
    outcome,
    operation ?? '',
    reason ?? '',
    ...(principal === undefined
      ? []
      : [
          principal.client,
          principal.subject,
          principal.onBehalfOf ?? '',
          principal.roles.join(','),
        ]),
  ].join(' ');

/** What of the principal is recorded. */
const named = (principal: SeenAccess['principal']) =>
  principal && {
    subject: principal.subject,
    client: principal.client,
    roles: [...principal.roles],
    ...(principal.onBehalfOf === undefined ? {} : { onBehalfOf: principal.onBehalfOf }),
  };

function observationOf(waiting: Waiting): AccessObservation {
  const {
    neighbour: _neighbour,
    bytes: _bytes,
    due: _due,
    first,
    last,
    objects,
    ...rest
  } = waiting;
  const time = (ms: number): string => new Date(ms).toISOString();
  return { ...rest, objects: [...objects], first: time(first), last: time(last) };
}
