import { z } from 'zod';
import { CURRENCIES } from '../domain/currency.ts';
import type { HoldId } from '../domain/ids.ts';
import * as texts from './texts.ts';

export const openAccountBody = z.strictObject({
  ownerId: texts.clientOwnerText,
  // Named here, so that who reads the document (or generates from it) sees what is accepted.
  currency: texts.currencyText.meta({ enum: [...CURRENCIES] }),
  name: texts.nameText.optional(),
  overdraftLimit: texts.amountText.optional(),
  initialDeposit: texts.amountText.optional(),
  metadata: texts.metadataRecord.optional(),
  recordRefusals: z.boolean().optional().meta({
    description: 'true: a command that a rule refuses is recorded in the log, with what was seen',
  }),
});
export const moneyBody = z.strictObject({
  amount: texts.positiveAmountText,
  description: texts.descriptionText.optional(),
  reference: texts.referenceText.optional(),
  metadata: texts.metadataRecord.optional(),
});

export const holdBody = z.strictObject({
  amount: texts.positiveAmountText,
  description: texts.descriptionText.optional(),
  expiresAt: texts.timeText.optional().meta({
    description: 'when the bank releases the hold by itself; it stays until resolved without it',
  }),
});
export const captureBody = z.strictObject({
  amount: texts.positiveAmountText.optional().meta({
    description: 'what is taken, the rest is released; all of the hold when missing',
  }),
});
export const emptyBody = z.strictObject({});
export const overdraftBody = z.strictObject({ amount: texts.amountText });
export const limitsBody = z.strictObject({
  perWithdrawal: texts.amountText.optional(),
  perDay: texts.amountText.optional(),
});
export const detailsBody = z.strictObject({
  name: texts.nameText.optional(),
  metadata: texts.metadataRecord.optional(),
});
export const refusalRecordingBody = z.strictObject({ recordRefusals: z.boolean() });
export const reasonBody = z.strictObject({ reason: texts.descriptionText.optional() });
export const reversalBody = z.strictObject({
  version: texts.versionNumber,
  reason: texts.descriptionText.optional(),
});

const typed = <Type extends string, Shape extends z.ZodRawShape>(
  type: Type,
  body: z.ZodObject<Shape>,
) => body.extend({ type: z.literal(type) });
const ofHold = { holdId: texts.clientIdText.transform((id) => id as HoldId) };
const ofTransfer = { transferId: texts.transferIdText };

/** What a client may command. */
export const clientCommand = z.discriminatedUnion('type', [
  typed('open-account', openAccountBody),
  typed('deposit', moneyBody),
  typed('withdraw', moneyBody),
  typed('place-hold', holdBody),
  typed('capture-hold', captureBody.extend(ofHold)),
  typed('void-hold', emptyBody.extend(ofHold)),
  typed('set-overdraft-limit', overdraftBody),
  typed('set-limits', limitsBody),
  typed('set-details', detailsBody),
  typed('set-refusal-recording', refusalRecordingBody),
  typed('freeze', reasonBody),
  typed('unfreeze', reasonBody),
  typed('close', reasonBody),
  typed('reverse', reversalBody),
]);
export type ClientCommand = z.infer<typeof clientCommand>;

/** A command as it travels: amounts are still text, because the actor knows the currency. */
export const commandBody = z.discriminatedUnion('type', [
  ...clientCommand.options,
  typed('expire-hold', emptyBody.extend(ofHold)),
  typed(
    'send-transfer',
    moneyBody.extend({
      ...ofTransfer,
      toAccountId: texts.accountIdText,
      reversesTransferId: texts.transferIdText.optional(),
    }),
  ),
  typed(
    'reserve-transfer',
    moneyBody.extend({
      ...ofTransfer,
      toAccountId: texts.accountIdText,
      expiresAt: texts.timeText.optional(),
    }),
  ),
  typed('capture-transfer', captureBody.extend(ofTransfer)),
  typed('void-transfer', emptyBody.extend(ofTransfer)),
  typed('expire-transfer', emptyBody.extend(ofTransfer)),
]);
export type CommandBody = z.infer<typeof commandBody>;
