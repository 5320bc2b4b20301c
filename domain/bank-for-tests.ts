import { accountIdOfSerial } from './account-number.ts';
import { evolve, NO_ACCOUNT, type Account, type ExistingAccount } from './account.ts';
import type { Command, CommandOf, Decision, Past } from './account-commands.ts';
import { decide } from './account-decisions.ts';
import { settledBy, type AccountEvent, type TransferReason } from './account-events.ts';
import { holdName, reversalName, transferEndName } from './account-events.ts';
import type { Currency } from './currency.ts';
import { holdId, version, type AccountId, type HoldId, type TransferId } from './ids.ts';
import { createCommands, type Step } from './commands-for-tests.ts';

/** One event that some account decided, in the order of the log. */
export interface Entry {
  readonly accountId: AccountId;
  readonly commandId: string;
  readonly event: AccountEvent;
  readonly before: Account;
  readonly after: ExistingAccount;
}

/** A transfer as its saga would know it. */
export interface TransferUnderTest {
  readonly transferId: TransferId;
  readonly from: AccountId;
  readonly reserve: CommandOf<'reserve-transfer'>;
  told: 'nothing' | 'received' | TransferReason;
}

export interface BankOptions {
  readonly firstSerial?: number;
  readonly currencies?: readonly string[];
  readonly startMs?: number;
}

const MINUTE_MS = 60_000;

/**
 * A bank of some accounts in memory that gives them commands as their actors would: each id
 * once, with what the log knows of the past. It also plays the sagas of transfers.
 */
export function bankForTests(options: BankOptions = {}) {
  const { firstSerial = 1, currencies = ['CZK'], startMs = Date.UTC(2026, 10, 21) } = options;
  const accounts = new Map<AccountId, Account>();
  const entries: Entry[] = [];
  const executed = new Set<string>();
  const settled = new Map<string, NonNullable<Past['settled']>>();
  const holds: { readonly accountId: AccountId; readonly holdId: HoldId }[] = [];
  const transfers: TransferUnderTest[] = [];
  let nowMs = startMs;
  let commands = 0;

  const of = (id: AccountId): Account => accounts.get(id) ?? NO_ACCOUNT;
  const id = (index: number): AccountId => accountIdOfSerial(BigInt(firstSerial + index));
  const at = (): string => new Date(nowMs).toISOString();
  const eventAt = (accountId: AccountId, wanted: number): AccountEvent | undefined =>
    entries.find((entry) => entry.accountId === accountId && entry.after.version === wanted)?.event;

  const pastOf = (accountId: AccountId, command: Command): Past => {
    const name = nameOf(command);
    const original =
      command.type === 'reverse' ? eventAt(accountId, command.version as number) : undefined;
    const ended = name === undefined ? undefined : settled.get(`${accountId} ${name}`);
    return { settled: ended, original };
  };

  const commit = (accountId: AccountId, commandId: string, decision: Decision): Entry[] => {
    if (!decision.ok) return [];
    executed.add(`${accountId} ${commandId}`);
    return decision.events.map((event) => {
      const before = of(accountId);
      const after = evolve(before, event);
      accounts.set(accountId, after);
      const ended = settledBy(event);
      if (ended !== undefined) {
        settled.set(`${accountId} ${ended}`, { version: after.version, type: event.type });
      }
      if (event.type === 'hold-placed') holds.push({ accountId, holdId: event.holdId });
      const entry = { accountId, commandId, event, before, after };
      entries.push(entry);
      return entry;
    });
  };

  /** Decides and applies a command; nothing when its id was executed before. */
  const give = (accountId: AccountId, command: Command, own?: string): Decision | undefined => {
    commands += 1;
    const commandId = own ?? `c-${commands}`;
    if (executed.has(`${accountId} ${commandId}`)) return undefined;
    const decision = decide(of(accountId), command, at(), pastOf(accountId, command));
    commit(accountId, commandId, decision);
    return decision;
  };

  /** Tells the target of a transfer; saying it again changes nothing. */
  const tell = (transfer: TransferUnderTest): void => {
    const { transferId, from, reserve } = transfer;
    const { toAccountId, toCurrency: currency, type: _type, ...rest } = reserve;
    const receive: Command = { ...rest, type: 'receive-transfer', fromAccountId: from, currency };
    give(toAccountId, receive, `transfer ${transferId}`);
    const answer = entries.find(
      (entry) => entry.accountId === toAccountId && entry.commandId === `transfer ${transferId}`,
    )?.event;
    if (answer?.type === 'transfer-received') transfer.told = 'received';
    else if (answer?.type === 'transfer-declined') transfer.told = answer.reason;
    else transfer.told = 'account-not-found';
  };

  /** Ends a transfer as its target said; before that nothing may end it. */
  const end = (transfer: TransferUnderTest): void => {
    const { transferId, from, told } = transfer;
    if (told === 'nothing') return;
    if (told === 'received') give(from, { type: 'settle-transfer', transferId });
    else give(from, { type: 'release-transfer', transferId, reason: told });
  };

  const bank = {
    accounts,
    entries,
    holds,
    transfers,
    of,
    id,
    at,
    give,
    past: pastOf,
    tell,
    end,
    currencyOf: (index: number): Currency =>
      (currencies[index % currencies.length] ?? 'CZK') as Currency,
    pass: (minutes: number): void => void (nowMs += minutes * MINUTE_MS),
    /** Takes one step of a random life. */
    step(step: Step): void {
      bank.pass(step.minutes);
      commandsOf.run(step);
    },
    /** Ends every transfer that is under way. */
    drain(): void {
      for (const transfer of transfers) {
        tell(transfer);
        end(transfer);
      }
    },
  };
  const commandsOf = createCommands(bank);
  return bank;
}
export type BankForTests = ReturnType<typeof bankForTests>;

function nameOf(command: Command): string | undefined {
  if (command.type === 'reverse') return reversalName(version(command.version));
  if (command.type === 'settle-transfer' || command.type === 'release-transfer') {
    return transferEndName(command.transferId);
  }
  const ends = ['capture-hold', 'void-hold', 'expire-hold'];
  return 'holdId' in command && ends.includes(command.type)
    ? holdName(holdId(command.holdId))
    : undefined;
}
