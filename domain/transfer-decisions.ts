import {
  type Account,
  type ExistingAccount,
  type PendingTransfer,
  whyNotSpend,
} from './account.ts';
import type { CommandOf, Past, Refusal, TransferCommand } from './account-commands.ts';
import { remarksOf, type AccountEvent, type EventOf } from './account-events.ts';
import { unreachable, type AccountId } from './ids.ts';
import { minor } from './money.ts';

/** Pending transfers of one account. Each is part of the state, like a hold. */
export const TRANSFERS_PENDING_MAX = 200;

/** What the rules make of a transfer command: events for both accounts, or a refusal. */
export type TransferDecision =
  | {
      readonly ok: true;
      /** Events of the source, and of the target where money comes to it. */
      readonly source: readonly AccountEvent[];
      readonly target: readonly AccountEvent[];
    }
  | {
      readonly ok: false;
      readonly refusal: Refusal;
      /** The account that the refusal is about. */
      readonly side: 'source' | 'target';
    };

/** The current states of the two accounts of a transfer. */
export interface Sides {
  readonly sourceId: AccountId;
  readonly source: Account;
  readonly target: Account;
}

const atSource = (refusal: Refusal): TransferDecision => ({ ok: false, refusal, side: 'source' });
const atTarget = (refusal: Refusal): TransferDecision => ({ ok: false, refusal, side: 'target' });

/**
 * Decides a transfer on both of its accounts or on neither: what the target would not accept is
 * refused at once and reserves nothing. A transfer moves money now, or reserves it first and is
 * later captured (in part or whole), voided or expired: a two-phase transfer. Pure.
 * @param at the host's time (RFC 3339, UTC).
 * @param past events of the source that the state no longer has.
 * @example
 * decideTransfer(sides, { type: 'send-transfer', transferId, toAccountId, amount }, at, {});
 * // { ok: true, source: [transfer-sent], target: [transfer-received] }
 * // or { ok: false, side: 'target', refusal: { code: 'account-frozen' } }
 */
export function decideTransfer(
  sides: Sides,
  command: TransferCommand,
  at: string,
  past: Past,
): TransferDecision {
  const { source } = sides;
  if (source.status === 'none') return atSource({ code: 'account-not-found' });
  switch (command.type) {
    case 'send-transfer':
      return decideSend(sides, source, command, at, past);
    case 'reserve-transfer':
      return decideReserve(sides, source, command, at);
    case 'capture-transfer':
      return decideCapture(sides, source, command, at, past);
    case 'void-transfer':
    case 'expire-transfer':
      return decideRelease(source, command, at, past);
    default:
      return unreachable(command);
  }
}

function decideSend(
  sides: Sides,
  source: ExistingAccount,
  command: CommandOf<'send-transfer'>,
  at: string,
  past: Past,
): TransferDecision {
  const { transferId, toAccountId, amount, reversesTransferId, transactionId } = command;
  const refused = whyNotReverse(command, past) ?? whyNotLeave(sides, source, command, at);
  if (refused !== undefined) return refused;
  const more = {
    ...(reversesTransferId === undefined ? {} : { reversesTransferId }),
    ...(transactionId === undefined ? {} : { transactionId }),
  };
  const common = { at, transferId, amount, ...more, ...remarksOf(command) };
  const { transaction } = command;
  const whole = transaction === undefined ? {} : { transaction };
  return {
    ok: true,
    source: [{ type: 'transfer-sent', otherAccountId: toAccountId, ...common, ...whole }],
    target: [{ type: 'transfer-received', otherAccountId: sides.sourceId, ...common }],
  };
}

/** A reversal sends back what the account received with the transfer, once. */
function whyNotReverse(
  { reversesTransferId, toAccountId, amount }: CommandOf<'send-transfer'>,
  { original, ended }: Past,
): TransferDecision | undefined {
  if (reversesTransferId === undefined) return undefined;
  if (ended !== undefined) return atSource({ code: 'already-reversed', version: ended.version });
  if (original === undefined) return atSource({ code: 'transfer-not-found' });
  const isThat =
    original.type === 'transfer-received' &&
    original.otherAccountId === toAccountId &&
    original.amount === amount;
  return isThat ? undefined : atSource({ code: 'not-reversible', eventType: original.type });
}

function decideReserve(
  sides: Sides,
  source: ExistingAccount,
  command: CommandOf<'reserve-transfer'>,
  at: string,
): TransferDecision {
  const { transferId, toAccountId, amount, expiresAt } = command;
  const terms = expiresAt === undefined ? {} : { expiresAt };
  if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.parse(at)) {
    const message = 'must be in the future';
    return atSource({ code: 'invalid-request', at: '/expiresAt', message });
  }
  if (source.status === 'open' && source.transfers.length >= TRANSFERS_PENDING_MAX) {
    return atSource({ code: 'too-many-open', limit: TRANSFERS_PENDING_MAX });
  }
  const refused = whyNotLeave(sides, source, command, at);
  if (refused !== undefined) return refused;
  const leg = { transferId, otherAccountId: toAccountId, amount, ...terms };
  const reserved = { type: 'transfer-reserved', at, ...leg, ...remarksOf(command) } as const;
  return { ok: true, source: [reserved], target: [] };
}

/** The refusal when the amount may not leave the source for the target now. */
function whyNotLeave(
  { sourceId, target }: Sides,
  source: ExistingAccount,
  { toAccountId, amount, currency }: CommandOf<'send-transfer' | 'reserve-transfer'>,
  at: string,
): TransferDecision | undefined {
  if (toAccountId === sourceId) return atSource({ code: 'same-account' });
  if (currency !== undefined && currency !== source.currency) {
    return atSource({ code: 'currency-mismatch', currency: source.currency });
  }
  if (source.status === 'closed') return atSource({ code: 'account-closed' });
  if (source.status === 'frozen') return atSource({ code: 'account-frozen' });
  // An account in another currency is a mistake of the request, before any question of funds.
  const untaken = whyNotTake(source, target);
  if (untaken?.code === 'account-not-found') return atTarget(untaken);
  if (untaken?.code === 'currency-mismatch') return atTarget(untaken);
  const unspent = whyNotSpend(source, amount, at);
  if (unspent?.ok === false) return atSource(unspent.refusal);
  return untaken && atTarget(untaken);
}

/** Why the target takes nothing from the source, whatever the amount; undefined when it does. */
export function whyNotTake(source: ExistingAccount, target: Account): Refusal | undefined {
  if (target.status === 'none') return { code: 'account-not-found' };
  if (target.currency !== source.currency) {
    return { code: 'currency-mismatch', currency: target.currency };
  }
  if (target.status === 'closed') return { code: 'account-closed' };
  if (target.status === 'frozen') return { code: 'account-frozen' };
  const isBlocked = target.blocks.includes('credit');
  return isBlocked ? { code: 'account-blocked', direction: 'credit' } : undefined;
}

function decideCapture(
  { sourceId, target }: Sides,
  source: ExistingAccount,
  command: CommandOf<'capture-transfer'>,
  at: string,
  past: Past,
): TransferDecision {
  const pending = pendingOf(source, command);
  if (pending === undefined) return notPending(past);
  if (source.status === 'frozen') return atSource({ code: 'account-frozen' });
  // The event that says so may come a moment later.
  if (isDue(pending, at)) return atSource({ code: 'transfer-expired' });
  const { transferId, otherAccountId, amount: reserved } = pending;
  const amount = command.amount ?? reserved;
  if (amount > reserved) return atSource({ code: 'transfer-amount-exceeded', reserved });
  const untaken = whyNotTake(source, target);
  if (untaken !== undefined) return atTarget(untaken);
  const common = { at, transferId, amount, ...remarksOf(pending), ...remarksOf(command) };
  const released = minor(reserved - amount);
  return {
    ok: true,
    source: [{ type: 'transfer-captured', otherAccountId, released, ...common }],
    target: [{ type: 'transfer-received', otherAccountId: sourceId, ...common }],
  };
}

function decideRelease(
  source: ExistingAccount,
  command: CommandOf<'void-transfer' | 'expire-transfer'>,
  at: string,
  past: Past,
): TransferDecision {
  const pending = pendingOf(source, command);
  if (pending === undefined) return notPending(past);
  const isExpiry = command.type === 'expire-transfer';
  if (isExpiry && !isDue(pending, at)) return atSource({ code: 'transfer-not-due' });
  const { transferId, otherAccountId, amount } = pending;
  const reason: EventOf<'transfer-released'>['reason'] = isExpiry ? 'expired' : 'voided';
  const released = { type: 'transfer-released', at, transferId, otherAccountId, amount, reason };
  return { ok: true, source: [released as EventOf<'transfer-released'>], target: [] };
}

const pendingOf = (
  { transfers }: ExistingAccount,
  { transferId }: Pick<PendingTransfer, 'transferId'>,
): PendingTransfer | undefined => transfers.find((open) => open.transferId === transferId);

const notPending = ({ ended }: Past): TransferDecision =>
  ended === undefined
    ? atSource({ code: 'transfer-not-found' })
    : atSource({ code: 'transfer-already-ended', version: ended.version });

const isDue = ({ expiresAt }: PendingTransfer, at: string): boolean =>
  expiresAt !== undefined && Date.parse(expiresAt) <= Date.parse(at);
