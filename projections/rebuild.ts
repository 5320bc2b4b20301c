import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadModelName } from '../contracts/read-models.ts';
import { appTokens } from '../platform/app-tokens.ts';
import type { GenerationsStatus, RebuildStatus } from './generations.ts';

/**
 * `node dist/projections/rebuild.js balances|history|all`: asks the running projections of
 * instance CORE_BANK_INSTANCE to rebuild and shows how far they are.
 */
const LOOK_MS = 250;
const BAR_CELLS = 30;
const PORTS = { balances: 3_004, history: 3_005 } as const;

interface Answer {
  readonly status: GenerationsStatus;
  readonly rebuild: RebuildStatus | null;
}

async function call(name: ReadModelName, method: 'GET' | 'POST'): Promise<Answer> {
  const port = PORTS[name] + 1_000 * Number(process.env['CORE_BANK_INSTANCE'] ?? 0);
  for (const token of appTokens(`projection-${name}`)) {
    const headers = { 'dapr-api-token': token };
    const answer = await fetch(`http://127.0.0.1:${port}/rebuild`, { method, headers });
    if (answer.ok) return (await answer.json()) as Answer;
    if (answer.status !== 401) throw new Error(`projection ${name} answered ${answer.status}`);
  }
  throw new Error(`projection ${name} takes none of the tokens of this data folder`);
}

function show(name: ReadModelName, rebuild: RebuildStatus, seconds: number): void {
  const part = rebuild.head === 0 ? 1 : Math.min(1, rebuild.checkpoint / rebuild.head);
  const bar = '='.repeat(Math.round(part * BAR_CELLS)).padEnd(BAR_CELLS, ' ');
  const rate = Math.round(rebuild.eventsApplied / Math.max(seconds, 0.001));
  const line =
    `${name.padEnd(8)} [${bar}] ${(100 * part).toFixed(0).padStart(3)} %  ` +
    `${rebuild.eventsApplied} events, ${rate} events/s`;
  process.stdout.write(process.stdout.isTTY ? `\r${line}   ` : `${line}\n`);
}

/** Gives whether the rebuild succeeded. */
async function rebuild(name: ReadModelName): Promise<boolean> {
  const began = performance.now();
  const { status: before } = await call(name, 'POST');
  for (;;) {
    await sleep(LOOK_MS);
    const { status, rebuild: now } = await call(name, 'GET');
    if (now === null) {
      // A new process knows nothing of a rebuild that its forerunner had under way.
      if (status.rebuilding) continue;
      process.stdout.write(`\n${name}: the projection was restarted; its data is as before.\n`);
      return false;
    }
    if (now.generation <= before.generation) continue;
    show(name, now, (performance.now() - began) / 1_000);
    if (now.rebuild === 'running') continue;
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    const text = now.rebuild === 'done' ? `done in ${seconds} s` : `failed: ${now.reason}`;
    process.stdout.write(`\n${name}: ${text}\n`);
    return now.rebuild === 'done';
  }
}

const asked = process.argv[2];
const names: ReadModelName[] = ['balances', 'history'];
const chosen = asked === 'all' ? names : names.filter((name) => name === asked);
if (chosen.length === 0) {
  process.stderr.write('Say what to rebuild: "balances", "history" or "all".\n');
  process.exit(2);
}
try {
  for (const name of chosen) if (!(await rebuild(name))) process.exitCode = 1;
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`The rebuild cannot be watched: ${reason}. Is the bank running?\n`);
  process.exitCode = 1;
}
