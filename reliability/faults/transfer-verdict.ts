import type { LoggedEvent } from '../../contracts/account/events.ts';
import { askUntil } from './load.ts';
import { ask, type Asked } from './transfer-load.ts';
import { bankViolations, viewOf, type AccountView } from './verdict.ts';

const ANSWER_MS_MAX = 20_000;

/**
 * What is wrong with the accounts, looked at from outside: no leg may lack. Once all clients have
 * their answers (`isOver`) nothing may be pending or held either.
 */
export async function lookAt(
  queryUrl: string,
  accountIds: readonly string[],
  isOver: boolean,
): Promise<string[]> {
  const views = await Promise.all(accountIds.map((id) => viewOf(queryUrl, id)));
  const { found, openTransfers, inFlight } = bankViolations(views);
  const torn = inFlight.map((units) => `${units} are in flight`);
  if (!isOver) return [...found, ...torn];
  const held = views
    .filter(({ balance }) => Number((balance as { held?: string }).held) !== 0)
    .map(({ accountId }) => `money of ${accountId} is still held`);
  const open = openTransfers.map(({ transferId }) => `transfer ${transferId} has not ended`);
  return [...found, ...torn, ...open, ...held];
}

/** Asks again, with the same keys, for all that has no final answer yet. */
export function askAgain(commandUrl: string, all: readonly Asked[]): Promise<void> {
  const isOpen = ({ state }: Asked): boolean => state === 'unknown' || state === 'pending';
  return askUntil(all, isOpen, (asked) => ask(commandUrl, asked), ANSWER_MS_MAX);
}

/** What the clients were answered, compared with what the log has. */
export async function answersAgainstLog(
  queryUrl: string,
  accountIds: readonly string[],
  all: readonly Asked[],
): Promise<string[]> {
  const views = await Promise.all(accountIds.map((id) => viewOf(queryUrl, id)));
  const byTransfer = groupEvents(views);
  const keys = new Set(views.flatMap(({ events }) => events.map(({ commandId }) => commandId)));
  return all.flatMap((asked): string[] => {
    const { key, way, state, transferId = '' } = asked;
    const types = (byTransfer.get(transferId) ?? []).map(({ type }) => type).sort();
    const about = `${key} was answered ${state}, the log has ${types.join(', ')}`;
    const sound = (...expected: string[]): string[] =>
      types.join() === expected.join() ? [] : [about];
    switch (state) {
      case 'completed':
        return way === 'direct'
          ? sound('transfer-received', 'transfer-sent')
          : sound('transfer-captured', 'transfer-received', 'transfer-reserved');
      case 'voided':
      case 'expired':
        return sound('transfer-released', 'transfer-reserved');
      case 'rejected':
        return keys.has(key) ? [`${key} was refused (${asked.code}), but is in the log`] : [];
      case 'pending':
      case 'unknown':
        return [`${key} (${way}) still has no final answer, but ${state} ${asked.code}`];
    }
  });
}

function groupEvents(views: readonly AccountView[]): Map<string, LoggedEvent[]> {
  const groups = new Map<string, LoggedEvent[]>();
  for (const event of views.flatMap(({ events }) => events)) {
    if (!('transferId' in event.data)) continue;
    const { transferId } = event.data;
    groups.set(transferId, [...(groups.get(transferId) ?? []), event]);
  }
  return groups;
}
