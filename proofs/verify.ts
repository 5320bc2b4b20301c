import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readKeyFile, verifyAccountFile, verifyEventsFile } from './verify-files.ts';
import { verifyReceiptFile } from './verify-files.ts';
import { printed, type Finding } from './findings.ts';

const USAGE = `Checks offline what the bank proves: with the files and the bank's public key only.

  RECEIPT.json --key bank.pub [--newer CONSISTENCY.json] [--log LOG.ndjson]
  events EVENTS.ndjson --receipt RECEIPT.json --key bank.pub
  account EXPORT.ndjson --key bank.pub [--log LOG.ndjson]

  One of these lines follows "npm run verify --" in a checkout of the bank, or the command
  "core-bank-verify" where the package of the verifier is installed.

  RECEIPT      GET /v1/accounts/{id}/events/{version}/receipt
  CONSISTENCY  GET /v1/audit/consistency?fromTx=TXID: that a newer state continues the receipt's
  EVENTS       events 1 to n: pages of GET /v1/accounts/{id}/events, one a line, or an export;
               the receipt of event n proves them all, because each holds the digest before it
  EXPORT       GET /v1/accounts/{id}/export?from=&to=, or .../refusals/export?from=&to=
  LOG          GET /v1/audit/log?toTx=TXID of the export's or receipt's state: proves that nothing
               was left out, and that the log has the same events for anyone who walks it
  bank.pub     the bank's public key (PEM), from a place that you trust

Ends with 0 when all is proven, with 1 when something is not, with 2 for a wrong command.
`;
const WRONG_COMMAND = 2;

/** A path as the person at the keyboard means it, wherever the program runs. */
const fileOf = (path: string): string =>
  resolve(process.env['CORE_BANK_CALLED_FROM'] ?? process.cwd(), path);
const optional = (path: string | undefined): string | undefined => path && fileOf(path);

async function run(): Promise<Finding | undefined> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      newer: { type: 'string' },
      log: { type: 'string' },
      receipt: { type: 'string' },
    },
  });
  const isOfFile = positionals[0] === 'account' || positionals[0] === 'events';
  const what = isOfFile ? positionals[0] : 'receipt';
  const [file, ...others] = isOfFile ? positionals.slice(1) : positionals;
  const { newer, log, receipt } = values;
  const misplaced = {
    account: newer ?? receipt,
    events: newer ?? log,
    receipt,
  }[what as 'account' | 'events' | 'receipt'];
  if (file === undefined || others.length > 0 || values.key === undefined || misplaced) {
    return undefined;
  }
  const key = readKeyFile(fileOf(values.key));
  if (what === 'events' && receipt === undefined) return undefined;
  const isTerminal = process.stderr.isTTY === true;
  const progress = (text: string): void => void (isTerminal && process.stderr.write(`\r${text}`));
  const files = { newer: optional(newer), log: optional(log), progress };
  const finding =
    what === 'receipt'
      ? await verifyReceiptFile(fileOf(file), key, files)
      : receipt === undefined
        ? await verifyAccountFile(fileOf(file), key, optional(log), progress)
        : await verifyEventsFile(fileOf(file), fileOf(receipt), key, progress);
  if (isTerminal) process.stderr.write('\n');
  return finding;
}

try {
  const finding = await run();
  if (finding === undefined) {
    process.stderr.write(USAGE);
    process.exitCode = WRONG_COMMAND;
  } else {
    process.stdout.write(`${printed(finding)}\n`);
    process.exitCode = finding.isProven ? 0 : 1;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = WRONG_COMMAND;
}
