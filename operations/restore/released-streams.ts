import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { STREAM_PATTERN } from '../../contracts/log/bank-events.ts';
import { auditFolder } from '../../runtime/secrets.ts';
import type { Instance } from '../../runtime/instance.ts';
import { CannotRun } from '../../runtime/progress.ts';

/** Where the decisions stand that a restore dropped; private. */
export const droppedFile = ({ dataDir }: Instance): string =>
  join(auditFolder(dataDir), 'dropped-events.jsonl');

/** Refuses what is no stream before anything is written. */
export function requireStreams(released: readonly string[]): void {
  const wrong = released.find((stream) => !STREAM_PATTERN.test(stream));
  if (wrong === undefined) return;
  throw new CannotRun(
    `--release takes acct/ID, person/ID, refusal/ID or approval/ID, not "${wrong}".`,
  );
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
  // A crash may have left a part of a line.
  truncateSync(file, size);
  appendFileSync(file, `${lines.join('\n')}\n`, { flush: true });
}
