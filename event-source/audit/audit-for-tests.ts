import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { auditor, AUDIT_PACE, type AuditReport } from './auditor.ts';
import type { SignedCheckpoint } from '../../contracts/log/audit.ts';
import { isTestSigned } from '../../platform/signer-for-tests.ts';
import { readPublicKey } from '../../proofs/signed-state.ts';
import type { Finding } from './entries.ts';
import { booksSnapshots, type BooksSnapshots } from './snapshots.ts';
import { auditorKey, checkpointFile } from './checkpoints.ts';
import { immudbAuditSource } from './immudb-source.ts';
import { immudbClient } from '../immudb/client.ts';
import type { ImmudbForTests } from '../immudb/immudb-for-tests.ts';

const PACE = { ...AUDIT_PACE, gatherMs: 5, lookMs: 20, retryMs: 50, checkpointMs: 0 };
const WAIT_MS_MAX = 20_000;

export interface AuditForTests {
  readonly findings: Finding[];
  readonly checkpoints: SignedCheckpoint[];
  readonly snapshots: BooksSnapshots;
  readonly report: () => AuditReport;
  /** Resolves when what it says of the audit is true, and fails after a while. */
  until(true_: (audit: AuditForTests) => boolean): Promise<void>;
  end(): Promise<void>;
}

export const newAuditorKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    .privateKey.export({ type: 'pkcs8', format: 'der' })
    .toString('base64');
export const publicHalf = (key: string) => createPublicKey(auditorKey(key));

export const checkpointsOf = ({ dataDir }: ImmudbForTests): string =>
  join(dataDir, 'audit', 'checkpoints.jsonl');

/** The audit of a real log, at a pace for tests. */
export function startAudit(immudb: ImmudbForTests, key: string, pace = PACE): AuditForTests {
  const client = immudbClient(immudb.options);
  const findings: Finding[] = [];
  const checkpoints: SignedCheckpoint[] = [];
  const snapshots = booksSnapshots();
  let last: AuditReport | undefined;
  const running = auditor({
    source: immudbAuditSource(client.call),
    checkpoints: checkpointFile(checkpointsOf(immudb), auditorKey(key)),
    database: immudb.options.database,
    publicKey: readPublicKey(immudb.options.publicKey),
    isSigned: isTestSigned,
    onFinding: (finding) => void findings.push(finding),
    onReport: (report) => void (last = report),
    onSnapshot: snapshots.add,
    onCheckpoint: (signed) => void checkpoints.push(signed),
    onSample: () => undefined,
    onOver: () => undefined,
    journalHeads: () => Promise.resolve({ away: 'nobody asks' }),
    pace,
  });
  const audit: AuditForTests = {
    findings,
    checkpoints,
    snapshots,
    report: () => {
      if (last === undefined) throw new Error('the audit has not said anything yet');
      return last;
    },
    async until(isTrue) {
      const deadline = performance.now() + WAIT_MS_MAX;
      while (last === undefined || !isTrue(audit)) {
        if (performance.now() > deadline) {
          throw new Error(`not within ${WAIT_MS_MAX} ms: ${JSON.stringify([last, findings])}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async end() {
      await running.end();
      await client.close();
    },
  };
  return audit;
}
