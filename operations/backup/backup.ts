import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { barLine, liveLine } from '../../platform/progress-bar.ts';
import { prepareDataDir, resolveInstance } from '../../runtime/instance.ts';
import { stopOnSignals } from '../../runtime/supervisor/command.ts';
import { command } from '../command-line.ts';
import { backUp, putBack, requireStopped, type LogBackup } from './log-backup.ts';
import { fileOf } from '../../runtime/programs/infrastructure.ts';
import { findPrograms } from '../../runtime/programs/programs.ts';
import { createProgress, CannotRun, runCommand } from '../../runtime/progress.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { createSupervisor, type Supervisor } from '../../runtime/supervisor/supervisor.ts';

const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);

const bar: LogBackup['bar'] = (label, bytes) => {
  const began = performance.now();
  const { draw } = liveLine(process.stdout);
  let done = 0;
  const line = (): string => {
    const perSecond = (1_000 * done) / Math.max(1, performance.now() - began);
    return barLine(label, done, bytes, `${mib(done)} of ${mib(bytes)} MB, ${mib(perSecond)} MB/s`);
  };
  return (more) => {
    // A log that is written to grows meanwhile.
    if (done >= bytes) return;
    done += more;
    draw(line, done >= bytes);
  };
};

/** Runs the work with a supervisor that leaves nothing running, however the work ends. */
async function supervised<T>(
  folder: string,
  work: (supervisor: Supervisor) => Promise<T>,
): Promise<T> {
  const supervisor = await createSupervisor(folder, () => undefined);
  stopOnSignals(supervisor, 1);
  try {
    return await work(supervisor);
  } finally {
    await supervisor.stop();
  }
}

/** `npm run backup -- DIR`, `npm run backup -- --restore DIR [--set-aside]`. */
runCommand(async () => {
  const parsed = command('backup', 'Writes a backup of the log, or puts one in its place.')
    .argument('[folder]', 'where to write a backup')
    .option('--restore <folder>', 'puts the backup of this folder in the place of the log')
    .option('--set-aside', 'with --restore: moves the log that is there aside')
    .parse();
  const [to] = parsed.processedArgs;
  const { restore: from = '', setAside = false } = parsed.opts();
  if ((to === undefined) === (from === '')) parsed.error('name one folder');
  const instance = resolveInstance();
  if (!existsSync(join(instance.dataDir, 'secrets.json'))) {
    throw new CannotRun(`${instance.dataDir} has no secrets.json: see docs/restore.md.`);
  }
  prepareDataDir(instance);
  const files = await findPrograms(instance, ['immudb'], createProgress(true));
  const secrets = loadSecrets(instance.dataDir);
  const backup = { instance, secrets, command: fileOf(files, 'immudb'), bar };
  const began = performance.now();
  if (to !== undefined) {
    // The data folder may have a supervisor already: the bank need not stop for a backup.
    const folder = mkdtempSync(join(tmpdir(), 'core-bank-backup-'));
    const { end, files: copied } = await supervised(folder, (supervisor) =>
      backUp({ ...backup, supervisor }, resolve(to)),
    ).finally(() => rmSync(folder, { recursive: true, force: true }));
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    process.stdout.write(
      `Backed up in ${seconds} s: ${copied.length} files, ${end.txId} transactions, every hash ` +
        `recomputed.\nThe log ends with ${end.txHash}.\n`,
    );
    return;
  }
  requireStopped(instance);
  const { manifest, aside, lost } = await supervised(instance.dataDir, (supervisor) =>
    putBack({ ...backup, supervisor }, resolve(from), setAside),
  );
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const where = aside === undefined ? '' : `The log that was there is now ${aside}.\n`;
  const missing =
    lost === undefined
      ? ''
      : `The transactions ${manifest.end.txId + 1} to ${lost} are not in it: "npm run restore -- ` +
        '--refill" gets their events from the broker, as far as it has them.\n';
  process.stdout.write(
    `Restored in ${seconds} s: ${manifest.end.txId} transactions up to ${manifest.takenAt}, ` +
      `every hash recomputed.\n${where}${missing}`,
  );
});
