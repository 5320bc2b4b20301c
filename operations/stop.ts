import { command } from './command-line.ts';
import { resolveInstance } from '../runtime/instance.ts';
import {
  endLeftovers,
  isAlive,
  readProcessTable,
  release,
  waitUntil,
} from '../runtime/supervisor/process-table.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';

const STOP_LIMIT_MS = 60_000;

/** Asks the supervisor to stop; when it was killed, ends what it left behind. */
runCommand(async () => {
  command('stop', 'Stops the bank, and what a supervisor that was killed left behind.').parse();
  const { dataDir } = resolveInstance();
  const table = readProcessTable(dataDir);
  if (table === undefined) {
    process.stdout.write('Nothing runs.\n');
    return;
  }
  if (!isAlive(table.supervisor)) {
    const ended = await endLeftovers(table);
    release(dataDir);
    process.stdout.write(ended.length === 0 ? 'Nothing runs.\n' : `Ended ${ended.join(', ')}.\n`);
    return;
  }
  process.kill(table.supervisor.pid, 'SIGTERM');
  if (!(await waitUntil(() => !isAlive(table.supervisor), STOP_LIMIT_MS))) {
    const { pid } = table.supervisor;
    throw new CannotRun(`Supervisor ${pid} did not stop: kill it, then stop again.`);
  }
  process.stdout.write('Stopped.\n');
});
