import type { KeyObject } from 'node:crypto';
import type { AuditedBooks, SignedCheckpoint } from '../../contracts/log/audit.ts';
import { alarm } from '../../platform/alarm.ts';
import type { IsSigned } from '../../platform/signatures.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import { createAuditBooks } from './books.ts';
import type { Finding } from './entries.ts';
import { journalComparison, type JournalCompared, type ReadHeads } from './journal-heads.ts';
import { verdictSentence } from './report.ts';
import { auditWalk, saidBy, type AuditSource, type Said } from './walk.ts';
import type { BooksSnapshot } from './snapshots.ts';
import type { CheckpointFile } from './checkpoints.ts';
import { TamperError } from '../log/event-log.ts';

export const AUDIT_PACE = {
  /** Looks at the end of the log are at least this far apart: what gathers costs less together. */
  gatherMs: 250,
  /** Without news it looks this often, because a stranger does not tell. */
  lookMs: 5_000,
  retryMs: 2_000,
  checkpointMs: 60_000,
  sampleMs: 10_000,
  /** Between pages of the journal: a million streams take half an hour and hardly any CPU. */
  journalMs: 2_000,
  /** While the log grows it rests this many times as long as it works, up to a second. */
  restFactor: 9,
  restMsMax: 1_000,
};
const SAMPLE_ACCOUNTS = 10;
const UNCOMPARED = { kind: 'uncompared', subject: 'journal and log' } as const;

/** The state of the audit; `books` as of `at`, or as of now while it is replaying. */
export interface AuditReport {
  readonly phase: 'starting' | 'replaying' | 'following' | 'waiting';
  readonly reason?: string;
  readonly books: AuditedBooks;
  /** When the end of the log was last reached; null before the first time. */
  readonly at: string | null;
  readonly checkpoint: SignedCheckpoint | null;
  /** The first transaction with a fault; 0 means the log as a whole, null none. */
  readonly violatedFrom: number | null;
  readonly journalCompared: JournalCompared;
}

/** What the auditor needs. */
export interface AuditorParts {
  readonly source: AuditSource;
  readonly checkpoints: CheckpointFile;
  readonly database: string;
  readonly publicKey: KeyObject;
  /** Knows the keys of the actor hosts. */
  readonly isSigned: IsSigned;
  readonly onFinding: (finding: Finding) => void;
  readonly onReport: (report: AuditReport) => void;
  readonly onCheckpoint: (signed: SignedCheckpoint) => void;
  readonly onSnapshot?: (snapshot: BooksSnapshot) => void;
  /** Where the streams of the journal end. */
  readonly journalHeads: ReadHeads;
  /** What was found wrong is right again. */
  readonly onOver: (finding: Pick<Finding, 'kind' | 'subject'>) => void;
  /** Accounts whose balance in the read side is to be compared. */
  readonly onSample: (accountIds: readonly string[]) => void;
  readonly pace?: typeof AUDIT_PACE;
  readonly now?: () => number;
}

/**
 * Audits the log continuously. After a start it walks the log from its first transaction, because
 * the books are kept in memory only and every start is a chance to find what changed; then it
 * follows the end. It compares the log with what it published before (the checkpoints).
 */
export function auditor(parts: AuditorParts) {
  const { checkpoints, onFinding, onReport, pace = AUDIT_PACE, now = Date.now } = parts;
  const books = createAuditBooks(parts.isSigned);
  let phase: AuditReport['phase'] = 'starting';
  let reason: string | undefined;
  let at: string | null = null;
  let last: SignedCheckpoint | null = null;
  let lastAt = -Infinity;
  let sampledAt = -Infinity;
  let sample: Iterator<string> | undefined;
  let stopped: string | undefined;
  let mayTell = true;
  let ended = false;
  const { pause, wake, end } = alarm();
  let news = false;
  let newsAt = -Infinity;

  const report = (): void => {
    const why = reason === undefined ? {} : { reason };
    const violatedFrom = books.violatedFrom();
    onReport({
      phase,
      ...why,
      books: books.books(),
      at,
      checkpoint: last,
      violatedFrom,
      journalCompared: journalCompared(),
    });
  };
  const said = async (): Promise<Said> => {
    const read = await checkpoints.open();
    if (!isFault(read)) {
      last = read.at(-1) ?? null;
      return saidBy(read);
    }
    mayTell = false;
    books.violated();
    const detail = `The file of the auditor's checkpoints was changed. ${read.detail}`;
    onFinding({ kind: 'tampered', subject: 'the checkpoints', detail });
    return saidBy([]);
  };
  /** Says in public how the books stand, when something changed since it was said last. */
  const tell = async (): Promise<void> => {
    const stand = books.books();
    const before = last?.checkpoint;
    const isNews =
      stand.violations !== before?.violations || stand.transaction !== before.transaction;
    const isDue = now() - lastAt >= pace.checkpointMs || stand.verdict !== before?.verdict;
    if (!mayTell || !isNews || !isDue || stand.verdict === 'nothing-checked') return;
    const signed = await checkpoints.append({ ...stand, at: at!, says: verdictSentence(stand) });
    last = signed;
    lastAt = now();
    parts.onCheckpoint(signed);
  };
  const takeSample = (): void => {
    if (now() - sampledAt < pace.sampleMs) return;
    sampledAt = now();
    const ids: string[] = [];
    while (ids.length < SAMPLE_ACCOUNTS) {
      sample ??= books.ledger.accountIds()[Symbol.iterator]();
      const next = sample.next();
      if (next.done === true) {
        sample = undefined;
        break;
      }
      ids.push(next.value);
    }
    if (ids.length > 0) parts.onSample(ids);
  };

  const rest = async (spentMs: number): Promise<void> => {
    if (now() - newsAt > pace.restMsMax) return;
    await pause(Math.min(pace.restFactor * spentMs, pace.restMsMax));
  };

  /** The log does not give its next transaction: what follows cannot be checked. */
  const stopAt = (why: string): void => {
    const subject = `transaction ${books.state().txId + 1}`;
    if (stopped === subject) return;
    stopped = subject;
    books.violated(books.state().txId + 1);
    const detail = `The log cannot be read from ${subject} on, and is not checked there: ${why}`;
    onFinding({ kind: 'tampered', subject, detail });
  };

  const forged = new Set<string>();
  const comparison = journalComparison({
    log: books.heads(),
    read: parts.journalHeads,
    now,
    onFinding(finding) {
      if (forged.has(finding.subject)) return;
      forged.add(finding.subject);
      books.violated(books.state().txId);
      onFinding(finding);
    },
  });
  const journalCompared = (): JournalCompared => {
    const { at: compared, ...away } = comparison.stands();
    if (phase === 'following') return { at: compared, ...away };
    return {
      at: compared,
      reason: `the audit is ${phase}${reason === undefined ? '' : `: ${reason}`}`,
    };
  };
  const noteUncompared = (): void => {
    const since = comparison.uncomparedSince();
    if (since === undefined) return parts.onOver(UNCOMPARED);
    const why = journalCompared().reason ?? 'it answers nothing';
    const when = new Date(since).toISOString();
    onFinding({ ...UNCOMPARED, detail: `Journal and log are not compared since ${when}: ${why}.` });
  };
  const compareJournal = async (): Promise<void> => {
    if (phase === 'starting' || phase === 'replaying') return comparison.rest();
    if (phase === 'following') {
      await comparison.step();
      const { missing, came } = comparison.overdue(Date.parse(at!));
      missing.forEach(onFinding);
      for (const subject of came) parts.onOver({ kind: 'gap', subject });
    }
    noteUncompared();
  };
  const beat = alarm();
  const comparing = async (): Promise<void> => {
    while (!ended) {
      await beat.pause(pace.journalMs);
      await compareJournal();
    }
  };
  // Not awaited at the end: it may wait for the actor host.
  void comparing();

  const run = async (): Promise<void> => {
    const walk = auditWalk({ ...parts, books, said: await said(), onPage: report, rest });
    phase = 'replaying';
    while (!ended) {
      news = false;
      try {
        const reached = await walk.walk(() => ended);
        if (reached) await walk.compareEnd();
        if (!reached) continue;
        phase = 'following';
        reason = undefined;
        at = new Date(now()).toISOString();
        await tell();
        takeSample();
        report();
      } catch (error) {
        phase = 'waiting';
        reason = error instanceof Error ? error.message : String(error);
        if (error instanceof TamperError) stopAt(reason);
        report();
        await pause(pace.retryMs);
        continue;
      }
      await pause(pace.gatherMs);
      if (!news) await pause(pace.lookMs);
    }
  };
  const running = run();

  return {
    /** The log has grown. */
    news(): void {
      news = true;
      newsAt = now();
      if (phase === 'following') wake();
    },
    async end(): Promise<void> {
      ended = true;
      end();
      beat.end();
      await running;
    },
  };
}
