import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadModelName } from '../contracts/account/read-models.ts';
import { barLine, liveLine, rate } from '../platform/progress-bar.ts';
import type { GenerationsStatus, RebuildStatus } from '../projections/generations.ts';
import { runCommand } from '../runtime/progress.ts';
import { appAddress, appClient } from './client/app-client.ts';
import { Argument, command } from './command-line.ts';
import { say } from './terminal.ts';

const LOOK_MS = 250;
const MODELS = ['balances', 'history'] as const;

interface Answer {
  readonly status: GenerationsStatus;
  readonly rebuild: RebuildStatus | null;
}

const apps = appClient(appAddress);
const call = async (name: ReadModelName, method: 'GET' | 'POST'): Promise<Answer> =>
  (await apps.invokeService(`projection-${name}`, method, 'rebuild')).body as Answer;

function lineOf(name: ReadModelName, rebuild: RebuildStatus, ms: number): string {
  const { checkpoint, head, eventsApplied } = rebuild;
  return barLine(name, checkpoint, head, `${eventsApplied} events, ${rate(eventsApplied, ms)}`);
}

/** Gives whether the rebuild succeeded. */
async function rebuild(name: ReadModelName): Promise<boolean> {
  const began = performance.now();
  const line = liveLine(process.stdout);
  const asked = (await call(name, 'POST')).rebuild?.generation;
  for (;;) {
    await sleep(LOOK_MS);
    const { status, rebuild: now } = await call(name, 'GET');
    if (now === null) {
      // A new process knows nothing of a rebuild that its forerunner had under way.
      if (status.rebuilding) continue;
      line.end();
      say(`${name}: the projection was restarted; its data is as before.`);
      return false;
    }
    if (now.generation !== asked) continue;
    line.draw(() => lineOf(name, now, performance.now() - began), now.rebuild !== 'running');
    if (now.rebuild === 'running') continue;
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    const text = now.rebuild === 'done' ? `done in ${seconds} s` : `failed: ${now.reason}`;
    say(`${name}: ${text}`);
    return now.rebuild === 'done';
  }
}

/** `npm run rebuild`: asks the running projections of instance CORE_BANK_INSTANCE to rebuild. */
runCommand(async () => {
  const [asked] = command('rebuild', 'Builds read models again from the log, and shows how far.')
    .addArgument(new Argument('<what>', 'to rebuild').choices([...MODELS, 'all'] as const))
    .parse().processedArgs;
  for (const name of asked === 'all' ? MODELS : [asked]) {
    if (!(await rebuild(name))) process.exitCode = 1;
  }
});
