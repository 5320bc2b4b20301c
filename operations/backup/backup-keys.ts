import { existsSync } from 'node:fs';
import { isPersonEvent, streamOfEvent } from '../../contracts/log/bank-events.ts';
import { LOG_CALLS } from '../../contracts/log/calls.ts';
import type { StreamId } from '../../domain/ids.ts';
import { replaceFile } from '../../platform/durable-file.ts';
import { progressBar } from '../../platform/progress-bar.ts';
import { CannotRun, runCommand } from '../../runtime/progress.ts';
import { command } from '../command-line.ts';
import { ask } from '../../platform/service-client.ts';
import {
  KEYS_PERSONS_MAX,
  passphraseOf,
  READ_KEYS,
  sealKeys,
} from '../../bank-account-actor/restore/keys-backup.ts';
import { appAddress, appClient } from '../client/app-client.ts';

const apps = appClient(appAddress);

/** Who is registered and not erased, as the log tells. */
async function personsOf(read: (position: number, head: number, events: number) => void) {
  const persons = new Set<StreamId>();
  let [position, events] = [0, 0];
  for (;;) {
    const { entries, head } = await ask(apps, LOG_CALLS.events, { after: position });
    if (entries.length === 0) return [...persons];
    for (const { event } of entries.filter((entry) => isPersonEvent(entry.event))) {
      if (event.type === 'person-erased') persons.delete(streamOfEvent(event));
      else persons.add(streamOfEvent(event));
    }
    events += entries.length;
    position = entries.at(-1)!.position;
    read(position, head, events);
  }
}

/** Gives the exit code: 1 when somebody has no key. */
async function main(file: string): Promise<number> {
  if (existsSync(file)) throw new Error(`${file} is there already: nothing was written`);
  // Reading takes long, and would be for nothing without it.
  passphraseOf(process.env);
  const bar = progressBar('reading', 'events');
  const persons = await personsOf(bar.at).finally(bar.end);
  const keys = new Map<StreamId, string>();
  for (let at = 0; at < persons.length; at += KEYS_PERSONS_MAX) {
    const streams = persons.slice(at, at + KEYS_PERSONS_MAX);
    const { keys: found } = await ask(apps, READ_KEYS, { streams });
    for (const [index, stream] of streams.entries()) {
      const key = found[index];
      if (key !== null && key !== undefined) keys.set(stream, key);
    }
  }
  await replaceFile(file, sealKeys(keys, new Date().toISOString(), process.env));
  process.stdout.write(`The keys of ${keys.size} of ${persons.length} persons are in ${file}.\n`);
  return keys.size === persons.length ? 0 : 1;
}

/**
 * `npm run backup-keys -- FILE`: writes the keys of all persons, encrypted under the passphrase
 * in CORE_BANK_KEYS_PASSPHRASE, to a file that is not there yet. The bank must run.
 */
runCommand(async () => {
  const [file] = command('backup-keys', 'Writes the keys of all persons, encrypted.')
    .argument('<file>', 'that is not there yet; its passphrase is CORE_BANK_KEYS_PASSPHRASE')
    .parse().processedArgs;
  process.exitCode = await main(file).catch((error: unknown) => {
    throw new CannotRun(error instanceof Error ? error.message : String(error));
  });
});
