import { askHealth, healthWords, toldOf } from './app-health.ts';
import { resolveInstance } from './instance.ts';
import { isAlive, readLedger } from './ledger.ts';
import type { Entry } from './ledger.ts';
import { residentKib } from './process-identity.ts';
import { clock, runCommand } from './progress.ts';

const KIB_PER_MIB = 1_024;
const COLUMNS = ['program', 'pid', 'port', 'state', 'uptime', 'memory', 'restarts'];

const memoryMib = (entry: Entry): number => Math.round(residentKib(entry.pid) / KIB_PER_MIB);

const row = (entry: Entry): string[] => {
  const alive = isAlive(entry);
  return [
    entry.name,
    alive ? String(entry.pid) : '-',
    String(entry.port),
    alive ? entry.state : entry.state === 'restarting' ? 'restarting' : 'dead',
    alive ? clock(Date.now() - entry.startedAt) : '-',
    alive ? `${memoryMib(entry)} MB` : '-',
    String(entry.restarts),
  ];
};

/** What the log and each actor host say of themselves, a line each. */
const tellHealth = async (programs: readonly Entry[]): Promise<void> => {
  const lines = programs.map(async ({ name, port }) => {
    const told = toldOf(name);
    return told === undefined ? '' : `${name}: ${healthWords(await askHealth(port), told)}\n`;
  });
  process.stdout.write((await Promise.all(lines)).join(''));
};

/** A table of everything the supervisor runs; exit code 1 when something is not ready. */
runCommand(async () => {
  const { dataDir, number } = resolveInstance();
  const ledger = readLedger(dataDir);
  if (ledger === undefined) {
    process.stdout.write(`Instance ${number} does not run ("npm start" starts it).\n`);
    process.exitCode = 1;
    return;
  }
  const rows = [COLUMNS, ...ledger.programs.map(row)];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  for (const cells of rows) {
    const line = cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ');
    process.stdout.write(`${line.trimEnd()}\n`);
  }
  const alive = ledger.programs.filter(isAlive);
  const total = alive.reduce((sum, entry) => sum + memoryMib(entry), 0);
  process.stdout.write(`${alive.length} of ${ledger.programs.length} run, ${total} MB in all.\n`);
  await tellHealth(alive);
  if (!isAlive(ledger.supervisor)) {
    process.stdout.write('The supervisor is dead: "npm run stop" ends what it left behind.\n');
  }
  const ready = alive.filter((entry) => entry.state === 'ready');
  if (ready.length !== ledger.programs.length) process.exitCode = 1;
});
