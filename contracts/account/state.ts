import { z } from 'zod';
import { limitsSchema } from './money.ts';
import { dayOf, type ExistingAccount } from '../../domain/account.ts';
import { version } from '../../domain/ids.ts';
import { readAmount, ZERO } from '../../domain/money.ts';
import { readMoney, writeMoney } from './money.ts';
import * as texts from '../http/scalars.ts';

const hold = z.strictObject({
  holdId: texts.holdIdText,
  amount: z.string(),
  placedAt: z.string(),
  description: texts.storedTexts.description.optional(),
  reference: texts.storedTexts.reference.optional(),
  expiresAt: texts.timeText.optional(),
});
const transfer = z.strictObject({
  transferId: texts.transferIdText,
  otherAccountId: texts.accountIdText,
  amount: z.string(),
  reservedAt: z.string(),
  description: texts.storedTexts.description.optional(),
  reference: texts.storedTexts.reference.optional(),
  valueDate: texts.dayText.optional(),
  expiresAt: texts.timeText.optional(),
});
const reversal = z.strictObject({ version: z.int().min(1), left: z.string() });

/** An account as the journal stores it: amounts are decimal text with all their digits. */
export const accountState = z.strictObject({
  status: z.enum(['open', 'frozen', 'closed']),
  version: z.int().min(1),
  ownerId: texts.ownerIdText.optional(),
  kind: z.literal('internal').optional(),
  code: texts.codeText.optional(),
  currency: texts.currencyText,
  ledger: z.string(),
  held: z.string(),
  overdraftLimit: z.string(),
  limits: limitsSchema.optional(),
  /** What counts against the day's limit; the first states of the bank had no limits. */
  spent: z.strictObject({ day: z.string(), amount: z.string() }).optional(),
  holds: z.array(hold).optional(),
  transfers: z.array(transfer).optional(),
  blocks: z.array(texts.directionText).optional(),
  reversals: z.array(reversal).optional(),
  externalId: texts.storedTexts.externalId.optional(),
  recordRefusals: z.literal(true).optional(),
  openedAt: z.string(),
  changedAt: z.string(),
  name: texts.storedTexts.name.optional(),
  metadata: texts.storedTexts.metadata.optional(),
});
export type AccountState = z.infer<typeof accountState>;

/**
 * The stored form of an account. Empty members are left out, because the state is written with
 * every commit.
 */
export function encodeAccount(account: ExistingAccount): AccountState {
  const { currency, limits, spent, holds, transfers, blocks, reversals, ...rest } = account;
  const write = (members: object) => writeMoney(members, currency);
  return {
    ...write(rest),
    currency,
    ...(Object.keys(limits).length === 0 ? {} : { limits: write(limits) }),
    spent: write(spent),
    ...(holds.length === 0 ? {} : { holds: holds.map(write) }),
    ...(transfers.length === 0 ? {} : { transfers: transfers.map(write) }),
    ...(blocks.length === 0 ? {} : { blocks }),
    ...(reversals.length === 0 ? {} : { reversals: reversals.map(write) }),
  } as AccountState;
}

/**
 * The account in its stored form.
 * @throws Error for an amount that is not as the bank writes it: the row is corrupt.
 */
export function decodeAccount(state: AccountState): ExistingAccount {
  const { currency, ledger, held, limits = {}, spent, ...more } = state;
  const { holds = [], transfers = [], blocks = [], reversals = [], ...rest } = more;
  const read = (members: object) => readMoney(members, currency);
  return {
    ...read(rest),
    currency,
    version: version(state.version),
    ledger: readAmount(ledger, currency),
    held: readAmount(held, currency),
    limits: read(limits),
    spent: spent === undefined ? { day: dayOf(state.changedAt), amount: ZERO } : read(spent),
    holds: holds.map(read),
    transfers: transfers.map(read),
    blocks,
    reversals: reversals.map(read),
    // The schema has the same members as the domain's account; only money is written otherwise.
  } as unknown as ExistingAccount;
}
