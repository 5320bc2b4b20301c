import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_SOURCE_APP } from '../../contracts/log/entries.ts';
import { resolveInstance } from '../../runtime/instance.ts';
import { CannotRun, runCommand } from '../../runtime/progress.ts';
import { appAddress } from '../client/app-client.ts';
import { accountEvents, type AccountEvents } from './account-events.ts';
import { accountReplayOptions } from './account-replay-options.ts';
import { replayLine, REPLAY_HEADING } from './replay-lines.ts';
import { replayedAccount, type ReplayedEvent } from './replayed-account.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const requireBank = (): void => {
  const { dataDir } = resolveInstance();
  if (existsSync(join(dataDir, 'secrets.json'))) return;
  throw new CannotRun(`There is no bank in ${dataDir}: "npm start" makes one.`);
};

async function replay(
  { pages }: AccountEvents,
  onEvent: (replayed: ReplayedEvent) => void,
): Promise<unknown> {
  const account = replayedAccount();
  for await (const page of pages()) for (const event of page) onEvent(account.apply(event));
  return account.state();
}

async function printJson(events: AccountEvents, accountId: string): Promise<void> {
  const items: ReplayedEvent[] = [];
  const state = await replay(events, (item) => void items.push(item));
  const { to: version, lastVersion } = events;
  say(JSON.stringify({ accountId, version, lastVersion, state, events: items }, undefined, 2));
  if (!items.every(({ isAsStated }) => isAsStated)) process.exitCode = 1;
}

async function printLines(events: AccountEvents): Promise<void> {
  say(REPLAY_HEADING);
  let different = 0;
  await replay(events, (item) => {
    if (!item.isAsStated) different += 1;
    say(replayLine(item));
  });
  const { to, lastVersion } = events;
  say(`Version ${to} of ${lastVersion}. "--json" prints the state of the account as well.`);
  if (different === 0) return;
  say(`${different} events state another balance than the rules of this checkout make of them.`);
  process.exitCode = 1;
}

/**
 * `npm run replay-account -- ACCOUNT [--to VERSION] [--json]`: builds an account again from the
 * log of the running bank. Exit code 1 when an event states another balance.
 */
runCommand(async () => {
  const { id, to, json } = accountReplayOptions(process.argv.slice(2));
  requireBank();
  const events = await accountEvents(appAddress(EVENT_SOURCE_APP), id, to);
  await (json ? printJson(events, id) : printLines(events));
});
