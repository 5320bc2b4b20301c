import { accountIdOfSerial } from './account-number.ts';
import { evolve, NO_ACCOUNT, type Account, type ExistingAccount } from './account.ts';
import { endNameOf } from './account-commands.ts';
import type { Command, Decision, Past, TransferCommand } from './account-commands.ts';
import { decide } from './account-decisions.ts';
import type { AccountEvent } from './account-events.ts';
import * as names from './account-events.ts';
import type { Currency } from './currency.ts';
import type { AccountId, HoldId, TransferId, Version } from './ids.ts';
import { createCommands, type Step, type TransferUnderTest } from './commands-for-tests.ts';
import { decideTransfer, type TransferDecision } from './transfer-decisions.ts';

/** One event that some account decided, in the order of the log. */
export interface Entry {
  readonly accountId: AccountId;
  readonly commandId: string;
  readonly event: AccountEvent;
  readonly before: Account;
  readonly after: ExistingAccount;
  /** All events of one command stand in one transaction. */
  readonly transaction: number;
}

export interface BankOptions {
  readonly firstSerial?: number;
  readonly currencies?: readonly string[];
  readonly startMs?: number;
}

const MINUTE_MS = 60_000;

/**
 * A bank of some accounts in memory that gives them commands as the actor host would: each id
 * once, with what the names of the past tell, and a transfer on both of its accounts at once.
 */
export function bankForTests(options: BankOptions = {}) {
  const { firstSerial = 1, currencies = ['CZK'], startMs = Date.UTC(2026, 10, 21) } = options;
  const accounts = new Map<AccountId, Account>();
  const entries: Entry[] = [];
  const executed = new Set<string>();
  /** The version of each name of each account. */
  const named = new Map<string, Version>();
  const repeated: string[] = [];
  const holds: { readonly accountId: AccountId; readonly holdId: HoldId }[] = [];
  const transfers: TransferUnderTest[] = [];
  let nowMs = startMs;
  let commands = 0;
  let transactions = 0;

  const of = (id: AccountId): Account => accounts.get(id) ?? NO_ACCOUNT;
  const id = (index: number): AccountId => accountIdOfSerial(BigInt(firstSerial + index));
  const at = (): string => new Date(nowMs).toISOString();
  const eventAt = (accountId: AccountId, wanted: number | undefined): AccountEvent | undefined =>
    entries.find((entry) => entry.accountId === accountId && entry.after.version === wanted)?.event;

  const pastOf = (accountId: AccountId, command: Command | TransferCommand): Past => {
    const versionOf = (name: string | undefined): Version | undefined =>
      name === undefined ? undefined : named.get(`${accountId} ${name}`);
    const ended = versionOf(endNameOf(command));
    const original =
      command.type === 'reverse' ? command.version : versionOf(originalNameOf(command));
    return {
      ended: ended === undefined ? undefined : { version: ended },
      original: eventAt(accountId, original),
    };
  };

  const apply = (accountId: AccountId, commandId: string, event: AccountEvent): Entry => {
    const before = of(accountId);
    const after = evolve(before, event);
    accounts.set(accountId, after);
    for (const name of names.onceNamesOf(event)) {
      const key = `${accountId} ${name}`;
      if (named.has(key)) repeated.push(key);
      named.set(key, after.version);
    }
    if (event.type === 'hold-placed') holds.push({ accountId, holdId: event.holdId });
    const entry = { accountId, commandId, event, before, after, transaction: transactions };
    entries.push(entry);
    return entry;
  };

  /** Decides and applies a command; nothing when its id was executed before. */
  const give = (accountId: AccountId, command: Command, own?: string): Decision | undefined => {
    commands += 1;
    const commandId = own ?? `c-${commands}`;
    if (executed.has(`${accountId} ${commandId}`)) return undefined;
    const decision = decide(of(accountId), command, at(), pastOf(accountId, command));
    if (!decision.ok) return decision;
    executed.add(`${accountId} ${commandId}`);
    transactions += 1;
    for (const event of decision.events) apply(accountId, commandId, event);
    return decision;
  };

  const targetOf = (from: AccountId, command: TransferCommand): AccountId | undefined => {
    if ('toAccountId' in command) return command.toAccountId;
    const source = of(from);
    const pending = source.status === 'none' ? [] : source.transfers;
    return pending.find(({ transferId }) => transferId === command.transferId)?.otherAccountId;
  };

  const decided = (from: AccountId, command: TransferCommand): TransferDecision => {
    const to = targetOf(from, command);
    const sides = {
      sourceId: from,
      source: of(from),
      target: to === undefined ? NO_ACCOUNT : of(to),
    };
    return decideTransfer(sides, command, at(), pastOf(from, command));
  };

  /** The same for a transfer, on both of its accounts. */
  const transfer = (
    from: AccountId,
    command: TransferCommand,
    own?: string,
  ): TransferDecision | undefined => {
    commands += 1;
    const commandId = own ?? `c-${commands}`;
    if (executed.has(`${from} ${commandId}`)) return undefined;
    const decision = decided(from, command);
    if (!decision.ok) return decision;
    const to = targetOf(from, command);
    executed.add(`${from} ${commandId}`);
    transactions += 1;
    for (const event of decision.source) apply(from, commandId, event);
    for (const event of decision.target) {
      apply(to!, names.transferName(command.transferId), event);
    }
    if ('toAccountId' in command) transfers.push({ from, begun: command });
    return decision;
  };

  const bank = {
    accounts,
    entries,
    holds,
    transfers,
    /** Names that an account used more than once; in a sound history there are none. */
    repeated,
    of,
    id,
    at,
    give,
    transfer,
    decided,
    past: pastOf,
    pendingOf: (from: AccountId): readonly TransferId[] => {
      const source = of(from);
      return source.status === 'none' ? [] : source.transfers.map(({ transferId }) => transferId);
    },
    currencyOf: (index: number): Currency =>
      (currencies[index % currencies.length] ?? 'CZK') as Currency,
    pass: (minutes: number): void => void (nowMs += minutes * MINUTE_MS),
    /** Takes one step of a random life. */
    step(step: Step): void {
      bank.pass(step.minutes);
      commandsOf.run(step);
    },
  };
  const commandsOf = createCommands(bank);
  return bank;
}
export type BankForTests = ReturnType<typeof bankForTests>;

/** The name of the event that a transfer takes back. */
export const originalNameOf = (command: Command | TransferCommand): string | undefined =>
  'reversesTransferId' in command && command.reversesTransferId !== undefined
    ? names.transferName(command.reversesTransferId)
    : undefined;
