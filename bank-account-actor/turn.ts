import { commandHash, decodeCommand, holdIdFor } from '../contracts/commands.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import type { CommandBody } from '../contracts/command-bodies.ts';
import { decodeEvent, encodeEvent } from '../contracts/events.ts';
import { writeMoney } from '../contracts/money-members.ts';
import type { Cause, LoggedEvent } from '../contracts/events.ts';
import type { RefusalMessage } from '../contracts/refusals.ts';
import { evolve, type Account, type ExistingAccount } from '../domain/account.ts';
import type { Past } from '../domain/account-commands.ts';
import { decide } from '../domain/account-decisions.ts';
import type { Currency } from '../domain/currency.ts';
import { version, type AccountId, type CommandId } from '../domain/ids.ts';
import { onceOf, type AccountPast } from './account-past.ts';

/** A result; of a refusal by the account's decision with the account that it was made on. */
export type TurnResult = CommandResult & { readonly seen?: Account };

export interface Turn {
  /** One result for each command; those with events hold only once the turn is committed. */
  readonly results: TurnResult[];
  readonly events: LoggedEvent[];
  readonly account: Account;
}

/**
 * Decides commands one after the other, each on the state that the ones before it left; pure
 * but for `past`, which takes in the events of the turn.
 */
export function decideTurn(
  accountId: AccountId,
  before: Account,
  commands: readonly CommandMessage[],
  past: AccountPast,
  at: string,
): Turn {
  let account = before;
  const events: LoggedEvent[] = [];
  const results = commands.map((message): TurnResult => {
    const { commandId, command } = message;
    const hash = commandHash(command);
    const known = past.once(commandId);
    if (known !== undefined) return replay(known, hash);
    if (message.ifMatch !== undefined && message.ifMatch !== account.version) {
      return refused({ code: 'version-mismatch', version: account.version });
    }
    const cause: Cause = { commandId, commandHash: hash, traceparent: message.traceparent };
    const decided = decideOne(accountId, account, command, pastOf(past, command), at, cause);
    if (!('account' in decided)) return { ...refused(decided), seen: account };
    if (message.dryRun !== true) {
      account = decided.account;
      events.push(...decided.events);
      past.add(decided.events);
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

/** What the decision may ask of the past. */
function pastOf(past: AccountPast, body: CommandBody): Past {
  const name = onceOf(body);
  const [settled] = name === undefined ? [] : (past.once(name) ?? []);
  const original = body.type === 'reverse' ? past.event(body.version) : undefined;
  return {
    settled: settled && { version: version(settled.version), type: settled.type },
    original: original && decodeEvent(original),
  };
}

function decideOne(
  accountId: AccountId,
  account: Account,
  body: CommandBody,
  past: Past,
  at: string,
  cause: Cause,
): { account: ExistingAccount; events: LoggedEvent[] } | RefusalMessage {
  const currency = currencyFor(account, body);
  if (currency === undefined) return { code: 'account-not-found' };
  const decoded = decodeCommand(body, currency);
  if (!('type' in decoded)) return { code: 'invalid-request', ...decoded };
  const command =
    decoded.type === 'place-hold'
      ? { ...decoded, holdId: holdIdFor(accountId, cause.commandId as CommandId) }
      : decoded;
  const decision = decide(account, command, at, past);
  // Refusals have the same members on the wire, with money as text.
  if (!decision.ok) return writeMoney(decision.refusal, currency) as unknown as RefusalMessage;
  const events: LoggedEvent[] = [];
  let after = account;
  for (const event of decision.events) {
    after = evolve(after, event);
    events.push(encodeEvent(accountId, event, after, cause));
  }
  return { account: after as ExistingAccount, events };
}

function currencyFor(account: Account, body: CommandBody): Currency | undefined {
  if (body.type === 'open-account') return body.currency;
  return account.status === 'none' ? undefined : account.currency;
}
