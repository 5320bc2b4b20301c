import { createAuditBooks } from '../event-source/audit/books.ts';
import type { Finding } from '../event-source/audit/entries.ts';
import { immudbAuditSource } from '../event-source/audit/immudb-source.ts';
import { compareReadSide } from '../event-source/audit/read-side.ts';
import { readingThread } from '../event-source/audit/reading-thread.ts';
import { auditLines } from '../event-source/audit/report.ts';
import { auditWalk, saidBy, type Said } from '../event-source/audit/walk.ts';
import { type ImmudbOptions, immudbClient } from '../event-source/immudb/client.ts';
import { progressBar } from '../platform/progress-bar.ts';
import { signatureCheck } from '../platform/signatures.ts';
import { readCheckpoints } from '../proofs/audit-checkpoint.ts';
import { isFault } from '../proofs/proof-fault.ts';
import { publicKeyPem, readPublicKey, readPublicKeys } from '../proofs/signed-state.ts';
import { BASE_PORTS, PORTS_PER_INSTANCE } from '../runtime/instance.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';
import { publicKeyList } from '../runtime/signing-keys.ts';
import { bankAddresses } from './client/addresses.ts';
import { authorizationFor } from './client/bearer.ts';
import { command } from './command-line.ts';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { say } from './terminal.ts';

const secretsFile = z.looseObject({ immudbReader: z.string() });

/** What `npm run audit` looks at: where the log is, and what it is compared with. */
export interface AuditTarget {
  readonly immudb: ImmudbOptions;
  /** The keys that the log and the auditor sign with, and signed with before, PEM. */
  readonly publicKey: string;
  readonly auditorKey: string;
  /** The keys that actor hosts sign their events with, as signatureCheck takes them. */
  readonly hostKeys: string;
  readonly checkpoints: string;
  /** The query API. */
  readonly queryUrl: string;
}

/**
 * The bank of instance CORE_BANK_INSTANCE, by the files of its data folder. Each can be named
 * apart: IMMUDB_ADDRESS, IMMUDB_USER, IMMUDB_PASSWORD, IMMUDB_DATABASE, LOG_PUBLIC_KEY,
 * HOST_PUBLIC_KEYS, AUDIT_PUBLIC_KEY_FILE, AUDIT_FOLDER, QUERY_URL.
 */
export function auditTarget(env: NodeJS.ProcessEnv = process.env): AuditTarget {
  const instance = Number(env['CORE_BANK_INSTANCE'] ?? 0);
  const home = env['CORE_BANK_HOME'] ?? process.cwd();
  const folder = env['CORE_BANK_DATA'] ?? join(home, '.data', String(instance));
  const immudbPort = BASE_PORTS.immudb + PORTS_PER_INSTANCE * instance;
  const inFolder = (name: string): string => {
    const file = join(folder, name);
    if (existsSync(file)) return readFileSync(file, 'utf8');
    throw new Error(`There is no ${file}: start the bank once with "npm start".`);
  };
  const given = env['LOG_PUBLIC_KEY'];
  const auditorFile = env['AUDIT_PUBLIC_KEY_FILE'];
  return {
    immudb: {
      proto: fileURLToPath(new URL('../../event-source/immudb/immudb.proto', import.meta.url)),
      address: env['IMMUDB_ADDRESS'] ?? `127.0.0.1:${immudbPort}`,
      user: env['IMMUDB_USER'] ?? 'corebank_reader',
      password:
        env['IMMUDB_PASSWORD'] ??
        secretsFile.parse(JSON.parse(inFolder('secrets.json'))).immudbReader,
      database: env['IMMUDB_DATABASE'] ?? 'corebank',
    },
    publicKey: given === undefined ? inFolder('immudb-public-key.pem') : publicKeyPem(given),
    auditorKey:
      auditorFile === undefined
        ? inFolder('audit-public-key.pem')
        : readFileSync(auditorFile, 'utf8'),
    hostKeys: env['HOST_PUBLIC_KEYS'] ?? publicKeyList(inFolder('host-public-key.pem')),
    checkpoints: join(env['AUDIT_FOLDER'] ?? join(folder, 'audit'), 'checkpoints.jsonl'),
    queryUrl: env['QUERY_URL'] ?? bankAddresses(env).queryUrl,
  };
}

/** What the auditor said of this log so far; a text when it cannot be believed. */
function checkpointsOf(target: AuditTarget): { said: Said; result: number | string } {
  const said = saidBy([]);
  if (!existsSync(target.checkpoints)) return { said, result: 0 };
  const lines = readFileSync(target.checkpoints, 'utf8').split('\n').slice(0, -1);
  const read = readCheckpoints(lines, readPublicKeys(target.auditorKey));
  if (isFault(read)) return { said, result: `The auditor's file is not believed. ${read.detail}` };
  return { said: saidBy(read), result: read.length };
}

async function run(withReadSide: boolean): Promise<boolean> {
  const target = auditTarget();
  const authorization = authorizationFor(['auditor']);
  const client = immudbClient(target.immudb);
  const thread = readingThread({ ...target.immudb, hostKeys: target.hostKeys });
  const source = { ...immudbAuditSource(client.call), read: thread.read };
  const books = createAuditBooks(signatureCheck(target.hostKeys));
  const findings: Finding[] = [];
  const onFinding = (finding: Finding): void => void findings.push(finding);
  const { said, result: checkpoints } = checkpointsOf(target);
  if (typeof checkpoints === 'string') {
    books.violated();
    onFinding({ kind: 'tampered', subject: 'the checkpoints', detail: checkpoints });
  }
  try {
    const { txId } = await source.state();
    say(`Auditing the log at ${target.immudb.address}: ${txId} transactions.`);
    const walkBar = progressBar('walking', 'transactions');
    const walk = auditWalk({
      source,
      books,
      said,
      onFinding,
      database: target.immudb.database,
      publicKey: readPublicKey(target.publicKey),
      onPage: (reached) => walkBar.at(reached, txId),
      rest: () => Promise.resolve(),
    });
    const began = performance.now();
    await walk.walk(() => false);
    const seconds = (performance.now() - began) / 1_000;
    await walk.compareEnd();
    walkBar.end();
    const accountBar = progressBar('comparing', 'accounts');
    const { accounts } = books.books();
    let compared = 0;
    const onAccount = (): void => accountBar.at((compared += 1), accounts);
    const readSide = withReadSide
      ? await compareReadSide({ url: target.queryUrl, authorization, books, onFinding, onAccount })
      : undefined;
    if (withReadSide) accountBar.end();
    const stand = books.books();
    const { lines, ok } = auditLines({ books: stand, findings, checkpoints, readSide, seconds });
    for (const line of lines) say(line);
    return ok;
  } finally {
    await thread.close();
    await client.close();
  }
}

/** `npm run audit`: walks the whole log and says in words what is proven; exit code 1 if not. */
runCommand(async () => {
  const { readSide } = command('audit', 'Checks the whole log, and says in words what is proven.')
    .option('--no-read-side', 'checks the log alone')
    .parse()
    .opts();
  try {
    if (!(await run(readSide))) process.exitCode = 1;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CannotRun(`Nothing is proven: ${reason}`);
  }
});
