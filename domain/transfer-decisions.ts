import type { ExistingAccount } from './account.ts';
import { granted, refuse } from './account-commands.ts';
import type { CommandOf, Decision, Past } from './account-commands.ts';
import { remarksOf, type TransferReason } from './account-events.ts';
import { unreachable, type TransferId } from './ids.ts';
import { whyNotSpend } from './spending.ts';

/** Transfers of one account that may be under way: they travel in its state. */
export const TRANSFERS_PENDING_MAX = 200;

type TransferCommand = CommandOf<
  'reserve-transfer' | 'receive-transfer' | 'settle-transfer' | 'release-transfer'
>;

/**
 * Decides a step of a transfer: the source reserves, the target receives or declines, the source
 * settles or releases (a saga; Garcia-Molina and Salem, 1987). What the target said is an event
 * too, so a step that comes late or twice cannot turn the end around.
 */
export function decideTransfer(
  account: ExistingAccount,
  command: TransferCommand,
  at: string,
  past: Past,
): Decision {
  switch (command.type) {
    case 'reserve-transfer':
      return decideReserve(account, command, at, past);
    case 'receive-transfer':
      return decideReceive(account, command, at);
    case 'settle-transfer':
    case 'release-transfer':
      return decideEnd(account, command, at, past);
    default:
      return unreachable(command);
  }
}

function decideReserve(
  account: ExistingAccount,
  command: CommandOf<'reserve-transfer'>,
  at: string,
  { settled }: Past,
): Decision {
  const { transferId, toAccountId, toCurrency, amount } = command;
  // Only a reversal has a name of its own that can be settled, by the reversal before it.
  if (settled !== undefined) return refuse({ code: 'already-reversed', version: settled.version });
  if (account.status === 'closed') return refuse({ code: 'account-closed' });
  if (account.status === 'frozen') return refuse({ code: 'account-frozen' });
  if (toCurrency !== account.currency) {
    return refuse({ code: 'currency-mismatch', currency: toCurrency });
  }
  if (account.transfers.length >= TRANSFERS_PENDING_MAX) {
    return refuse({ code: 'too-many-open', limit: TRANSFERS_PENDING_MAX });
  }
  const leg = { transferId, otherAccountId: toAccountId, amount, ...reversalOf(command) };
  const reserved = { type: 'transfer-reserved', at, ...leg, ...remarksOf(command) } as const;
  return whyNotSpend(account, amount, at) ?? granted(reserved);
}

function decideReceive(
  account: ExistingAccount,
  command: CommandOf<'receive-transfer'>,
  at: string,
): Decision {
  const { transferId, fromAccountId, amount } = command;
  const leg = { transferId, otherAccountId: fromAccountId, amount, ...reversalOf(command) };
  const reason = whyDecline(account, command);
  if (reason !== undefined) return granted({ type: 'transfer-declined', at, ...leg, reason });
  return granted({ type: 'transfer-received', at, ...leg, ...remarksOf(command) });
}

function whyDecline(
  account: ExistingAccount,
  command: CommandOf<'receive-transfer'>,
): TransferReason | undefined {
  if (account.status === 'closed') return 'account-closed';
  if (account.status === 'frozen') return 'account-frozen';
  return account.currency === command.currency ? undefined : 'currency-mismatch';
}

const reversalOf = ({ reversesTransferId }: { readonly reversesTransferId?: TransferId }) =>
  reversesTransferId === undefined ? {} : { reversesTransferId };

/** An end is decided whatever became of the account meanwhile: the target has answered. */
function decideEnd(
  account: ExistingAccount,
  command: CommandOf<'settle-transfer' | 'release-transfer'>,
  at: string,
  { settled }: Past,
): Decision {
  const pending = account.transfers.find(({ transferId }) => transferId === command.transferId);
  if (pending === undefined) {
    if (settled === undefined) return refuse({ code: 'transfer-not-found' });
    return refuse({ code: 'transfer-already-ended', version: settled.version });
  }
  const { transferId, otherAccountId, amount } = pending;
  const leg = { transferId, otherAccountId, amount, ...reversalOf(pending) };
  if (command.type === 'settle-transfer') {
    return granted({ type: 'transfer-sent', at, ...leg, ...remarksOf(pending) });
  }
  return granted({ type: 'transfer-released', at, ...leg, reason: command.reason });
}
