import { readFileSync } from 'node:fs';
import { REWRAP_KEYS } from '../bank-account-actor/restore/keys-backup.ts';
import { readKeyRing, withNewKey, withoutOldKeys } from '../platform/key-ring.ts';
import { ask } from '../platform/service-client.ts';
import { prepareDataDir, resolveInstance, type Instance } from '../runtime/instance.ts';
import { replacePostgresAdmin } from '../runtime/programs/postgres.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';
import { keyRingFile, loadSecrets, replaceSecrets, writePrivate } from '../runtime/secrets.ts';
import { requireStopped } from './backup/log-backup.ts';
import { appAddresses, appClient } from './client/app-client.ts';
import { Argument, command } from './command-line.ts';
import { say } from './terminal.ts';

/** Has an actor host, the first one that answers, wrap some keys by the ring's current key. */
async function rewrapSome(): Promise<number> {
  let failure: unknown;
  for (const address of appAddresses(REWRAP_KEYS.app)) {
    try {
      return (
        await ask(
          appClient(() => address),
          REWRAP_KEYS,
          {},
        )
      ).rewrapped;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/**
 * The bank runs on. Until the end the ring has both keys, so that a rotation that was broken off
 * loses nothing and is begun again.
 */
async function rotateKeyRing({ dataDir }: Instance): Promise<void> {
  const file = keyRingFile(dataDir);
  const both = withNewKey(readKeyRing(readFileSync(file, 'utf8')));
  writePrivate(file, `${JSON.stringify(both)}\n`);
  let rewrapped = 0;
  // A host that hangs meanwhile, however long, can write nothing under an older key any more.
  for (let more = -1; more !== 0; rewrapped += Math.max(0, more)) more = await rewrapSome();
  if (readKeyRing(readFileSync(file, 'utf8')).current !== both.current) {
    throw new CannotRun(`${file} was changed meanwhile, by another rotation: nothing was removed.`);
  }
  writePrivate(file, `${JSON.stringify(withoutOldKeys(both))}\n`);
  say(`The keys of ${rewrapped} persons are wrapped by a new key; the old one is gone.`);
}

function rotatePasswords(instance: Instance): void {
  requireStopped(instance);
  prepareDataDir(instance);
  replacePostgresAdmin(instance, loadSecrets(instance.dataDir).postgresAdmin);
  replaceSecrets(instance.dataDir);
  say('Every password and token is a new one from the next start on.');
  say('Readers of bank-events need the new password of "reader" (docs/integration-events.md).');
}

/**
 * `npm run rotate -- key-ring` while the bank runs: another key wraps the keys of persons.
 * `npm run rotate -- passwords` while it does not: new passwords and tokens for all programs.
 */
runCommand(async () => {
  const what = ['key-ring', 'passwords'] as const;
  const [asked] = command('rotate', 'Replaces keys, or passwords and tokens, by new ones.')
    .addArgument(new Argument('<what>', 'to replace').choices(what))
    .parse().processedArgs;
  const instance = resolveInstance();
  if (asked === 'key-ring') await rotateKeyRing(instance);
  else rotatePasswords(instance);
});
