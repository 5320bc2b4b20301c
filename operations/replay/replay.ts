import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CannotRun, runCommand } from '../../runtime/progress.ts';
import { requireBank } from '../client/addresses.ts';
import { audit, verdictOf } from './replay-verdict.ts';
import { drive } from './driver.ts';
import { expectedAccounts } from './expected-accounts.ts';
import { authorizationFor } from '../client/bearer.ts';
import { httpClient } from '../client/http-client.ts';
import { progressBar } from '../../platform/progress-bar.ts';
import { readTransactions } from './transaction-file.ts';
import { replayOptions } from './replay-options.ts';

const ACCOUNTS_AT_ONCE = 64;
const READERS_AT_ONCE = 16;
/** Long enough for any part of the bank to die and come back. */
const PATIENCE_MS = 120_000;
const RUN_CHARACTERS = 12;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CannotRun(`The file cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** `npm run replay -- FILE.csv`: drives a file of transactions and compares the outcome. */
runCommand(async () => {
  const { file, speed, url, queryUrl } = replayOptions(process.argv.slice(2));
  const text = read(file);
  const transactions = readTransactions(text);
  const run = createHash('sha256').update(text).digest('hex').slice(0, RUN_CHARACTERS);
  const accounts = expectedAccounts(run, transactions);
  const client = httpClient({
    connectionsMax: ACCOUNTS_AT_ONCE,
    patienceMs: PATIENCE_MS,
    authorization: authorizationFor(['teller']),
  });
  await requireBank(client, [url, queryUrl]);

  say(`Driving ${transactions.length} rows of ${accounts.length} accounts through ${url}`);
  const driveBar = progressBar('driving', 'rows');
  let rows = 0;
  const started = Date.now();
  const driveOptions = { url, client, speed, accountsAtOnce: ACCOUNTS_AT_ONCE };
  const driven = await drive(accounts, {
    ...driveOptions,
    advance: () => driveBar.at((rows += 1), transactions.length),
  });
  const driveMs = Date.now() - started;
  driveBar.end();

  say(`Comparing balances, histories and log entries through ${queryUrl}`);
  const auditBar = progressBar('comparing', 'accounts');
  let compared = 0;
  const auditOptions = { url: queryUrl, client, accountsAtOnce: READERS_AT_ONCE };
  const audited = await audit(driven.opened, {
    ...auditOptions,
    advance: () => auditBar.at((compared += 1), driven.opened.length),
  });
  const auditMs = Date.now() - started - driveMs;
  auditBar.end();
  client.close();

  const retries = client.retries();
  const verdict = verdictOf({ accounts, driven, audit: audited, retries, driveMs, auditMs });
  for (const line of verdict.lines) say(line);
  process.exitCode = verdict.ok ? 0 : 1;
});
