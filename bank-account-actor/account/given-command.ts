import { nameBy } from '../../contracts/access/principal.ts';
import type { AddedByBank } from '../../contracts/account/command-operations.ts';
import { decodeCommand, type CommandMessage } from '../../contracts/account/commands.ts';
import type { RefusalMessage } from '../../contracts/account/refusals.ts';
import { holdIdFor } from '../../contracts/derived-ids.ts';
import type { Account } from '../../domain/account.ts';
import type { Currency } from '../../domain/currency.ts';
import type { AccountId, CommandName } from '../../domain/ids.ts';

type Decoded =
  { readonly command: unknown; readonly currency: Currency } | { readonly refusal: RefusalMessage };

/** The domain's command, or why there is none: amounts need the currency of the account. */
export function decode(
  account: Account,
  { accountId, commandId, command, by }: CommandMessage & { readonly by: string | undefined },
): Decoded {
  const currency =
    command.type === 'open-account'
      ? command.currency
      : account.status === 'none'
        ? undefined
        : account.currency;
  if (currency === undefined) return { refusal: { code: 'account-not-found' } };
  const decoded = decodeCommand(command, currency);
  if (!('type' in decoded)) return { refusal: { code: 'invalid-request', ...decoded } };
  if (!isAddedTo(decoded.type)) return { command: decoded, currency };
  const added = ADDED[decoded.type](accountId, nameBy(by, commandId));
  return { command: { ...decoded, ...added }, currency };
}

type Added<Type extends keyof AddedByBank> = Readonly<Record<AddedByBank[Type], string>>;
/** What a command of a client gets from the bank. */
const ADDED: {
  readonly [Type in keyof AddedByBank]: (id: AccountId, name: CommandName) => Added<Type>;
} = { 'place-hold': (id, name) => ({ holdId: holdIdFor(id, name) }) };
const isAddedTo = (type: string): type is keyof AddedByBank => Object.hasOwn(ADDED, type);
