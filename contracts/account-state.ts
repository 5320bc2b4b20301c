import { z } from 'zod';
import type { Account, OpenAccount } from '../domain/account.ts';
import { version } from '../domain/ids.ts';
import { formatAmount, readAmount } from '../domain/money.ts';
import { defined } from './events.ts';
import * as texts from './texts.ts';

/** An account as it rests in the actor's journal: amounts as text, with its digits. */
export const accountState = z.strictObject({
  status: z.literal('open'),
  version: z.int().min(1),
  ownerId: texts.ownerIdText,
  currency: texts.currencyText,
  ledger: z.string(),
  held: z.string(),
  overdraftLimit: z.string(),
  openedAt: z.string(),
  changedAt: z.string(),
  name: texts.nameText.optional(),
  metadata: texts.metadataRecord.optional(),
});
export type AccountState = z.infer<typeof accountState>;

export function encodeAccount(account: OpenAccount): AccountState {
  const { currency, ledger, held, overdraftLimit } = account;
  return {
    ...account,
    ledger: formatAmount(ledger, currency),
    held: formatAmount(held, currency),
    overdraftLimit: formatAmount(overdraftLimit, currency),
  };
}

export function decodeAccount(state: AccountState): Account {
  const { currency, ledger, held, overdraftLimit } = state;
  return defined({
    ...state,
    version: version(state.version),
    ledger: readAmount(ledger, currency),
    held: readAmount(held, currency),
    overdraftLimit: readAmount(overdraftLimit, currency),
  });
}
