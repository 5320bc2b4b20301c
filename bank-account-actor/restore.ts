import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { streamOfEvent } from '../contracts/bank-events.ts';
import { readConfig } from '../platform/config.ts';
import { sidecar, SidecarError } from '../platform/dapr.ts';
import { TRUST_MS } from './activation.ts';
import { daprJournal } from './dapr-journal.ts';
import { daprJournalFilling } from './dapr-journal-filling.ts';
import type { JournalFilling, JournalMark } from './journal.ts';
import { openKeysBackup } from './keys-backup.ts';
import { logPages, type LogPages } from './log-pages.ts';
import { LogUnsound } from './log-fold.ts';
import { restoreJournal } from './restoration.ts';
import { restoreProgress } from './restore-progress.ts';

/**
 * `node dist/bank-account-actor/restore.js [--onto-existing] [--keys FILE] [--alone]`, behind a
 * sidecar of the actor host that has no app: writes the actors' journal again from the log. `npm
 * run restore` starts what it needs (runtime/restore.ts) and says --alone, because it knows that
 * no actor host runs.
 */
class Refusal extends Error {}

const NOT_EMPTY =
  'The journal is not empty, so nothing was restored. It may hold decisions that the log does ' +
  'not have yet: when it is whole, start the bank and leave it alone. When it is an old copy, ' +
  'run this again with --onto-existing: it adds what the log has and the journal lacks, and ' +
  'keeps everything that is there.';

/**
 * Longer than a host goes on after its journal was taken away (journal-watch.ts), and than an
 * activation trusts what it knows.
 */
const FENCE_MS = TRUST_MS + 10_000;

async function refuseIfUsed(
  journal: JournalFilling,
  mark: JournalMark | undefined,
  log: LogPages,
): Promise<void> {
  // What an interrupted restore left is gone on with.
  if (mark?.state === 'restoring') return;
  const { entries } = await log.readAfter(0, 60);
  const streams = [...new Set(entries.map(({ event }) => streamOfEvent(event)))];
  const empty = await journal.areEmpty(streams, true);
  if (mark !== undefined || empty.includes(false)) throw new Refusal(NOT_EMPTY);
}

async function main(): Promise<void> {
  const options = {
    'onto-existing': { type: 'boolean' },
    keys: { type: 'string' },
    alone: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ options });
  const config = readConfig({
    DAPR_HTTP_PORT: z.coerce.number().int(),
    DAPR_API_TOKEN: z.string().min(16),
    ACTOR_HOST_NAME: z
      .string()
      .regex(/^[a-zA-Z0-9]{1,40}$/)
      .default('host1'),
  });
  const keys = values.keys === undefined ? new Map() : openKeysBackup(values.keys, process.env);
  const dapr = sidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
  const log = logPages(dapr);
  const journal = { ...daprJournal(dapr, config.ACTOR_HOST_NAME), ...daprJournalFilling(dapr) };
  const mark = await journal.mark();
  const onto = values['onto-existing'] === true;
  if (!onto) await refuseIfUsed(journal, mark, log);
  const mayHaveRows = onto || mark !== undefined;
  const now = () => new Date();
  await journal.setMark({ state: 'restoring', at: now().toISOString() });
  if (values.alone !== true) {
    process.stdout.write(`Waiting ${FENCE_MS / 1_000} s until no actor host writes any more.\n`);
    await sleep(FENCE_MS);
  }
  const began = performance.now();
  const { progress, end } = restoreProgress(process.stdout);
  const restored = await restoreJournal({
    ...{ journal, log, keys, now, progress, mayHaveRows },
  }).finally(end);
  const seconds = (performance.now() - began) / 1_000;
  const { accounts, persons, refusals, events, there, withoutKey } = restored;
  const rate = Math.round((accounts + persons + refusals) / seconds);
  process.stdout.write(
    `Restored ${accounts} accounts and ${persons} persons from ${events} events in ` +
      `${seconds.toFixed(1)} s (${rate}/s); ${there} were there already.\n`,
  );
  if (refusals > 0) {
    process.stdout.write(`Of ${refusals} accounts the records of refusals go on as well.\n`);
  }
  if (withoutKey > 0) {
    process.stdout.write(
      `${withoutKey} persons have no key: their personal data cannot be opened. If there is a ` +
        'backup of the keys, run this again with --onto-existing --keys FILE.\n',
    );
  }
  await dapr.close();
}

main().catch((error: unknown) => {
  const isPlain = error instanceof Refusal || error instanceof LogUnsound;
  const known = isPlain || error instanceof SidecarError;
  const text = error instanceof Error ? (known ? error.message : error.stack) : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
