import {
  askHealth,
  healthWords,
  neededPersonFor,
  notToBeTrusted,
  saysReady,
  shownHealthOf,
} from '../runtime/supervisor/app-health.ts';
import { tellBank } from './bank-summary.ts';
import { command } from './command-line.ts';
import { appToken } from '../runtime/environment.ts';
import { resolveInstance } from '../runtime/instance.ts';
import { isAlive, readProcessTable } from '../runtime/supervisor/process-table.ts';
import type { Entry } from '../runtime/supervisor/process-table.ts';
import { residentKib } from '../runtime/supervisor/process-identity.ts';
import { clock, runCommand } from '../runtime/progress.ts';
import { loadSecrets } from '../runtime/secrets.ts';
import { sidecarName } from '../runtime/users.ts';
import { say } from './terminal.ts';

const KIB_PER_MIB = 1_024;
/** Further actor hosts are named <app id>-2 and so on. */
const HOST_NUMBER = /-\d+$/;
const COLUMNS = ['program', 'pid', 'port', 'state', 'uptime', 'memory', 'restarts'];

const memoryMib = (entry: Entry): number => Math.round(residentKib(entry.pid) / KIB_PER_MIB);

type Health = ReadonlyMap<string, unknown>;

const row = (entry: Entry, health: Health): string[] => {
  const alive = isAlive(entry);
  const isUnfit = health.has(entry.name) && !saysReady(health.get(entry.name));
  const state = entry.state === 'ready' && isUnfit ? 'not ready' : entry.state;
  return [
    entry.name,
    alive ? String(entry.pid) : '-',
    String(entry.port),
    alive ? state : entry.state === 'restarting' ? 'restarting' : 'dead',
    alive ? clock(Date.now() - entry.startedAt) : '-',
    alive ? `${memoryMib(entry)} MB` : '-',
    String(entry.restarts),
  ];
};

/** What every app answers of itself, by its name: apps are the programs that have a sidecar. */
const healthOfApps = async (programs: readonly Entry[], dataDir: string): Promise<Health> => {
  const secrets = loadSecrets(dataDir);
  const tokenOf = (name: string): string => appToken(secrets, name.replace(HOST_NUMBER, ''));
  const names = new Set(programs.map(({ name }) => name));
  const apps = programs.filter(({ name }) => names.has(sidecarName(name)));
  return new Map(
    await Promise.all(
      apps.map(async ({ name, port }) => [name, await askHealth(port, tokenOf(name))] as const),
    ),
  );
};

/** What the log and each actor host say of themselves, and every app that is not ready. */
const tellHealth = (health: Health): void => {
  for (const [name, body] of health) {
    const shown = shownHealthOf(name);
    if (shown === undefined && saysReady(body)) continue;
    say(`${name}: ${healthWords(body, shown ?? [])}`);
  }
  for (const [name, body] of health) {
    const why = neededPersonFor(body);
    if (why !== undefined) say(`${notToBeTrusted(name, why)}`);
  }
};

/** A table of everything the supervisor runs; exit code 1 when something is not ready. */
runCommand(async () => {
  command('status', 'Shows what runs; ends with 1 when something is not ready.').parse();
  const { dataDir, number } = resolveInstance();
  const table = readProcessTable(dataDir);
  if (table === undefined) {
    say(`Instance ${number} does not run ("npm start" starts it).`);
    process.exitCode = 1;
    return;
  }
  const health = await healthOfApps(table.programs, dataDir);
  const rows = [COLUMNS, ...table.programs.map((entry) => row(entry, health))];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  for (const cells of rows) {
    const line = cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ');
    say(`${line.trimEnd()}`);
  }
  const alive = table.programs.filter(isAlive);
  const total = alive.reduce((sum, entry) => sum + memoryMib(entry), 0);
  say(`${alive.length} of ${table.programs.length} run, ${total} MB in all.`);
  tellHealth(health);
  for (const line of await tellBank()) say(line);
  if (!isAlive(table.supervisor)) {
    say('The supervisor is dead: "npm run stop" ends what it left behind.');
  }
  const ready = alive.filter((entry) => entry.state === 'ready');
  const isFit = [...health.values()].every(saysReady);
  if (ready.length !== table.programs.length || !isFit) process.exitCode = 1;
});
