import { command } from './command-line.ts';
import { resolveInstance } from '../runtime/instance.ts';
import {
  endLeftovers,
  isAlive,
  readLedger,
  release,
  waitUntil,
} from '../runtime/supervisor/process-table.ts';
import { Refusal, runCommand } from '../runtime/progress.ts';

const STOP_LIMIT_MS = 60_000;

/** Asks the supervisor to stop; when it was killed, ends what it left behind. */
runCommand(async () => {
  command('stop', 'Stops the bank, and what a supervisor that was killed left behind.').parse();
  const { dataDir } = resolveInstance();
  const ledger = readLedger(dataDir);
  if (ledger === undefined) {
    process.stdout.write('Nothing runs.\n');
    return;
  }
  if (!isAlive(ledger.supervisor)) {
    const ended = await endLeftovers(ledger);
    release(dataDir);
    process.stdout.write(ended.length === 0 ? 'Nothing runs.\n' : `Ended ${ended.join(', ')}.\n`);
    return;
  }
  process.kill(ledger.supervisor.pid, 'SIGTERM');
  if (!(await waitUntil(() => !isAlive(ledger.supervisor), STOP_LIMIT_MS))) {
    const { pid } = ledger.supervisor;
    throw new Refusal(`Supervisor ${pid} did not stop: kill it, then stop again.`);
  }
  process.stdout.write('Stopped.\n');
});
