import { type ExistingAccount, type Hold, whyNotSpend } from './account.ts';
import { granted, refuse } from './account-commands.ts';
import type { CommandOf, Decision, Past } from './account-commands.ts';
import { remarksOf } from './account-events.ts';
import { unreachable } from './ids.ts';
import { minor, ZERO } from './money.ts';

/** Open holds of one account. Each is part of the state, which is written with every commit. */
export const HOLDS_OPEN_MAX = 200;

type HoldCommand = CommandOf<'place-hold' | 'capture-hold' | 'void-hold' | 'expire-hold'>;

/**
 * Decides a command about a hold; pure. A hold ends once: by the first capture, void or expiry.
 * @param past `ended` tells a hold that has ended from one that never was.
 */
export function decideHold(
  account: ExistingAccount,
  command: HoldCommand,
  at: string,
  { ended }: Past,
): Decision {
  if (command.type === 'place-hold') return decidePlace(account, command, at);
  const placed = account.holds.find(({ holdId }) => holdId === command.holdId);
  if (placed === undefined) {
    if (ended === undefined) return refuse({ code: 'hold-not-found' });
    return refuse({ code: 'hold-already-resolved', version: ended.version });
  }
  const { holdId, amount } = placed;
  switch (command.type) {
    case 'capture-hold': {
      if (account.status === 'frozen') return refuse({ code: 'account-frozen' });
      // The event that says so may come a moment later.
      if (isDue(placed, at)) return refuse({ code: 'hold-expired' });
      const captured = command.amount ?? amount;
      const remarks = { ...remarksOf(placed), ...remarksOf(command) };
      const taken = { type: 'hold-captured', at, holdId, amount: captured, ...remarks } as const;
      if (captured <= amount) return granted({ ...taken, released: minor(amount - captured) });
      if (account.limits.captureAboveHold !== true) {
        return refuse({ code: 'hold-amount-exceeded', held: amount });
      }
      const aboveHold = minor(captured - amount);
      const refused = whyNotSpend(account, aboveHold, at, captured);
      return refused ?? granted({ ...taken, released: ZERO, aboveHold });
    }
    case 'void-hold':
      return granted({ type: 'hold-voided', at, holdId, amount });
    case 'expire-hold':
      if (!isDue(placed, at)) return refuse({ code: 'hold-not-due' });
      return granted({ type: 'hold-expired', at, holdId, amount });
    default:
      return unreachable(command);
  }
}

const isDue = ({ expiresAt }: Hold, at: string): boolean =>
  expiresAt !== undefined && Date.parse(expiresAt) <= Date.parse(at);

function decidePlace(
  account: ExistingAccount,
  command: CommandOf<'place-hold'>,
  at: string,
): Decision {
  if (account.status === 'closed') return refuse({ code: 'account-closed' });
  if (account.status === 'frozen') return refuse({ code: 'account-frozen' });
  if (command.expiresAt !== undefined && Date.parse(command.expiresAt) <= Date.parse(at)) {
    const message = 'must be in the future';
    return refuse({ code: 'invalid-request', at: '/expiresAt', message });
  }
  if (account.holds.length >= HOLDS_OPEN_MAX) {
    return refuse({ code: 'too-many-open', limit: HOLDS_OPEN_MAX });
  }
  const { currency: _said, ...terms } = command;
  return whyNotSpend(account, command.amount, at) ?? granted({ ...terms, type: 'hold-placed', at });
}
