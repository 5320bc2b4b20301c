import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareDataDir, resolveInstance } from '../../runtime/instance.ts';
import { stopOnSignals } from '../../runtime/supervisor/command.ts';
import { backUp, putBack, requireStopped, type LogBackup } from './log-backup.ts';
import { fileOf } from '../../runtime/programs/infrastructure.ts';
import { findPrograms } from '../../runtime/programs/programs.ts';
import { createProgress, Refusal, runCommand } from '../../runtime/progress.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { createSupervisor, type Supervisor } from '../../runtime/supervisor/supervisor.ts';

const USAGE =
  'Say where: "npm run backup -- DIR" writes a backup of the log, "npm run backup -- --restore ' +
  'DIR" puts one in the place of the log.';
const BAR_CELLS = 30;
const DRAW_MS = 200;
const PLAIN_DRAW_MS = 5_000;
const MIB = 1024 * 1024;

/** "copying   [=====     ]  17 of 300 MB, 210 MB/s" */
const bar: LogBackup['bar'] = (label, bytes) => {
  const began = performance.now();
  const live = process.stdout.isTTY;
  let [done, drawnAt] = [0, 0];
  return (more) => {
    // A log that is written to grows meanwhile.
    if (done >= bytes) return;
    done += more;
    const isLast = done >= bytes;
    const now = performance.now();
    if (!isLast && now - drawnAt < (live ? DRAW_MS : PLAIN_DRAW_MS)) return;
    drawnAt = now;
    const cells = '='.repeat(Math.min(BAR_CELLS, Math.floor((BAR_CELLS * done) / (bytes || 1))));
    const rate = Math.round((1_000 * done) / MIB / Math.max(1, now - began));
    const counts = `${(done / MIB).toFixed(1)} of ${(bytes / MIB).toFixed(1)} MB, ${rate} MB/s`;
    const line = `${label.padEnd(9)} [${cells.padEnd(BAR_CELLS, ' ')}] ${counts}`;
    process.stdout.write(live ? `\r\x1b[K${line}${isLast ? '\n' : ''}` : `${line}\n`);
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
  const options = { restore: { type: 'string' }, 'set-aside': { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [to] = positionals;
  if ((to === undefined) === (values.restore === undefined)) throw new Refusal(USAGE);
  const instance = resolveInstance();
  if (!existsSync(join(instance.dataDir, 'secrets.json'))) {
    throw new Refusal(`${instance.dataDir} has no secrets.json: see docs/restore.md.`);
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
  const setAside = values['set-aside'] === true;
  const { manifest, aside, lost } = await supervised(instance.dataDir, (supervisor) =>
    putBack({ ...backup, supervisor }, resolve(values.restore ?? ''), setAside),
  );
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const where = aside === undefined ? '' : `The log that was there is now ${aside}.\n`;
  const missing =
    lost === undefined
      ? ''
      : `The transactions ${manifest.end.txId + 1} to ${lost} are not in it: "npm run restore -- ` +
        '--refill" gets their events from the broker, as far as it has them.\n';
  process.stdout.write(
    `Put back in ${seconds} s: ${manifest.end.txId} transactions up to ${manifest.takenAt}, ` +
      `every hash recomputed.\n${where}${missing}`,
  );
});
