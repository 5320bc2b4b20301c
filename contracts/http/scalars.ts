import { z } from 'zod';
import { accountIdOfNumber } from '../../domain/account-number.ts';
import { METADATA_KEYS_MAX } from '../../domain/account-decisions.ts';
import { currencyOf, type Currency } from '../../domain/currency.ts';
import {
  ACCOUNT_ID_PATTERN,
  OWNER_ID_PATTERN,
  PERSON_ID_PATTERN,
  type AccountId,
  type HoldId,
  type OwnerId,
  type PersonId,
  type TransactionId,
  type TransferId,
  type Version,
} from '../../domain/ids.ts';
import { AMOUNT_PATTERN } from '../../domain/money.ts';
import { isStorable, unclear } from './plain-text.ts';

const METADATA_KEY = /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/;
const METADATA_KEY_RULE = 'must be a letter and up to 39 letters, digits, "_", "." or "-"';

/** Free text of a client, as `unclear` judges it. */
const text = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .superRefine((value, context) => {
      const message = unclear(value);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });

/** Free text as it was stored, perhaps by a runtime that knows more characters than this one. */
const storedText = (charactersMax: number) =>
  z.string().min(1).max(charactersMax).refine(isStorable, { message: 'cannot be stored' });

/** A non-negative amount as decimal text. */
export const amountText = z
  .string()
  .regex(AMOUNT_PATTERN, 'must be a decimal string such as "125.50"')
  .meta({ description: 'decimal string in the currency of the account', examples: ['125.50'] });

/** An amount above zero as decimal text. */
export const positiveAmountText = amountText
  .refine((value) => /[1-9]/.test(value), { message: 'must be greater than zero' })
  .meta({ description: 'decimal string greater than zero', examples: ['125.50'] });

/** An ISO 4217 code. */
export const currencyText = z
  .string()
  .regex(/^[A-Z]{3}$/, { error: 'must be an ISO 4217 code such as "EUR"', abort: true })
  .refine((code) => currencyOf(code) !== undefined, { message: 'is not an ISO 4217 currency' })
  .transform((code) => code as Currency)
  .meta({ description: 'ISO 4217 code', examples: ['CZK'] });

/** An owner id as the bank stores it. */
export const ownerIdText = z
  .string()
  .regex(OWNER_ID_PATTERN, 'must be 1-64 characters of a-z, 0-9 and "-"')
  .transform((id) => id as OwnerId)
  .meta({ examples: ['jana-novakova'] });

const UUID = '[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}';

/**
 * An id as clients write it, in upper or lower case (RFC 9562); the bank itself writes lower case.
 */
export const clientIdText = z
  .string()
  .regex(new RegExp(`^${UUID}$`), 'must be a UUID')
  .toLowerCase();

/**
 * An account by its id or by its number, as clients write it; both become its id. The messages are
 * for what is neither, and for a number with wrong check digits.
 */
export const clientAccountText = (neither: string, wrongDigits: string) =>
  z
    .string()
    .regex(new RegExp(`^(?:${UUID}|[0-9]{20})$`), neither)
    .toLowerCase()
    .meta({ description: 'account id (UUID) or account number (20 digits)' })
    .transform((text, context): AccountId => {
      if (ACCOUNT_ID_PATTERN.test(text)) return text as AccountId;
      const id = accountIdOfNumber(text);
      if (id !== undefined) return id;
      context.issues.push({ code: 'custom', input: text, message: wrongDigits });
      return z.NEVER;
    });

/** An account in a body by its id or by its number; both mean the same account. */
export const accountRefText = clientAccountText(
  'must be a UUID or an account number',
  'has wrong check digits',
).meta({ description: 'account id (UUID) or account number (20 digits)' });

/** The code of an internal account in the chart of accounts. */
export const codeText = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$/,
    'must be 1-32 characters of A-Z, a-z, 0-9, "." and "-"',
  )
  .meta({ examples: ['1021.01'] });

/** An owner as clients write them; a person's id may be in upper or lower case. */
export const clientOwnerText = z
  .string()
  .regex(
    new RegExp(`^(?:${UUID}|[a-z0-9][a-z0-9-]{0,63})$`),
    'must be a person id, or 1-64 characters of a-z, 0-9 and "-"',
  )
  .toLowerCase()
  .transform((id) => id as OwnerId)
  .meta({ examples: ['jana-novakova'] });

/** An account id as the bank writes it. */
export const accountIdText = z
  .string()
  .regex(ACCOUNT_ID_PATTERN, 'must be a lower-case UUID')
  .transform((id) => id as AccountId);

/** A person id as the bank writes it. */
export const personIdText = z
  .string()
  .regex(PERSON_ID_PATTERN, 'must be a lower-case UUID')
  .transform((id) => id as PersonId);

/** A hold id as the bank writes it. */
export const holdIdText = z
  .string()
  .regex(ACCOUNT_ID_PATTERN, 'must be a lower-case UUID')
  .transform((id) => id as HoldId);
/** A transfer id as the bank writes it. */
export const transferIdText = z
  .string()
  .regex(ACCOUNT_ID_PATTERN, 'must be a lower-case UUID')
  .transform((id) => id as TransferId);
export const transactionIdText = z
  .string()
  .regex(ACCOUNT_ID_PATTERN, 'must be a lower-case UUID')
  .transform((id) => id as TransactionId);

/** With nine digits of a second; more would only make the state of an account longer. */
const TIME_CHARACTERS_MAX = 30;

/** An RFC 3339 time in UTC, as the bank writes all times. */
export const timeText = z.iso
  .datetime({ message: 'must be an RFC 3339 time in UTC such as "2026-01-31T12:00:00Z"' })
  .max(TIME_CHARACTERS_MAX)
  .meta({ examples: ['2026-01-31T12:00:00Z'] });

/** Which way money goes, seen from the account. */
export const directionText = z.enum(['credit', 'debit']);

/** A day of the calendar, which the bank does not compare with its clock. */
export const dayText = z.iso
  .date({ message: 'must be a day such as "2026-01-31"' })
  .meta({ examples: ['2026-01-31'] });

/** A time in an answer, which is not checked again. */
export const writtenTime = z.string().meta({ format: 'date-time' });
/** An id in an answer likewise. */
export const writtenId = z.string().meta({ format: 'uuid' });

/** A version of a stream that has events. */
export const versionNumber = z
  .int()
  .min(1)
  .transform((count) => count as Version)
  .meta({ description: 'number of events of the account so far', examples: [2] });

/** A client's own names and values. */
const metadataOf = <Value extends z.ZodType>(value: Value) =>
  z
    .record(z.string().regex(METADATA_KEY, METADATA_KEY_RULE), value)
    .refine((record) => Object.keys(record).length <= METADATA_KEYS_MAX, {
      message: `must have at most ${METADATA_KEYS_MAX} keys`,
    });

const textsOf = (made: typeof text) => ({
  /** Up to 100 characters. */
  name: made(100),
  /** Up to 200 characters. */
  description: made(200),
  /** Up to 100 characters. */
  reference: made(100),
  /** Up to 100 characters. */
  externalId: made(100),
  // Whether a mailbox exists only a message to it can tell, so no more than its form is checked.
  email: made(254).regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address'),
  metadata: metadataOf(made(500)),
});

/** What clients write. */
export const clientTexts = textsOf(text);
/** Changes of metadata: null removes a key (RFC 7396). */
export const metadataPatch = metadataOf(text(500).nullable());
/** What the bank stored of that. */
export const storedTexts = textsOf(storedText);
