import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { SignedCheckpoint } from '../../contracts/log/audit.ts';
import { signatureCheck } from '../../platform/signatures.ts';
import { readPublicKey } from '../../proofs/signed-state.ts';
import type { Finding } from './entries.ts';
import { auditor, type AuditReport } from './auditor.ts';
import type { HeadsPage } from './journal-heads.ts';
import type { BooksSnapshot } from './snapshots.ts';
import { auditorKey, checkpointFile, earlierKeys } from './checkpoints.ts';
import { immudbAuditSource } from './immudb-source.ts';
import { immudbClient, type ImmudbOptions } from '../immudb/client.ts';

export interface AuditWorkerData extends ImmudbOptions {
  readonly publicKey: string;
  /** Of the actor hosts, as signatureCheck takes them. */
  readonly hostKeys: string;
  readonly checkpointFile: string;
  readonly auditorKey: string;
  /** Public keys that it had before, as AUDIT_EARLIER_KEYS has them. */
  readonly earlierAuditorKeys: string;
}

export type FromAuditWorker =
  | { readonly says: 'report'; readonly report: AuditReport }
  | { readonly says: 'snapshot'; readonly snapshot: BooksSnapshot }
  | { readonly says: 'finding'; readonly finding: Finding }
  | { readonly says: 'checkpoint'; readonly signed: SignedCheckpoint }
  | { readonly says: 'heads'; readonly after: string }
  | { readonly says: 'over'; readonly finding: Pick<Finding, 'kind' | 'subject'> }
  | { readonly says: 'sample'; readonly accountIds: readonly string[] };
export type ToAuditWorker = 'news' | 'end' | { readonly heads: HeadsPage };

/** It has time: what it does not reach under load it reaches when that is over. */
const NICENESS = 19;
/** Reports on the way are for a person to read. */
const REPORT_MS = 500;

/** The audit in a thread of its own, which steps back for every command. */
const data = workerData as AuditWorkerData;
const port = parentPort!;
// On Linux this is the niceness of the calling thread only; elsewhere it would be the process's.
if (process.platform === 'linux') setPriority(NICENESS);

const say = (message: FromAuditWorker): void => port.postMessage(message);
let reportedAt = -Infinity;
/** Takes the answer to the one question that is open. */
let hear: (heads: HeadsPage) => void = () => undefined;
const client = immudbClient(data);
const audit = auditor({
  source: immudbAuditSource(client.call),
  checkpoints: checkpointFile(
    data.checkpointFile,
    auditorKey(data.auditorKey),
    earlierKeys(data.earlierAuditorKeys),
  ),
  database: data.database,
  publicKey: readPublicKey(data.publicKey),
  isSigned: signatureCheck(data.hostKeys),
  onSnapshot: (snapshot) => say({ says: 'snapshot', snapshot }),
  onFinding: (finding) => say({ says: 'finding', finding }),
  onCheckpoint: (signed) => say({ says: 'checkpoint', signed }),
  onOver: (finding) => say({ says: 'over', finding }),
  journalHeads: (after) =>
    new Promise((resolve) => {
      hear = resolve;
      say({ says: 'heads', after });
    }),
  onSample: (accountIds) => say({ says: 'sample', accountIds }),
  onReport(report) {
    const isOnTheWay = report.phase === 'replaying';
    if (isOnTheWay && performance.now() - reportedAt < REPORT_MS) return;
    reportedAt = performance.now();
    say({ says: 'report', report });
  },
});
port.on('message', (message: ToAuditWorker) => {
  if (message === 'news') audit.news();
  else if (message !== 'end') hear(message.heads);
  else
    void audit
      .end()
      .then(() => client.close())
      .finally(() => port.close());
});
