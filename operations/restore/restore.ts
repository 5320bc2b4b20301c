import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { ACTOR_HOST_APP } from '../../runtime/programs/actor-hosts.ts';
import { appPrograms, sidecarProgram } from '../../runtime/programs/apps.ts';
import { startBank, type Bank } from '../../runtime/supervisor/bank.ts';
import { stopOnSignals } from '../../runtime/supervisor/command.ts';
import { appEnvironmentWithSecrets } from '../../runtime/environment.ts';
import { forgetAddresses } from '../../runtime/programs/names.ts';
import { fileOf } from '../../runtime/programs/infrastructure.ts';
import {
  asAdmin,
  rewindConsumer,
  renumberBankEvents,
  unacknowledged,
} from '../../runtime/programs/nats.ts';
import { createProgress, CannotRun, runCommand } from '../../runtime/progress.ts';
import { command, several } from '../command-line.ts';
import { droppedFile, releaseInLog, requireStreams } from './released-streams.ts';
import { loadSecrets, type Secrets } from '../../runtime/secrets.ts';
import { forgetEnds } from '../../runtime/signing-keys.ts';
import type { Supervisor } from '../../runtime/supervisor/supervisor.ts';

const POLL_MS = 200;
/** So long nothing may move before what the broker has counts as stuck. */
const STUCK_MS = 30_000;
const LOG = 'event-source';
/** The stream and its consumer. */
const EVENTS_TO_LOG = ['ACCOUNT_EVENTS', LOG] as const;
/** Of the keys of persons; it goes from the operator's shell to the restore and nowhere else. */
const PASSPHRASE = 'CORE_BANK_KEYS_PASSPHRASE';

/**
 * What the broker still has of events must be in the log before the log is read: nothing else
 * has them any more, and their versions must not be given away twice.
 */
async function untilDelivered(connection: NatsConnection): Promise<void> {
  let [least, movedAt] = [Infinity, Date.now()];
  for (;;) {
    const left = await unacknowledged(connection, ...EVENTS_TO_LOG);
    if (left === 0) return;
    if (left < least) [least, movedAt] = [left, Date.now()];
    if (Date.now() - movedAt > STUCK_MS) {
      throw new CannotRun(
        `${left} messages with events do not get from the broker into the log. "npm run logs ` +
          '-- event-source" says why; nothing was restored.',
      );
    }
    await sleep(POLL_MS);
  }
}

/** Runs the program that takes the place of the actor host; gives its exit code. */
const runInPlace = (bank: Bank, secrets: Secrets, args: readonly string[]): Promise<number> => {
  const app = bank.apps.find(({ appID }) => appID === ACTOR_HOST_APP);
  if (app === undefined) throw new Error(`dapr.yaml has no ${ACTOR_HOST_APP}`);
  const passphrase = process.env[PASSPHRASE];
  // The supervisor of the data folder is this process, so there is no other host.
  const command = ['dist/operations/restore/restore-journal.js', ...args];
  const child = spawn(process.execPath, command, {
    cwd: bank.instance.root,
    env: {
      ...appEnvironmentWithSecrets(bank.instance, secrets, app),
      ...(passphrase === undefined ? {} : { [PASSPHRASE]: passphrase }),
    },
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
};

/**
 * `npm run restore`: starts the log, the broker and the database, and a sidecar in the place of
 * the actor host, and has the actors' journal written again. Stops everything at the end. With
 * --refill the log first gets what the broker has kept, after an old backup of it was restored;
 * with --renumber the integration events are published again, because the log has another order.
 * With --release STREAM a stream leaves the quarantine and goes on as the log has it.
 */
runCommand(async () => {
  const {
    refill,
    renumber,
    ontoExisting,
    keys,
    release = [],
  } = command('restore', "Writes the actors' journal again from the log.")
    .option('--refill', 'gives the log first what the broker has kept')
    .option('--renumber', 'publishes the integration events again, for a log of another order')
    .option('--onto-existing', 'adds to a journal that is not empty what it lacks')
    .option('--keys <file>', 'a backup of the keys of persons')
    .option('--release <stream>', 'takes it out of quarantine; several times', several)
    .parse()
    .opts();
  requireStreams(release);
  const progress = createProgress();
  let supervisor: Supervisor | undefined;
  const bank = await startBank({ infrastructureOnly: true }, (made) => {
    supervisor = made;
    stopOnSignals(made, 1);
  });
  try {
    const secrets = loadSecrets(bank.instance.dataDir);
    const daprd = fileOf(bank.files, 'daprd');
    const [log, host] = [LOG, ACTOR_HOST_APP].map((id) =>
      bank.apps.find(({ appID }) => appID === id),
    );
    forgetAddresses(bank.instance);
    // Before the log starts, and before the journal is written: who is killed in between has an
    // account that takes nothing, not one whose events the log drops.
    releaseInLog(bank.instance, release);
    // The log gets again whatever the broker still has; what it has already it recognises.
    const rewind = (broker: NatsConnection) =>
      rewindConsumer(broker, ...EVENTS_TO_LOG, bank.instance.root);
    // In a log that is filled again, what a replaced key has signed has other places.
    if (refill) forgetEnds(bank.instance.dataDir, 'host');
    if (refill) await asAdmin(bank.instance, secrets, rewind);
    if (renumber) {
      const { root } = bank.instance;
      await asAdmin(bank.instance, secrets, (broker) => renumberBankEvents(broker, root));
    }
    await progress.during('starting the log ...', async () => {
      await supervisor!.start([
        ...appPrograms(bank.instance, secrets, [log!], daprd),
        sidecarProgram(bank.instance, secrets, host!, daprd),
      ]);
    });
    await progress.during('what the broker has goes into the log ...', () =>
      asAdmin(bank.instance, secrets, untilDelivered),
    );
    process.exitCode = await runInPlace(bank, secrets, [
      ...(ontoExisting ? ['--onto-existing'] : []),
      ...(keys === undefined ? [] : ['--keys', keys]),
      ...release.flatMap((stream) => ['--release', stream]),
      ...(release.length > 0 ? ['--dropped', droppedFile(bank.instance)] : []),
    ]);
  } finally {
    await bank.stop();
  }
});
