import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SignedCheckpoint } from '../../contracts/log/audit.ts';
import { isTestSigned } from '../../platform/signer-for-tests.ts';
import { statePayload } from '../../proofs/signed-state.ts';
import { AUDIT_PACE, auditor, type AuditReport } from './auditor.ts';
import { checkpointFile } from './checkpoints.ts';
import { eventsOf, newAccount } from '../log/events-for-tests.ts';
import { UNCOMPARED_MS_MAX, type HeadsPage } from './journal-heads.ts';
import { hashedLog } from './hashed-log-for-tests.ts';
import { GENESIS_KEY } from '../immudb/log-end.ts';

const folder = mkdtempSync(join(tmpdir(), 'auditor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const database = 'corebank';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

/** A sound log of a new account, of two transactions, as a server shows it. */
function soundLog() {
  const log = hashedLog();
  const genesis = log.add({ key: GENESIS_KEY, value: Buffer.from('{}') });
  const txs = [genesis, log.append(...eventsOf(newAccount(), 1, 3))];
  const state = log.state();
  const signature = sign('sha256', statePayload(database, state), privateKey);
  return {
    read: async (from: number) => txs.slice(from - 1),
    state: async () => ({ ...state, signature }),
  };
}

/** What an auditor says that starts, looks at the whole log once, and ends. */
async function auditOf(source: ReturnType<typeof soundLog>) {
  const findings: string[] = [];
  const said: SignedCheckpoint[] = [];
  let look: () => void = () => undefined;
  const looked = new Promise<void>((resolve) => (look = resolve));
  const running = auditor({
    source,
    database,
    publicKey,
    isSigned: isTestSigned,
    checkpoints: checkpointFile(join(folder, 'checkpoints.jsonl'), privateKey),
    onFinding: ({ kind, detail }) => void findings.push(`${kind}: ${detail}`),
    onReport: ({ phase }) => phase === 'following' && look(),
    onCheckpoint: (signed) => void said.push(signed),
    onSample: () => undefined,
    onOver: () => undefined,
    journalHeads: () => Promise.resolve({ away: 'nobody asks' }),
    pace: { ...AUDIT_PACE, gatherMs: 5, lookMs: 20, checkpointMs: 0 },
  });
  await looked;
  await running.end();
  return { findings, verdicts: said.map(({ checkpoint }) => checkpoint.verdict) };
}

test('given a log exchanged for one of the same length, then each start says so', async () => {
  const forged = soundLog();
  expect(await auditOf(soundLog())).toEqual({ findings: [], verdicts: ['balanced'] });
  const other = [expect.stringMatching(/^rolled-back: Transaction 2 is not the one/)];
  expect(await auditOf(forged)).toEqual({ findings: other, verdicts: ['violated'] });
  expect(await auditOf(forged)).toEqual({ findings: other, verdicts: [] });
});

test('given a journal that nobody shows, the report says why, and then an alarm', async () => {
  const clock = { aheadMs: 0 };
  const journal: { page: HeadsPage } = { page: { away: 'the host is away' } };
  const findings: string[] = [];
  const over: string[] = [];
  let report: AuditReport | undefined;
  const running = auditor({
    source: soundLog(),
    database,
    publicKey,
    isSigned: isTestSigned,
    checkpoints: checkpointFile(join(folder, 'uncompared.jsonl'), privateKey),
    onFinding: ({ kind, detail }) => void findings.push(`${kind}: ${detail}`),
    onReport: (said) => void (report = said),
    onCheckpoint: () => undefined,
    onSample: () => undefined,
    onOver: ({ kind }) => void over.push(kind),
    journalHeads: () => Promise.resolve(journal.page),
    pace: { ...AUDIT_PACE, gatherMs: 5, lookMs: 5, journalMs: 5 },
    now: () => Date.now() + clock.aheadMs,
  });
  const until = async (isTrue: () => boolean): Promise<void> => {
    const deadline = performance.now() + 10_000;
    while (!isTrue() && performance.now() < deadline) await sleep(5);
  };
  await until(() => report?.journalCompared.reason === 'the host is away');
  expect(report?.journalCompared).toEqual({ at: null, reason: 'the host is away' });
  expect(findings).toEqual([]);
  clock.aheadMs = UNCOMPARED_MS_MAX;
  await until(() => findings.length > 0);
  expect(findings[0]).toMatch(/^uncompared: .* since .*: the host is away\.$/);
  over.splice(0);
  journal.page = [];
  await until(() => report?.journalCompared.at !== null);
  await until(() => over.length > 0);
  expect(over).toContain('uncompared');
  // What the log has and the journal does not is forged, also after all that time.
  expect(findings.at(-1)).toMatch(/^forged: /);
  await running.end();
});
