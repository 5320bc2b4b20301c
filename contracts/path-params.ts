import { z } from 'zod';
import { ACCOUNT_ID_PATTERN } from '../domain/ids.ts';

export const idParams = {
  id: z
    .string()
    .regex(/^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{20})$/)
    .meta({ description: 'account id (lower-case UUID) or account number (20 digits)' }),
};

export const transferParams = {
  transferId: z.string().regex(ACCOUNT_ID_PATTERN).meta({ description: 'lower-case UUID' }),
};

export const holdParams = {
  ...idParams,
  holdId: z
    .string()
    .regex(ACCOUNT_ID_PATTERN)
    .meta({ description: 'holdId of the outcome that placed the hold' }),
};
