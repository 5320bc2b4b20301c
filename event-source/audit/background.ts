import {
  ALARMS_DEFAULT,
  AUDIT_CALLS,
  type AuditStatus,
  type TrialBalanceAnswer,
} from '../../contracts/log/audit.ts';
import { unreachable } from '../../domain/ids.ts';
import { errorText, type Logger } from '../../platform/logger.ts';
import type { Alarms } from '../alarms.ts';
import type { EventLog } from '../log/event-log.ts';
import { serveCall } from '../log/routes.ts';
import type { AuditReport } from './auditor.ts';
import { createAuditBooks } from './books.ts';
import type { AuditFeed } from './feed.ts';
import { headsOf, type AskHeads } from './journal-heads.ts';
import type { ReadSideCheck } from './read-side.ts';
import { verdictSentence } from './report.ts';
import { booksSnapshots } from './snapshots.ts';
import { pastTrialBalance } from './trial-balance.ts';
import type { AuditWorkerData, FromAuditWorker, ToAuditWorker } from './worker.ts';
import type { Express } from 'express';
import { Worker } from 'node:worker_threads';

/** Serves the audit to the query API. */
export function auditRoutes(app: Express, audit: AuditAnswers, alarms: Alarms): void {
  serveCall(app, AUDIT_CALLS.status, () => audit.status());
  serveCall(app, AUDIT_CALLS.trialBalance, ({ position }) => audit.trialBalance(position));
  serveCall(app, AUDIT_CALLS.alarms, ({ limit = ALARMS_DEFAULT }) => ({
    count: alarms.count(),
    items: alarms.list(limit),
  }));
}

const RESTART_MS = 5_000;
/** Appends are reported together. */
const NEWS_MS = 250;
const END_MS_MAX = 5_000;
/** The books of about a million accounts; a thread that needs more ends with an alarm. */
const MEMORY_MB_MAX = 1_024;

/** What the audit needs of event-source. */
export interface BackgroundAuditParts {
  readonly data: AuditWorkerData;
  readonly log: Pick<EventLog, 'head' | 'readAfter'>;
  readonly alarms: Alarms;
  readonly feed: AuditFeed;
  readonly readSide: ReadSideCheck;
  /** Where the streams of the journal end, after this one. */
  readonly journalHeads: AskHeads;
  readonly logger: Logger;
}

/** What can be asked of the audit. */
export type AuditAnswers = Pick<BackgroundAudit, 'status' | 'trialBalance'>;
type BackgroundAudit = ReturnType<typeof backgroundAudit>;

const NOTHING: AuditReport = {
  phase: 'starting',
  books: createAuditBooks().books(),
  at: null,
  checkpoint: null,
  violatedFrom: null,
  journalCompared: { at: null, reason: 'the audit is starting' },
};

/** Runs the audit alongside the log, in a thread that is restarted when it dies. */
export function backgroundAudit(parts: BackgroundAuditParts) {
  const { data, log, alarms, feed, readSide, journalHeads, logger } = parts;
  let last = NOTHING;
  let snapshots = booksSnapshots();
  let worker: Worker | undefined;
  let restart: NodeJS.Timeout | undefined;
  let news: NodeJS.Timeout | undefined;
  let ended = false;

  const hear = (message: FromAuditWorker): void => {
    switch (message.says) {
      case 'report':
        last = message.report;
        return;
      case 'snapshot':
        return snapshots.add(message.snapshot);
      case 'finding':
        return alarms.raise(message.finding.kind, message.finding.subject, message.finding.detail);
      case 'checkpoint':
        logger.info(message.signed.checkpoint.says);
        return feed.offer({ type: 'checkpoint', ...message.signed });
      case 'heads':
        return void headsOf(journalHeads, message.after).then((heads) => send({ heads }));
      case 'over':
        return alarms.lower(message.finding.kind, message.finding.subject);
      case 'sample':
        return void readSide.compare(message.accountIds);
      default:
        return unreachable(message);
    }
  };
  const start = (): void => {
    // It walks the log again, and may find something else there.
    last = { ...NOTHING, checkpoint: last.checkpoint };
    snapshots = booksSnapshots();
    const made = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB_MAX },
    });
    worker = made;
    made.on('message', hear);
    made.on('error', (error) => {
      const reason = `the audit died: ${error.message}`;
      const journalCompared = { at: last.journalCompared.at, reason };
      last = { ...last, phase: 'waiting', reason, journalCompared };
      logger.error('the audit died', { error: errorText(error, true) });
    });
    made.on('exit', () => {
      worker = undefined;
      if (!ended) restart = setTimeout(start, RESTART_MS);
    });
  };
  start();
  const send = (message: ToAuditWorker): void => worker?.postMessage(message);

  return {
    news(): void {
      news ??= setTimeout(() => {
        news = undefined;
        send('news');
      }, NEWS_MS).unref();
    },
    status(): AuditStatus {
      const { phase, reason, books, at, checkpoint, journalCompared } = last;
      const { verdict, position, transaction, root, events, accounts } = books;
      return {
        verdict,
        says: verdictSentence(books),
        phase,
        ...(reason === undefined ? {} : { reason }),
        position,
        transaction,
        root,
        at,
        events,
        accounts,
        checkpoint,
        head: Math.max(log.head(), position),
        alarms: alarms.count(),
        readSideCompared: readSide.compared(),
        journalCompared,
      };
    },
    /** Of the last audited position when none is given. */
    async trialBalance(wanted?: number): Promise<TrialBalanceAnswer> {
      if (wanted !== undefined) return pastTrialBalance({ log, snapshots, report: last }, wanted);
      const { books, at } = last;
      const { position, transaction, verdict, events, accounts, openTransfers, currencies } = books;
      const balanced = verdict === 'balanced';
      const seen = { events, accounts, openTransfers, currencies };
      return { position, transaction, at, balanced, verdict, ...seen };
    },
    async end(): Promise<void> {
      ended = true;
      clearTimeout(restart);
      const running = worker;
      if (running === undefined) return;
      const gone = new Promise((resolve) => running.once('exit', resolve));
      const late = setTimeout(() => void running.terminate(), END_MS_MAX);
      send('end');
      await gone;
      clearTimeout(late);
    },
  };
}
