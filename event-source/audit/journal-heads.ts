import { JOURNAL_HEADS_MAX, type JournalHead } from '../../contracts/log/journal-heads.ts';
import { errorText } from '../../platform/logger.ts';
import type { Finding } from './entries.ts';

/** Where a stream ends in the log, as the audit has followed it. */
export interface LogHead {
  readonly version: number;
  readonly digest: string | undefined;
  /** For the comparison: the round in which the journal had it last; -1 before the first. */
  seenIn: number;
}
/** A page of the journal, or why there is none. */
export type HeadsPage = readonly JournalHead[] | { readonly away: string };
export type ReadHeads = (after: string) => Promise<HeadsPage>;

/** Asks an actor host; rejects while none answers. */
export type AskHeads = (after: string) => Promise<readonly JournalHead[]>;

/** A page, or why the host gave none: a failure that nobody hears of would look like peace. */
export const headsOf = (ask: AskHeads, after: string): Promise<HeadsPage> =>
  ask(after).catch((error: unknown) => ({ away: errorText(error) }));

/** How the comparison stands. */
export interface JournalCompared {
  /** When the last comparison of all streams ended; null before the first one. */
  readonly at: string | null;
  /** Why there is none now. */
  readonly reason?: string;
}

/** So long an event that the journal has may be missing in the log. */
export const BEHIND_MS_MAX = 60_000;
const BEHIND_STREAMS_MAX = 10_000;
/** So long nothing may be compared until that is an alarm. */
export const UNCOMPARED_MS_MAX = 600_000;

/** What the comparison needs of the audit. */
export interface HeadsParts {
  /** The streams of the log, by name. */
  readonly log: ReadonlyMap<string, LogHead>;
  readonly read: ReadHeads;
  readonly onFinding: (finding: Finding) => void;
  readonly now: () => number;
}

/**
 * Compares where streams end in the journal and in the log, both ways, a page at a time and again
 * and again. An event is committed to the journal before the log can have it: what the log has and
 * the journal has not was decided by nobody. What the journal has comes into the log soon.
 */
export function journalComparison({ log, read, onFinding, now }: HeadsParts) {
  let after = '';
  /**
   * Streams bear the round in which the journal had them, so nothing is copied however many there
   * are. One that came into the log during a round is not missed before the next.
   */
  let round = 0;
  let at: string | null = null;
  let away: string | undefined;
  let lookedAt = now();
  const behind = new Map<string, { readonly version: number; readonly since: number }>();
  let compared = 0;

  const forged = (stream: string, what: string): void => {
    const detail = `The log has ${stream} up to version ${log.get(stream)?.version}, but ${what}.`;
    onFinding({ kind: 'forged', subject: stream, detail });
  };
  const look = ({ stream, version, digest, quarantined }: JournalHead): boolean => {
    const logged = log.get(stream) ?? { version: 0, digest: undefined };
    if (quarantined || logged.version > version) return !quarantined;
    if (logged.version < version) {
      if (!behind.has(stream) && behind.size < BEHIND_STREAMS_MAX) {
        behind.set(stream, { version, since: now() });
      }
    } else if (logged.digest !== digest) forged(stream, 'the journal ends with another event');
    return false;
  };
  /** The log may have moved on after the page was read; it never has more than the journal then. */
  const lookAgain = async (from: string, ahead: readonly JournalHead[]): Promise<HeadsPage> => {
    const was = new Map(ahead.map(({ stream }) => [stream, log.get(stream)!.version]));
    const page = await read(from);
    if ('away' in page) return page;
    for (const { stream, version, quarantined } of page) {
      const logged = was.get(stream);
      if (logged === undefined || quarantined || version >= logged) continue;
      forged(stream, `the journal ends it at ${version}`);
    }
    return page;
  };
  const beginRound = (): void => {
    for (const head of log.values()) if (head.seenIn < 0) head.seenIn = 0;
    round += 1;
    after = '';
  };
  const endRound = (): void => {
    for (const [stream, { seenIn }] of log) {
      if (seenIn >= 0 && seenIn < round) forged(stream, 'the journal knows nothing of it');
    }
    at = new Date(now()).toISOString();
    beginRound();
  };

  return {
    /** The next page; false when there was none, and then it is asked for again. */
    async step(): Promise<boolean> {
      if (round === 0) beginRound();
      const from = after;
      const page = await read(from);
      away = 'away' in page ? page.away : undefined;
      if ('away' in page) return false;
      const ahead = page.filter(look);
      const again = ahead.length === 0 ? page : await lookAgain(from, ahead);
      away = 'away' in again ? again.away : undefined;
      if ('away' in again) return false;
      lookedAt = now();
      for (const { stream } of page) {
        const head = log.get(stream);
        if (head !== undefined) head.seenIn = round;
      }
      compared += page.length;
      after = page.at(-1)?.stream ?? after;
      if (page.length < JOURNAL_HEADS_MAX) endRound();
      return true;
    },
    /**
     * What the log still lacks, when its end was reached at this time; and what it lacked and has.
     */
    overdue(reachedAt: number): { readonly missing: Finding[]; readonly came: string[] } {
      const missing: Finding[] = [];
      const came: string[] = [];
      for (const [stream, { version, since }] of behind) {
        const logged = log.get(stream)?.version ?? 0;
        if (logged >= version) {
          behind.delete(stream);
          if (since + BEHIND_MS_MAX <= reachedAt) came.push(stream);
        } else if (since + BEHIND_MS_MAX <= reachedAt) {
          const detail = `The journal has ${stream} up to version ${version}, the log to ${logged}`;
          missing.push({ kind: 'gap', subject: stream, detail: `${detail}.` });
        }
      }
      return { missing, came };
    },
    /** Heads of the journal that were compared so far. */
    compared: (): number => compared,
    /** Nothing has to be compared now. */
    rest: (): void => void (lookedAt = now()),
    stands: (): JournalCompared => ({ at, ...(away === undefined ? {} : { reason: away }) }),
    /** Since when nothing was compared, when that is too long ago (epoch milliseconds). */
    uncomparedSince: (): number | undefined =>
      now() - lookedAt >= UNCOMPARED_MS_MAX ? lookedAt : undefined,
  };
}
