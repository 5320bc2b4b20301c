import type { PersonId, TransactionId, TransferId } from '../../domain/ids.ts';
import { clientAccountText, clientIdText } from './scalars.ts';
import { z } from 'zod';

/** A text in a query that documents, and so generated clients, take for another type. */
const documentedAs = (schema: Record<string, unknown>) => ({
  pattern: undefined,
  enum: undefined,
  ...schema,
});

/** True or false. */
export const flagText = (description: string) =>
  z
    .enum(['true', 'false'])
    .optional()
    .meta(documentedAs({ type: 'boolean', description }));

/** A whole number from 1, without sign, leading zeros, exponent or fraction. */
export const wholeNumber = (most: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,14}$/, `must be a whole number from 1 to ${most}`)
    .meta(documentedAs({ type: 'integer', minimum: 1, maximum: most }))
    .transform(Number)
    .refine((value) => value <= most, { message: `must be a whole number from 1 to ${most}` });

/** A query member with the most items of an answer. */
export const limitText = (most: number) =>
  wholeNumber(most)
    .optional()
    .meta({ description: `how many at most, 1 to ${most}` });
/** A query member with a version. */
export const versionText = (description: string) =>
  wholeNumber(Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description, examples: [7] });

/** The version that an answer must have reached. */
export const minVersion = versionText(
  'waits up to 2 s until the answer shows at least this version',
);

/** For what takes no parameter. */
export const noQuery = z.strictObject({});

const ACCOUNT = 'must be a UUID or an account number with valid check digits';
/** An account by its id or number. */
export const accountText = clientAccountText(ACCOUNT, ACCOUNT);
/** The account in a path. */
export const idParams = { id: accountText };

/** The transfer in a path. */
export const transferParams = { transferId: clientIdText.transform((id) => id as TransferId) };

/** The transaction in a path. */
export const transactionParams = {
  transactionId: clientIdText.transform((id) => id as TransactionId),
};

/** The account and the hold in a path. */
export const holdParams = {
  ...idParams,
  holdId: clientIdText.meta({ description: 'holdId of the outcome that placed the hold' }),
};

/** The person in a path. */
export const personParams = {
  personId: clientIdText
    .meta({ description: 'person id (UUID)' })
    .transform((id) => id as PersonId),
};
