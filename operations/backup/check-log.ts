import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readConfig } from '../../platform/config.ts';
import { progressBar } from '../../platform/progress-bar.ts';
import type { LogState } from '../../proofs/log-transaction.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import { readPublicKey, readPublicKeys, signatureFault } from '../../proofs/signed-state.ts';
import { checkImmudb, signedState } from '../../event-source/immudb/check.ts';
import { immudbClient } from '../../event-source/immudb/client.ts';
import { trustFile } from '../../event-source/immudb/trust-file.ts';

/**
 * `node dist/operations/backup/check-log.js [--state] [--contains TX:HASH[:SIGNATURE]]...
 * [--trusted FILE] [--believe FILE]`: recomputes every hash of the log of one immudb, which
 * nobody writes to, and prints the signed state as one line of JSON; with --state only that. The
 * trusted state must be on its way, or it is said that the log ends before it; the state becomes
 * the one that is trusted in the file to believe. For `npm run backup`.
 */
const seenState =
  /^(?<txId>[1-9][0-9]*):(?<txHash>[0-9a-f]{64})(?::(?<signature>[A-Za-z0-9_-]+))?$/;

const { values } = parseArgs({
  options: {
    state: { type: 'boolean' },
    contains: { type: 'string', multiple: true },
    trusted: { type: 'string' },
    believe: { type: 'string' },
  },
});
const config = readConfig({
  IMMUDB_ADDRESS: z.string().min(1),
  IMMUDB_USER: z.string().min(1),
  IMMUDB_PASSWORD: z.string().min(1),
  IMMUDB_DATABASE: z.string().min(1),
  LOG_PUBLIC_KEY_FILE: z.string().min(1),
});
const database = config.IMMUDB_DATABASE;
const pem = readFileSync(config.LOG_PUBLIC_KEY_FILE, 'utf8');
const publicKey = readPublicKey(pem);

const fail = (sentence: string): never => {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
};

const mustHave = (values.contains ?? []).map((text): LogState => {
  const { txId, txHash, signature } = seenState.exec(text)?.groups ?? {};
  if (txId === undefined || txHash === undefined) return fail(`"${text}" is not a state.`);
  const state = { txId: Number(txId), txHash: Buffer.from(txHash, 'hex') };
  if (signature === undefined) return state;
  const signed = { ...state, db: database, signature: Buffer.from(signature, 'base64url') };
  const wrong = signatureFault(signed, readPublicKeys(pem));
  return wrong === undefined ? state : fail(wrong.detail);
});

const bar = progressBar('checking', 'transactions', process.stderr);
const client = immudbClient({
  proto: fileURLToPath(new URL('../../../event-source/immudb/immudb.proto', import.meta.url)),
  address: config.IMMUDB_ADDRESS,
  user: config.IMMUDB_USER,
  password: config.IMMUDB_PASSWORD,
  database,
});
try {
  const trusted = values.trusted === undefined ? undefined : await trustFile(values.trusted).read();
  const { txId: end } = await signedState(client, database);
  const isBefore = trusted !== undefined && trusted.txId > end;
  if (trusted !== undefined && !isBefore) mustHave.push(trusted);
  const checked =
    values.state === true
      ? { state: await signedState(client, database), entries: 0 }
      : await checkImmudb(client, { database, publicKey, mustHave, progress: bar.at });
  if (isFault(checked)) fail(checked.detail);
  else {
    bar.end();
    const { txId, txHash, signature } = checked.state;
    const firstContact = { txId, at: new Date().toISOString() };
    if (values.believe !== undefined) {
      await trustFile(values.believe).write({ db: database, txId, txHash, firstContact });
    }
    const said = {
      txId,
      txHash: txHash.toString('hex'),
      signature: Buffer.from(signature).toString('base64url'),
      entries: checked.entries,
      ...(isBefore ? { trustedTxId: trusted.txId } : {}),
    };
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
} catch (error) {
  fail(`The log cannot be read: ${error instanceof Error ? error.message : String(error)}`);
} finally {
  await client.close();
}
