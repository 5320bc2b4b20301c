import type { CommandMessage } from '../contracts/commands.ts';
import type { CommandBody } from '../contracts/command-bodies.ts';
import { namesOf, type LoggedEvent } from '../contracts/events.ts';
import type { Account } from '../domain/account.ts';
import { holdName, reversalName } from '../domain/account-events.ts';
import { transferEndName, transferReversalName } from '../domain/account-events.ts';
import type { StreamId } from '../domain/ids.ts';
import type { CommandMemory } from './command-memory.ts';
import type { LogClient } from './log-client.ts';

/** What a turn may need to know of the account beside its state. */
export interface AccountPast {
  /** The events of a command id, or the one that settled what has that name. */
  once(name: string): LoggedEvent[] | undefined;
  event(version: number): LoggedEvent | undefined;
  /** Takes in what the turn decides, for the commands after it. */
  add(events: readonly LoggedEvent[]): void;
}

/** The name under which it is known whether the command's object was settled before. */
export function onceOf(body: CommandBody): string | undefined {
  switch (body.type) {
    case 'capture-hold':
    case 'void-hold':
    case 'expire-hold':
      return holdName(body.holdId);
    case 'settle-transfer':
    case 'release-transfer':
      return transferEndName(body.transferId);
    case 'reserve-transfer':
      return body.reversesTransferId && transferReversalName(body.reversesTransferId);
    case 'reverse':
      return reversalName(body.version);
    default:
      return undefined;
  }
}

// What the state still holds open was not settled, so nobody needs to be asked.
function isOpen(account: Account, body: CommandBody): boolean {
  if (account.status === 'none') return true;
  if ('holdId' in body) return account.holds.some(({ holdId }) => holdId === body.holdId);
  return (
    'transferId' in body && account.transfers.some((one) => one.transferId === body.transferId)
  );
}

const isOwnEnd = ({ type }: CommandBody): boolean =>
  type === 'settle-transfer' || type === 'release-transfer' || type === 'expire-hold';

/** Asks the log for all that these commands need and the memory has not. */
export async function readPast(
  stream: StreamId,
  { account, memory }: { readonly account: Account; readonly memory: CommandMemory },
  commands: readonly CommandMessage[],
  log: LogClient,
): Promise<AccountPast> {
  const logged = new Map<string, LoggedEvent[] | undefined>();
  const events = new Map<number, LoggedEvent | undefined>();
  const names = new Set<string>();
  const versions = new Set<number>();
  for (const { commandId, fresh, command } of commands) {
    const name = onceOf(command);
    const open = isOpen(account, command);
    // The bank's own end of what is still open cannot have been executed.
    if (!fresh && !(open && isOwnEnd(command))) names.add(commandId);
    if (name !== undefined && !open) names.add(name);
    if (command.type === 'reverse' && command.version <= account.version) {
      versions.add(command.version);
    }
  }
  // An account that was never opened has executed nothing.
  if (account.status !== 'none') {
    const unknownNames = [...names].filter((name) => memory.find(name) === undefined);
    const unknown = [...versions].filter((version) => memory.event(version) === undefined);
    await Promise.all([
      ...unknownNames.map(async (name) => {
        logged.set(name, (await log.once(stream, name)) as LoggedEvent[] | undefined);
      }),
      ...unknown.map(async (version) => {
        events.set(version, (await log.event(stream, version)) as LoggedEvent | undefined);
      }),
    ]);
  }
  return {
    once: (name) => memory.find(name) ?? logged.get(name),
    event: (version) => memory.event(version) ?? events.get(version),
    add(decided) {
      for (const event of decided) {
        events.set(event.version, event);
        for (const name of namesOf(event)) {
          const same = name === event.commandId ? (logged.get(name) ?? []) : [];
          logged.set(name, [...same, event]);
        }
      }
    },
  };
}
