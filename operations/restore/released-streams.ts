import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { auditFolder } from '../../runtime/secrets.ts';
import type { Instance } from '../../runtime/instance.ts';
import { Refusal } from '../../runtime/progress.ts';

/** As in log/bank-events.ts; event-source would not start with a line that it cannot read. */
const STREAM = /^(?:acct|person|refusal)\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Where the decisions stand that a restore dropped; private. */
export const droppedFile = ({ dataDir }: Instance): string =>
  join(auditFolder(dataDir), 'dropped-events.jsonl');

/** The streams after each `--release`. */
export function releasedOf(args: readonly string[]): string[] {
  const streams = args.flatMap((arg, at) => (arg === '--release' ? [args[at + 1] ?? ''] : []));
  const wrong = streams.find((stream) => !STREAM.test(stream));
  if (wrong === undefined) return streams;
  throw new Refusal(`--release takes acct/ID, person/ID or refusal/ID, not "${wrong}".`);
}

/**
 * Notes in the file of event-source, which must not run, that these streams are in its quarantine
 * no longer. The first lines stay, and what contradicts the log still brings a stream back there.
 */
export function releaseInLog({ dataDir }: Instance, streams: readonly string[]): void {
  const file = join(auditFolder(dataDir), 'quarantine.jsonl');
  if (streams.length === 0 || !existsSync(file)) return;
  const size = readFileSync(file).lastIndexOf(0x0a) + 1;
  const at = new Date().toISOString();
  const reason = 'released by an operator';
  const lines = streams.map((stream) => JSON.stringify({ at, stream, reason, released: true }));
  const handle = openSync(file, 'r+', 0o600);
  try {
    // A crash may have left a part of a line.
    ftruncateSync(handle, size);
    writeSync(handle, `${lines.join('\n')}\n`, size);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
