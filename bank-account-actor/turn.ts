import { commandHash, decodeCommand } from '../contracts/commands.ts';
import type { CommandMessage, CommandResult, RefusalMessage } from '../contracts/commands.ts';
import { encodeEvent, type Cause, type LoggedEvent } from '../contracts/events.ts';
import { decide, evolve, type Account, type OpenAccount, type Refusal } from '../domain/account.ts';
import type { Currency } from '../domain/currency.ts';
import { unreachable, type AccountId, type CommandId } from '../domain/ids.ts';
import { formatAmount } from '../domain/money.ts';
import type { CommandMemory } from './command-memory.ts';

export interface Turn {
  /** One result for each command; those with events hold only once the turn is committed. */
  readonly results: CommandResult[];
  readonly events: LoggedEvent[];
  readonly account: Account;
}

/**
 * Decides commands one after the other, each on the state that the ones before it left; pure.
 * `logged` has what the log knows of the ids that `memory` does not.
 */
export function decideTurn(
  accountId: AccountId,
  { account: before, memory }: { readonly account: Account; readonly memory: CommandMemory },
  commands: readonly CommandMessage[],
  logged: ReadonlyMap<CommandId, LoggedEvent[] | undefined>,
  at: string,
): Turn {
  let account = before;
  const events: LoggedEvent[] = [];
  const inThisTurn = new Map<CommandId, LoggedEvent[]>();
  const results = commands.map((message): CommandResult => {
    const { commandId, command } = message;
    const hash = commandHash(command);
    const known = inThisTurn.get(commandId) ?? memory.find(commandId) ?? logged.get(commandId);
    if (known !== undefined) return replay(known, hash);
    if (message.ifMatch !== undefined && message.ifMatch !== account.version) {
      return refused({ code: 'version-mismatch', version: account.version });
    }
    const cause: Cause = { commandId, commandHash: hash, traceparent: message.traceparent };
    const decided = decideOne(accountId, account, command, at, cause);
    if (!('account' in decided)) return refused(decided);
    if (message.dryRun !== true) {
      account = decided.account;
      events.push(...decided.events);
      inThisTurn.set(commandId, decided.events);
    }
    return { ok: true, replayed: false, events: decided.events };
  });
  return { results, events, account };
}

const refused = (refusal: RefusalMessage): CommandResult => ({ ok: false, refusal });

function replay(known: LoggedEvent[], hash: string): CommandResult {
  if (known[0]?.commandHash !== hash) return refused({ code: 'idempotency-key-reused' });
  return { ok: true, replayed: true, events: known };
}

function decideOne(
  accountId: AccountId,
  account: Account,
  body: CommandMessage['command'],
  at: string,
  cause: Cause,
): { account: OpenAccount; events: LoggedEvent[] } | RefusalMessage {
  const currency = currencyFor(account, body);
  if (currency === undefined) return { code: 'account-not-found' };
  const command = decodeCommand(body, currency);
  if (!('type' in command)) return { code: 'invalid-request', ...command };
  const decision = decide(account, command, at);
  if (!decision.ok) return refusalMessage(decision.refusal, currency);
  const events: LoggedEvent[] = [];
  let after = account;
  for (const event of decision.events) {
    after = evolve(after, event);
    events.push(encodeEvent(accountId, event, after, cause));
  }
  return { account: after as OpenAccount, events };
}

function currencyFor(account: Account, body: CommandMessage['command']): Currency | undefined {
  if (body.type === 'open-account') return body.currency;
  return account.status === 'none' ? undefined : account.currency;
}

function refusalMessage(refusal: Refusal, currency: Currency): RefusalMessage {
  switch (refusal.code) {
    case 'account-not-found':
    case 'account-already-exists':
      return refusal;
    case 'insufficient-funds':
      return {
        code: refusal.code,
        available: formatAmount(refusal.available, currency),
        shortfall: formatAmount(refusal.shortfall, currency),
      };
    default:
      return unreachable(refusal);
  }
}
