import { parseArgs } from 'node:util';
import { z } from 'zod';
import { streamIdText, streamOfEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import { readConfig } from '../../platform/config.ts';
import { sidecar, SidecarError } from '../../platform/dapr.ts';
import { keyRingOfFile, KeysUnavailable } from '../../platform/key-ring.ts';
import { progressBar } from '../../platform/progress-bar.ts';
import { logClient } from '../../bank-account-actor/host/log-client.ts';
import type { Journal } from '../../bank-account-actor/journal/journal.ts';
import { pgJournal } from '../../bank-account-actor/journal/pg-journal.ts';
import { withWrappedKeys } from '../../bank-account-actor/journal/wrapped-keys.ts';
import {
  CannotRelease,
  dropStories,
  keepIn,
} from '../../bank-account-actor/restore/dropped-stories.ts';
import type { LogPages } from '../../bank-account-actor/restore/journal-guard.ts';
import { openKeysBackup } from '../../bank-account-actor/restore/keys-backup.ts';
import { LogUnsound } from '../../bank-account-actor/restore/replay.ts';
import { restoreJournal } from '../../bank-account-actor/restore/restoration.ts';
import { CannotRun } from '../../runtime/progress.ts';

const NOT_EMPTY =
  'The journal is not empty, so nothing was restored. It may hold decisions that the log does ' +
  'not have yet: when it is whole, start the bank and leave it alone. When it is an old copy, ' +
  'run this again with --onto-existing: it adds what the log has and the journal lacks, and ' +
  'keeps everything that is there.';

async function refuseIfUsed(journal: Journal, log: LogPages): Promise<void> {
  const mark = await journal.mark();
  // What an interrupted restore left is resumed.
  if (mark?.state === 'restoring') return;
  const { entries } = await log.readAfter(0, 60);
  const { streams } = await journal.load(entries.map(({ event }) => streamOfEvent(event)));
  if (mark !== undefined || streams.length > 0) throw new CannotRun(NOT_EMPTY);
}

/**
 * `node dist/operations/restore/restore-journal.js [--onto-existing] [--keys FILE] [--release
 * STREAM]... [--dropped FILE]`, behind a sidecar of the actor host that has no app: writes the
 * actors' journal again from the log. A released stream goes on as the log has it, also when it is
 * in quarantine; what its actor decided otherwise goes into the file of what was dropped.
 * `npm run restore` starts what it needs (restore.ts) and knows that no actor host runs.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'onto-existing': { type: 'boolean' },
      keys: { type: 'string' },
      release: { type: 'string', multiple: true, default: [] },
      dropped: { type: 'string' },
    },
  });
  const config = readConfig({
    DAPR_HTTP_PORT: z.coerce.number().int(),
    DAPR_API_TOKEN: z.string().min(16),
    JOURNAL_URL: z.url(),
    KEY_RING_FILE: z.string(),
  });
  const keys = values.keys === undefined ? new Map() : openKeysBackup(values.keys, process.env);
  const dapr = sidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
  const log = logClient(dapr);
  const stored = pgJournal(config.JOURNAL_URL, () => undefined);
  const { journal } = withWrappedKeys(stored, keyRingOfFile(config.KEY_RING_FILE));
  const released = [...new Set(z.array(streamIdText).parse(values.release))];
  const isAskedFor = values['onto-existing'] === true || released.length > 0;
  if (!isAskedFor) await refuseIfUsed(journal, log);
  const keep = (events: readonly string[]): void => {
    if (values.dropped === undefined) throw new CannotRun('Say --dropped FILE.');
    keepIn(values.dropped, events);
  };
  const now = (): Date => new Date();
  const dropping = { journal, log, keep, now };
  const stories = released.length > 0 ? await dropStories(released, dropping) : [];
  const began = performance.now();
  const bar = progressBar('restoring', 'events');
  const ports = { journal, log, keys, progress: bar.at, now };
  const restored = await restoreJournal(ports).finally(bar.end);
  for (const stream of released) await journal.release(stream);
  const seconds = (performance.now() - began) / 1_000;
  const { accounts, persons, refusals, approvals, events, there, withoutKey } = restored;
  process.stdout.write(
    `Restored ${accounts} accounts and ${persons} persons from ${events} events in ` +
      `${seconds.toFixed(1)} s; ${there} were there already.\n`,
  );
  if (approvals > 0) process.stdout.write(`${approvals} approvals were restored.\n`);
  if (refusals > 0) {
    process.stdout.write(`Of ${refusals} accounts the records of refusals go on as well.\n`);
  }
  if (withoutKey > 0) {
    process.stdout.write(
      `${withoutKey} persons have no key: their personal data cannot be opened. If there is a ` +
        'backup of the keys, run this again with --onto-existing --keys FILE.\n',
    );
  }
  if (keys.size > 0) {
    process.stdout.write(
      `The log ends at ${restored.logEnds ?? 'its beginning'}. Anyone who was erased after that, ` +
        'and not in the journal that was there, has a key again: erase them once more.\n',
    );
  }
  for (const { stream, events } of stories) tellOf(stream, events, values.dropped ?? '');
  await stored.end();
  await dapr.close();
}

function tellOf(stream: StreamId, events: readonly string[], file: string): void {
  process.stdout.write(`${stream} goes on as the log has it, and is in no quarantine.\n`);
  if (events.length === 0) return;
  const named = events.map((json) => {
    const { version, type } = JSON.parse(json) as BankEvent;
    return `${version} (${type})`;
  });
  process.stdout.write(
    `Dropped were its versions ${named.join(', ')}: they had been answered, and no log has ` +
      `them. They stand in ${file}.\n`,
  );
}

main().catch((error: unknown) => {
  const isPlain = [CannotRun, LogUnsound, CannotRelease, KeysUnavailable].some(
    (type) => error instanceof type,
  );
  const known = isPlain || error instanceof SidecarError;
  const text = error instanceof Error ? (known ? error.message : error.stack) : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
