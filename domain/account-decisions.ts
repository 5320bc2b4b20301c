import { type Account, type ExistingAccount, whyNotLower, whyNotSpend } from './account.ts';
import { granted, refuse } from './account-commands.ts';
import type { Command, CommandOf, Decision, Past } from './account-commands.ts';
import { remarksOf, type AccountEvent } from './account-events.ts';
import { decideHold } from './hold-decisions.ts';
import { unreachable } from './ids.ts';
import { minor, ZERO, type Minor } from './money.ts';
import { reversalOf } from './movement.ts';

const NOTHING: Past = {};

/**
 * Decides a command on the state of its account. Pure: it reads no clock, makes no id and does no
 * I/O.
 * @param at the host's time (RFC 3339, UTC), never the client's.
 * @param past what the command needs to know of events that the state no longer has.
 * @returns the events to commit, or a refusal; it never throws for a well-formed command.
 * @example
 * decide(account, { type: 'withdraw', amount: minor(500n) }, at);
 * // { ok: true, events: [{ type: 'money-withdrawn', at, amount: 500n }] }
 * // or { ok: false, refusal: { code: 'insufficient-funds', available: 300n, shortfall: 200n } }
 */
export function decide(account: Account, command: Command, at: string, past = NOTHING): Decision {
  if (command.type === 'open-account') return decideOpen(account, command, at);
  if (account.status === 'none') return refuse({ code: 'account-not-found' });
  switch (command.type) {
    case 'place-hold':
    case 'capture-hold':
    case 'void-hold':
    case 'expire-hold':
      return decideHold(account, command, at, past);
    default:
      return decideMore(account, command, at, past);
  }
}

type More = Exclude<Command, { type: 'open-account' | `${string}-hold` }>;

function decideMore(account: ExistingAccount, command: More, at: string, past: Past): Decision {
  if (account.status === 'closed') return refuse({ code: 'account-closed' });
  const { type: _type, ...terms } = command;
  switch (command.type) {
    case 'set-overdraft-limit':
      return decideOverdraft(account, command.amount, at);
    case 'set-limits':
      return granted({ ...terms, type: 'limits-set', at });
    case 'set-details':
      return granted({ ...terms, type: 'details-set', at });
    case 'set-refusal-recording':
      return granted({ type: 'refusal-recording-set', at, recordRefusals: command.recordRefusals });
    case 'unfreeze':
      if (account.status !== 'frozen') return refuse({ code: 'account-not-frozen' });
      return granted({ ...terms, type: 'account-unfrozen', at });
    default:
      break;
  }
  if (account.status === 'frozen') return refuse({ code: 'account-frozen' });
  switch (command.type) {
    case 'deposit':
      return granted({ ...command, type: 'money-deposited', at });
    case 'withdraw':
      return (
        whyNotSpend(account, command.amount, at) ??
        granted({ ...command, type: 'money-withdrawn', at })
      );
    case 'freeze':
      return granted({ ...terms, type: 'account-frozen', at });
    case 'close':
      return decideClose(account, command, at);
    case 'reverse':
      return decideReversal(account, command, at, past);
    default:
      return unreachable(command);
  }
}

function decideOpen(account: Account, open: CommandOf<'open-account'>, at: string): Decision {
  if (account.status !== 'none') return refuse({ code: 'account-already-exists' });
  const { initialDeposit, recordRefusals, ...terms } = open;
  const recording = recordRefusals === true ? { recordRefusals } : {};
  const opened: AccountEvent = { ...terms, ...recording, type: 'account-opened', at };
  if (initialDeposit === ZERO) return granted(opened);
  return { ok: true, events: [opened, { type: 'money-deposited', at, amount: initialDeposit }] };
}

function decideOverdraft(account: ExistingAccount, overdraftLimit: Minor, at: string): Decision {
  const lowered = minor(account.overdraftLimit - overdraftLimit);
  return (
    whyNotLower(account, lowered) ?? granted({ type: 'overdraft-limit-set', at, overdraftLimit })
  );
}

function decideClose(account: ExistingAccount, close: CommandOf<'close'>, at: string): Decision {
  const { ledger, held } = account;
  if (ledger !== ZERO || held !== ZERO) return refuse({ code: 'balance-not-zero', ledger, held });
  return granted({ ...close, type: 'account-closed', at });
}

function decideReversal(
  account: ExistingAccount,
  { type: _type, version: reverses, ...terms }: CommandOf<'reverse'>,
  at: string,
  { original, ended }: Past,
): Decision {
  if (original === undefined) return refuse({ code: 'event-not-found' });
  if (ended !== undefined) return refuse({ code: 'already-reversed', version: ended.version });
  const reversal = reversalOf(original);
  if (reversal === undefined) return refuse({ code: 'not-reversible', eventType: original.type });
  const refused =
    reversal.direction === 'debit' ? whyNotLower(account, reversal.amount) : undefined;
  return refused ?? granted({ type: 'movement-reversed', at, reverses, ...terms, ...reversal });
}

type OwnEvent = Exclude<AccountEvent, { type: `transfer-${string}` }>;

/** The other way round: the command that makes such an event, without what no command says. */
export function commandOf(event: OwnEvent): Command {
  switch (event.type) {
    case 'account-opened': {
      const { type: _type, at: _at, ...terms } = event;
      return { type: 'open-account', ...terms, initialDeposit: ZERO };
    }
    case 'account-frozen':
      return { type: 'freeze', ...reasonOf(event) };
    case 'account-unfrozen':
      return { type: 'unfreeze', ...reasonOf(event) };
    case 'account-closed':
      return { type: 'close', ...reasonOf(event) };
    case 'overdraft-limit-set':
      return { type: 'set-overdraft-limit', amount: event.overdraftLimit };
    case 'limits-set': {
      const { type: _type, at: _at, ...limits } = event;
      return { type: 'set-limits', ...limits };
    }
    case 'details-set': {
      const { type: _type, at: _at, ...details } = event;
      return { type: 'set-details', ...details };
    }
    case 'refusal-recording-set':
      return { type: 'set-refusal-recording', recordRefusals: event.recordRefusals };
    case 'money-deposited':
      return { type: 'deposit', amount: event.amount, ...remarksOf(event) };
    case 'money-withdrawn':
      return { type: 'withdraw', amount: event.amount, ...remarksOf(event) };
    case 'movement-reversed':
      return { type: 'reverse', version: event.reverses, ...reasonOf(event) };
    case 'hold-placed': {
      const { type: _type, at: _at, ...terms } = event;
      return { type: 'place-hold', ...terms };
    }
    case 'hold-captured':
      return { type: 'capture-hold', holdId: event.holdId, amount: event.amount };
    case 'hold-voided':
      return { type: 'void-hold', holdId: event.holdId };
    case 'hold-expired':
      return { type: 'expire-hold', holdId: event.holdId };
    default:
      return unreachable(event);
  }
}

const reasonOf = ({ reason }: { readonly reason?: string }) =>
  reason === undefined ? {} : { reason };
