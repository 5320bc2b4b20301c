import { readFileSync } from 'node:fs';
import { REWRAP_KEYS } from '../bank-account-actor/restore/keys-backup.ts';
import { readKeyRing, withNewKey, withoutOldKeys } from '../platform/key-ring.ts';
import { ask } from '../platform/service-client.ts';
import { prepareDataDir, resolveInstance, type Instance } from '../runtime/instance.ts';
import { keepPostgresAdmin } from '../runtime/programs/postgres.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';
import { writePrivate } from '../runtime/private-file.ts';
import {
  ROTATION_NAMES,
  ROTATIONS,
  secretsOf,
  type Rotation,
  type RotationName,
} from '../runtime/rotation/rotations.ts';
import { keyRingFile, loadSecrets, replaceSecrets } from '../runtime/secrets.ts';
import { askToRotate } from '../runtime/supervisor/control.ts';
import { isRunning } from '../runtime/supervisor/process-table.ts';
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

/** Of a bank that is stopped: the next start gives all programs what is new. */
function replacePasswords(instance: Instance): void {
  prepareDataDir(instance);
  keepPostgresAdmin(instance, loadSecrets(instance.dataDir).postgresAdmin);
  replaceSecrets(instance.dataDir, secretsOf('passwords'));
}

async function rotate(instance: Instance, name: RotationName): Promise<void> {
  const isStopped = !isRunning(instance);
  if (name === 'key-ring') await rotateKeyRing(instance);
  else if (name === 'passwords' && isStopped) replacePasswords(instance);
  else await askToRotate(instance.dataDir, name);
  const { replaces, afterwards }: Rotation = ROTATIONS[name];
  say(`New ${isStopped ? 'from the next start on' : 'now'}: ${replaces}.`);
  if (afterwards !== undefined) say(afterwards);
}

/** `npm run rotate -- NAME`: replaces keys, or passwords and tokens (docs/rotation.md). */
runCommand(async () => {
  const [asked] = command('rotate', 'Replaces keys, or passwords and tokens, by new ones.')
    .addArgument(new Argument('<what>', 'to replace').choices([...ROTATION_NAMES, 'all']))
    .parse().processedArgs;
  const instance = resolveInstance();
  const names = ROTATION_NAMES.filter((name) => asked === name || asked === 'all');
  for (const name of names) await rotate(instance, name);
});
