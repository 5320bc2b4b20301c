import { accountOfStream } from '../../contracts/account/events.ts';
import type { AccountPage } from '../../contracts/log/entries.ts';
import { type BalanceAnswer, VERSION_WAIT_MS } from '../../contracts/account/queries.ts';
import type { PositionedAccountEvent } from '../../contracts/log/topics.ts';
import type { AccountId } from '../../domain/ids.ts';
import { Failure } from '../../platform/http/http.ts';
import type { AccountLog, LatestVersions } from '../log/account-log.ts';
import { invalid } from '../../platform/http/requests.ts';

/** Requests that may wait for a version of the log at the same time; more are answered at once. */
const WAITING_MAX = 200;

/** What a balance of the past needs. */
export interface PastPorts {
  readonly log: AccountLog;
  readonly latestVersions: LatestVersions;
  readonly waitMs?: number;
}

/**
 * The balance that a version left, from the event that made it: each event has the balance after
 * it.
 * @returns rejects with a Failure (account-not-found, event-not-found) when the log does not get
 *   that version in time.
 */
export async function balanceOfVersion(
  ports: PastPorts,
  id: AccountId,
  version: number,
): Promise<BalanceAnswer> {
  const { entries, headVersion } = await arrived(ports, id, version);
  const [entry] = entries;
  if (entry !== undefined) return answerOf(entry, true);
  if (headVersion === 0) throw new Failure('account-not-found');
  const detail = `The log has versions 1 to ${headVersion} of this account, not ${version}.`;
  throw new Failure('event-not-found', { detail });
}

let waiting = 0;

async function arrived(ports: PastPorts, id: AccountId, version: number): Promise<AccountPage> {
  const { log, latestVersions, waitMs = VERSION_WAIT_MS } = ports;
  const page = await log.events(id, version, 1);
  if (page.entries.length > 0 || waiting >= WAITING_MAX) return page;
  waiting += 1;
  try {
    await latestVersions.reached(id, version, AbortSignal.timeout(waitMs));
  } finally {
    waiting -= 1;
  }
  return log.events(id, version, 1);
}

/**
 * The balance at a time (milliseconds of UTC): that after the last event which is not later.
 * Nothing is known of the future, whatever the log has so far.
 * @returns rejects with a Failure (account-not-found, account-not-opened-yet, invalid-request).
 */
export async function balanceAtTime(
  { log }: Pick<PastPorts, 'log'>,
  id: AccountId,
  at: number,
  now: number = Date.now(),
): Promise<BalanceAnswer> {
  const { entries, headVersion } = await log.until(id, Math.max(0, at));
  const [entry] = entries;
  if (headVersion === 0) throw new Failure('account-not-found');
  if (entry === undefined) throw await notOpenedYet(log, id);
  const isFinal = entry.event.version < headVersion;
  // The clock of the account may be a little ahead of this one: its events are no future.
  if (!isFinal && at > now && at > Date.parse(entry.event.at)) {
    throw invalid('query/at', 'must not be in the future');
  }
  return answerOf(entry, isFinal);
}

/** The failure about a time before the account was opened; it says when that was. */
export async function notOpenedYet(log: AccountLog, id: AccountId): Promise<Failure> {
  const [opening] = (await log.events(id, 1, 1)).entries;
  const openedAt = opening?.event.at;
  const detail = `The account was opened at ${openedAt}. Ask for that time or a later one.`;
  return new Failure('account-not-opened-yet', { detail, more: { openedAt } });
}

function answerOf({ event, position }: PositionedAccountEvent, final: boolean): BalanceAnswer {
  const { stream, version, at, data } = event;
  const { currency, balance } = data;
  return {
    accountId: accountOfStream(stream),
    currency,
    version,
    at,
    ...balance,
    position,
    final,
  };
}
