import { LOG_PAGE_EVENTS_MAX } from '../../contracts/log.ts';
import type { PositionedAccountEvent } from '../../contracts/topics.ts';
import type { AccountId } from '../../domain/ids.ts';
import { Failure } from '../../platform/http.ts';
import type { AccountLog } from '../account-log.ts';
import { notOpenedYet } from '../past-balance.ts';
import { Unavailable } from '../read-models.ts';
import { UnsoundStatement, type StatementSource } from './statement.ts';

export interface Period {
  readonly fromMs: number;
  /** The first millisecond that is no longer in it. */
  readonly toMs: number;
}

/** Reads the events of a period from the log; at most `eventsMax`, else a Failure says so. */
export async function readPeriod(
  log: AccountLog,
  id: AccountId,
  { fromMs, toMs }: Period,
  eventsMax: number,
  nowMs: number,
): Promise<StatementSource> {
  const [earlier, latest, first] = await Promise.all([
    log.until(id, Math.max(0, fromMs - 1)),
    log.until(id, toMs - 1),
    log.events(id, 1, 1),
  ]);
  const opening = first.entries[0]?.event;
  if (latest.headVersion === 0 || opening === undefined) throw new Failure('account-not-found');
  if (opening.type !== 'account-opened') throw new UnsoundStatement(`${opening.id} opens nothing`);
  const [last] = latest.entries;
  if (last === undefined) throw await notOpenedYet(log, id);
  const [before] = earlier.entries;
  const firstVersion = (before?.event.version ?? 0) + 1;
  const { version } = last.event;
  const count = version - firstVersion + 1;
  if (count > eventsMax) throw await tooLong(log, id, firstVersion, count, eventsMax, fromMs);
  const events = await between(log, id, firstVersion, version);
  const final = version < latest.headVersion;
  return { opening, before, events, fromMs, toMs, createdAtMs: nowMs, final };
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

/** With the latest end of the period that fits, so that nobody has to guess. */
async function tooLong(
  log: AccountLog,
  id: AccountId,
  firstVersion: number,
  count: number,
  eventsMax: number,
  fromMs: number,
): Promise<Failure> {
  const [excess] = (await log.events(id, firstVersion + eventsMax, 1)).entries;
  const fitsTo = excess?.event.at;
  const hint =
    fitsTo === undefined || Date.parse(fitsTo) <= fromMs ? '' : ` With to=${fitsTo} it fits.`;
  const detail = `${count} events lie in the period, at most ${eventsMax} may.${hint}`;
  const more = hint === '' ? { eventsMax } : { eventsMax, fitsTo };
  return new Failure('statement-too-long', { detail, more });
}
