import { JOURNAL_HEADS_MAX, type JournalHead } from '../../contracts/log/journal-heads.ts';
import type { Finding } from './entries.ts';

/** Where a stream ends in the log, as the audit has followed it. */
export interface LogHead {
  readonly version: number;
  readonly digest: string | undefined;
}
/** A page of the journal; undefined while the actor host is away. */
export type ReadHeads = (after: string) => Promise<readonly JournalHead[] | undefined>;

/** So long an event that the journal has may be missing in the log. */
export const BEHIND_MS_MAX = 60_000;
const BEHIND_STREAMS_MAX = 10_000;

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
  /** The streams of the log when the round began, without those that were seen in the journal. */
  let unseen: Set<string> | undefined;
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
  const lookAgain = async (from: string, ahead: readonly JournalHead[]): Promise<void> => {
    const was = new Map(ahead.map(({ stream }) => [stream, log.get(stream)!.version]));
    for (const { stream, version, quarantined } of (await read(from)) ?? []) {
      const logged = was.get(stream);
      if (logged === undefined || quarantined || version >= logged) continue;
      forged(stream, `the journal ends it at ${version}`);
    }
  };
  const endRound = (): void => {
    for (const stream of unseen ?? []) forged(stream, 'the journal knows nothing of it');
    unseen = undefined;
    after = '';
  };

  return {
    /** The next page; false when there was none. */
    async step(): Promise<boolean> {
      unseen ??= new Set(log.keys());
      const from = after;
      const page = await read(from);
      if (page === undefined) return false;
      for (const { stream } of page) unseen.delete(stream);
      compared += page.length;
      const ahead = page.filter(look);
      if (ahead.length > 0) await lookAgain(from, ahead);
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
  };
}
