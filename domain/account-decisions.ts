import {
  type Account,
  type ExistingAccount,
  whyNotLower,
  whyNotMove,
  whyNotSpend,
} from './account.ts';
import { granted, refuse } from './account-commands.ts';
import type { Command, CommandOf, Decision, Past } from './account-commands.ts';
import { remarksOf, type AccountEvent, type Details } from './account-events.ts';
import { decideHold } from './hold-decisions.ts';
import { unreachable } from './ids.ts';
import { minor, ZERO, type Minor } from './money.ts';
import { reversalOf } from './movement.ts';

const NOTHING: Past = {};
/** Most keys of an account's metadata. */
export const METADATA_KEYS_MAX = 20;
/** Movements of one account that are taken back in part. Each is part of the state, like a hold. */
const PART_REVERSALS_MAX = 200;

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
  const { currency } = account;
  if ('currency' in command && command.currency !== undefined && command.currency !== currency) {
    return refuse({ code: 'currency-mismatch', currency });
  }
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
    case 'set-details': {
      const { type: _set, ...details } = command;
      return granted({ ...details, type: 'details-set', at });
    }
    case 'patch-details':
      return decidePatch(account, command, at);
    case 'set-refusal-recording':
      return granted({ type: 'refusal-recording-set', at, recordRefusals: command.recordRefusals });
    case 'unfreeze':
      if (account.status !== 'frozen') return refuse({ code: 'account-not-frozen' });
      return granted({ ...terms, type: 'account-unfrozen', at });
    case 'block':
    case 'unblock':
      return decideBlock(account, command, at);
    default:
      break;
  }
  if (account.status === 'frozen') return refuse({ code: 'account-frozen' });
  switch (command.type) {
    case 'deposit':
      return (
        whyNotMove(account, 'credit') ??
        granted({ type: 'money-deposited', at, amount: command.amount, ...remarksOf(command) })
      );
    case 'withdraw':
      return (
        whyNotSpend(account, command.amount, at) ??
        granted({ type: 'money-withdrawn', at, amount: command.amount, ...remarksOf(command) })
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
  const unfit = whyUnfit(open);
  if (unfit !== undefined) return refuse({ code: 'invalid-request', ...unfit });
  const recording = recordRefusals === true ? { recordRefusals } : {};
  const opened: AccountEvent = { ...terms, ...recording, type: 'account-opened', at };
  if (initialDeposit === ZERO) return granted(opened);
  return { ok: true, events: [opened, { type: 'money-deposited', at, amount: initialDeposit }] };
}

/** What of an opening is not for its kind of account: where, and why. */
function whyUnfit({ ownerId, kind, code, overdraftLimit }: CommandOf<'open-account'>) {
  const unfit = (at: string, message: string) => ({ at, message });
  if (kind === undefined) {
    if (ownerId === undefined) return unfit('/ownerId', 'is required');
    return code === undefined ? undefined : unfit('/code', 'is for internal accounts');
  }
  if (ownerId !== undefined)
    return unfit('/ownerId', 'is not for an internal account: it has none');
  if (overdraftLimit === ZERO) return undefined;
  return unfit('/overdraftLimit', 'is not for an internal account: it has no limit');
}

function decideBlock(
  { blocks }: ExistingAccount,
  command: CommandOf<'block' | 'unblock'>,
  at: string,
): Decision {
  const { type, direction } = command;
  const terms = { at, blocked: direction, ...reasonOf(command) };
  const isBlocked = blocks.includes(direction);
  if (type === 'unblock') {
    if (!isBlocked) return refuse({ code: 'account-not-blocked', direction });
    return granted({ type: 'account-unblocked', ...terms });
  }
  if (isBlocked) return refuse({ code: 'account-blocked', direction });
  return granted({ type: 'account-blocked', ...terms });
}

/** The details as a whole, because an event tells what is, not what changed (RFC 7396). */
function decidePatch(
  account: ExistingAccount,
  { name = account.name, metadata = {} }: CommandOf<'patch-details'>,
  at: string,
): Decision {
  const merged = Object.entries({ ...account.metadata, ...metadata }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  if (merged.length > METADATA_KEYS_MAX) {
    const message = `must leave at most ${METADATA_KEYS_MAX} keys`;
    return refuse({ code: 'invalid-request', at: '/metadata', message });
  }
  const details: Details = {
    ...(name === undefined || name === null ? {} : { name }),
    ...(merged.length === 0 ? {} : { metadata: Object.fromEntries(merged) }),
  };
  return granted({ type: 'details-set', at, ...details });
}

function decideOverdraft(account: ExistingAccount, overdraftLimit: Minor, at: string): Decision {
  if (account.kind === 'internal') {
    const message = 'is not for an internal account: it has no limit';
    return refuse({ code: 'invalid-request', at: '/amount', message });
  }
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
  command: CommandOf<'reverse'>,
  at: string,
  { original, ended }: Past,
): Decision {
  if (original === undefined) return refuse({ code: 'event-not-found' });
  if (ended !== undefined) return refuse({ code: 'already-reversed', version: ended.version });
  const reversal = reversalOf(original);
  if (reversal === undefined) return refuse({ code: 'not-reversible', eventType: original.type });
  const { version: reverses, amount: wanted } = command;
  const { direction } = reversal;
  const begun = account.reversals.find(({ version }) => version === reverses);
  const open = begun?.left ?? reversal.amount;
  const amount = wanted ?? open;
  if (amount > open) return refuse({ code: 'reversal-amount-exceeded', left: open });
  const left = amount === open ? {} : { left: minor(open - amount) };
  if (amount < open && begun === undefined && account.reversals.length >= PART_REVERSALS_MAX) {
    return refuse({ code: 'too-many-open', limit: PART_REVERSALS_MAX });
  }
  const refused =
    whyNotMove(account, direction) ??
    (direction === 'debit' ? whyNotLower(account, amount) : undefined);
  const terms = { at, reverses, direction, amount, ...left };
  const said = { ...remarksOf(command), ...reasonOf(command) };
  return refused ?? granted({ type: 'movement-reversed', ...terms, ...said });
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
    case 'account-blocked':
      return { type: 'block', direction: event.blocked, ...reasonOf(event) };
    case 'account-unblocked':
      return { type: 'unblock', direction: event.blocked, ...reasonOf(event) };
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
      return {
        type: 'reverse',
        version: event.reverses,
        amount: event.amount,
        ...remarksOf(event),
        ...reasonOf(event),
      };
    case 'hold-placed': {
      const { type: _type, at: _at, ...terms } = event;
      return { type: 'place-hold', ...terms };
    }
    case 'hold-captured':
      return {
        type: 'capture-hold',
        holdId: event.holdId,
        amount: event.amount,
        ...remarksOf(event),
      };
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
