import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { AccountPage } from '../../contracts/log/entries.ts';
import { LOG_PAGE_EVENTS_MAX } from '../../contracts/log/entries.ts';
import type { StatementBound } from '../../contracts/account/statements.ts';
import type { PositionedAccountEvent } from '../../contracts/log/topics.ts';
import type { AccountId } from '../../domain/ids.ts';
import { Failure } from '../../platform/http/http.ts';
import type { AccountLog } from '../log/account-log.ts';
import { notOpenedYet } from '../accounts/past-balance.ts';
import { Unavailable } from '../read-models/read-models.ts';
import { invalid } from '../../platform/http/requests.ts';
import { UnsoundStatement, type StatementSource } from './statement.ts';

/** The last bound is the first millisecond, or version, that is no longer in it. */
export interface Period {
  readonly from: StatementBound;
  readonly to: StatementBound;
}

/** Reads the events of a period from the log; at most `eventsMax`, else a Failure says so. */
export async function readPeriod(
  log: AccountLog,
  id: AccountId,
  { from, to }: Period,
  eventsMax: number,
  nowMs: number,
): Promise<StatementSource> {
  // The log goes on growing. What this first read sees is the moment of the statement: whatever
  // comes into the log later is left out, though it may lie in the period or even before it.
  const latest = await endOf(log, id, to);
  const { headVersion } = latest;
  if (headVersion === 0) throw new Failure('account-not-found');
  if ('version' in from && from.version > headVersion) throw unknown(from.version, headVersion);
  if ('version' in to && to.version - 1 > headVersion) throw unknown(to.version - 1, headVersion);
  const [last] = latest.entries;
  if (last === undefined) throw await notOpenedYet(log, id);
  const [found, first] = await Promise.all([lastBefore(log, id, from), log.events(id, 1, 1)]);
  const opening = first.entries[0]?.event;
  if (opening?.type !== 'account-opened') {
    throw new UnsoundStatement(`${opening?.id ?? id} opens nothing`);
  }
  const { version } = last.event;
  const before = found !== undefined && found.event.version > version ? last : found;
  const firstVersion = 'version' in from ? from.version : (before?.event.version ?? 0) + 1;
  const count = version - firstVersion + 1;
  const isByVersion = 'version' in from || 'version' in to;
  if (isByVersion && count <= 0) throw invalid('query/to', 'must be after "from"');
  if (count > eventsMax) throw await tooLong(log, id, firstVersion, count, eventsMax);
  const events = await between(log, id, firstVersion, version);
  const fromMs = 'version' in from ? timeOf(events[0] ?? last) : from.ms;
  const toMs = 'version' in to ? timeOf(last) + 1 : to.ms;
  const final = version < headVersion;
  const reversed = await reversedBy(log, id, events, firstVersion);
  const fromVersion = 'version' in from ? { fromVersion: from.version } : {};
  const bounds = { ...fromVersion, fromMs, toMs };
  return { opening, before, events, reversed, ...bounds, createdAtMs: nowMs, final };
}

const timeOf = ({ event }: PositionedAccountEvent): number => Date.parse(event.at);

/** The last event before the end of the period, and how far the log has come. */
const endOf = (log: AccountLog, id: AccountId, to: StatementBound): Promise<AccountPage> =>
  'version' in to ? log.events(id, to.version - 1, 1) : log.until(id, to.ms - 1);

async function lastBefore(
  log: AccountLog,
  id: AccountId,
  from: StatementBound,
): Promise<PositionedAccountEvent | undefined> {
  if ('ms' in from) return (await log.until(id, Math.max(0, from.ms - 1))).entries[0];
  return from.version === 1 ? undefined : (await log.events(id, from.version - 1, 1)).entries[0];
}

function unknown(version: number, headVersion: number): Failure {
  const detail = `The log has versions 1 to ${headVersion} of this account, not ${version}.`;
  return new Failure('event-not-found', { detail });
}

async function between(
  log: AccountLog,
  id: AccountId,
  from: number,
  to: number,
): Promise<PositionedAccountEvent[]> {
  const events: PositionedAccountEvent[] = [];
  while (events.length < to - from + 1) {
    const next = from + events.length;
    const { entries } = await log.events(id, next, Math.min(LOG_PAGE_EVENTS_MAX, to - next + 1));
    if (entries.length === 0) throw new Unavailable(`the log does not give version ${next}`);
    events.push(...entries);
  }
  return events;
}

/** The movements that these events take back, by version; most lie in the period themselves. */
async function reversedBy(
  log: AccountLog,
  id: AccountId,
  events: readonly PositionedAccountEvent[],
  firstVersion: number,
): Promise<ReadonlyMap<number, LoggedEvent>> {
  const versions = events.flatMap(({ event }) =>
    event.type === 'movement-reversed' ? [event.data.reverses] : [],
  );
  const earlier = versions.filter((version) => version < firstVersion);
  const read = earlier.length === 0 ? [] : await log.read(id, earlier);
  const all = [...read, ...events.map(({ event }) => event)];
  return new Map(all.map((event) => [event.version, event]));
}

/**
 * With the latest end of the period that fits, so that nobody has to guess: a time, or a version
 * where the events of one instant are too many for any time.
 */
async function tooLong(
  log: AccountLog,
  id: AccountId,
  firstVersion: number,
  count: number,
  eventsMax: number,
): Promise<Failure> {
  const excess = firstVersion + eventsMax;
  const [start, end] = await Promise.all([
    log.events(id, firstVersion, 1),
    log.events(id, excess, 1),
  ]);
  const [at, fromAt] = [end.entries[0]?.event.at, start.entries[0]?.event.at];
  const isLater = at !== undefined && fromAt !== undefined && at > fromAt;
  const fitsTo = isLater ? at : `v${excess}`;
  const detail =
    `${count} events lie in the period, at most ${eventsMax} may. ` +
    `With to=${fitsTo} it fits; go on with from=${fitsTo}.`;
  return new Failure('statement-too-long', { detail, more: { eventsMax, fitsTo } });
}
