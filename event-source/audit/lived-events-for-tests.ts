import { TESTER, testName } from '../../contracts/access/sender-for-tests.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { holdIdFor, transferIdFor } from '../../contracts/derived-ids.ts';
import { encodeEvent, streamOf } from '../../contracts/account/events.ts';
import type { AccountEvent } from '../../domain/account-events.ts';
import type { Entry } from '../../domain/bank-for-tests.ts';
import type { CommandId } from '../../domain/ids.ts';

/** What one command of a bank in memory made: its events as they are logged, but for `prev`. */
export interface LivedCommand {
  readonly events: readonly BankEvent[];
  readonly entries: readonly Entry[];
}

/** The commands of a bank in memory, with ids that follow from them as the bank's own do. */
export function livedCommands(entries: readonly Entry[]): LivedCommand[] {
  const ids = new Map<string, string>();
  const named = (event: AccountEvent): AccountEvent =>
    Object.fromEntries(
      Object.entries(event).map(([name, member]) => [name, ids.get(member as string) ?? member]),
    ) as unknown as AccountEvent;
  const commands: Entry[][] = [];
  for (const entry of entries) {
    if (commands.at(-1)?.[0]?.transaction === entry.transaction) commands.at(-1)!.push(entry);
    else commands.push([entry]);
  }
  return commands.map((made) => {
    const [{ accountId, after }] = made as [Entry];
    const joint = { id: `${streamOf(accountId)}/${after.version}`, events: made.length };
    const events = made.map((one): BankEvent => {
      const commandId = one.commandId as CommandId;
      const { event } = one;
      if (event.type === 'hold-placed')
        ids.set(event.holdId, holdIdFor(one.accountId, testName(commandId)));
      if (event.type === 'transfer-sent' || event.type === 'transfer-reserved') {
        ids.set(event.transferId, transferIdFor(one.accountId, testName(commandId)));
      }
      const happened = named(event);
      const own = commandIdOf(happened, commandId);
      return encodeEvent(one.accountId, happened, one.after, {
        commandId: own,
        by: own.startsWith('expire ') ? undefined : TESTER.by,
        commandHash: 'hash',
        ...(made.length === 1 ? {} : { joint }),
      });
    });
    return { events, entries: made };
  });
}

/** The bank's own commands have ids of their own. */
function commandIdOf(event: AccountEvent, given: CommandId): CommandId {
  switch (event.type) {
    case 'transfer-received':
      return `transfer ${event.transferId}` as CommandId;
    case 'hold-expired':
      return `expire ${event.holdId}` as CommandId;
    case 'transfer-released':
      return event.reason === 'expired' ? (`expire ${event.transferId}` as CommandId) : given;
    default:
      return given;
  }
}
