import { spawnSync } from 'node:child_process';
import { closedLoop } from './closed-loop.ts';
import type { House } from './house.ts';
import type { Load } from './loads.ts';
import { threadsOfNiceness } from './processes.ts';

/** The same load with the background audit and without it, in turn, in one house. */
export interface AuditCost {
  readonly load: string;
  readonly perSecondWith: number;
  readonly perSecondWithout: number;
  readonly pairs: number;
}

const PAIRS = 4;
const WARM_UP_MS = 1_000;
/** The audit's thread is the only one that steps back this far. */
const NICENESS = 19;

/** The thread of the background audit; undefined where threads cannot be seen (not on Linux). */
function auditThread({ programs }: House): number | undefined {
  const pid = programs().find(({ name }) => name === 'event-source')?.pid;
  if (pid === undefined || process.platform !== 'linux') return undefined;
  const found = threadsOfNiceness(pid, NICENESS);
  return found.length === 1 ? found[0] : undefined;
}

/** Idle tasks get a processor when nobody else wants one: under a full load, next to never. */
function schedule(thread: number, policy: '--idle' | '--batch'): void {
  const { status, stderr } = spawnSync('chrt', [policy, '--pid', '0', String(thread)]);
  if (status !== 0) throw new Error(`chrt ${policy}: ${String(stderr)}`);
}

/** Undefined where the audit's thread cannot be held back. */
export async function measureAuditCost(
  house: House,
  load: Load,
  seconds: number,
): Promise<AuditCost | undefined> {
  const thread = auditThread(house);
  if (thread === undefined) return undefined;
  const rates = { '--idle': 0, '--batch': 0 };
  const run = async (policy: keyof typeof rates): Promise<void> => {
    schedule(thread, policy);
    const times = { warmUpMs: WARM_UP_MS, measureMs: (seconds * 1_000) / PAIRS };
    const { perSecond } = await closedLoop({ ...load, url: house.url, ...times });
    rates[policy] += perSecond / PAIRS;
  };
  for (let pair = 0; pair < PAIRS; pair += 1) {
    // In turn, so that a house that gets slower or faster counts for both.
    const order =
      pair % 2 === 0 ? (['--idle', '--batch'] as const) : (['--batch', '--idle'] as const);
    for (const policy of order) await run(policy);
  }
  schedule(thread, '--batch');
  const { '--batch': perSecondWith, '--idle': perSecondWithout } = rates;
  return { load: load.name, perSecondWith, perSecondWithout, pairs: PAIRS };
}
