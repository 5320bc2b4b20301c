import { z } from 'zod';
import { isTimeZone } from '../domain/calendar.ts';
import { most, publicApiConfig } from '../platform/config.ts';
import { accessTokenConfig, publicUrl } from '../platform/tokens/bearer.ts';

/** Environment variables of the query API. */
export const queryApiConfig = {
  ...publicApiConfig,
  ...accessTokenConfig,
  QUERIES_PUBLIC_URL: publicUrl('the query API'),
  COMMANDS_PUBLIC_URL: publicUrl('the command API, which passes queries on'),
  MONGODB_URL: z
    .string()
    .startsWith('mongodb')
    .describe('Secret: URL of the read store (MongoDB or FerretDB).'),
  PERSONS_KEY: z
    .string()
    .min(16)
    .describe('Secret: shared with the actor host, which opens the data of persons.'),
  BANK_TIME_ZONE: z
    .string()
    .refine(isTimeZone, { message: 'must be an IANA time zone such as Europe/Prague' })
    .default('UTC')
    .describe('IANA name of the time zone whose days statements have.'),
  STREAMS_MAX: most(200, 'Most streams of live events that are open.'),
  STREAMS_PER_CLIENT_MAX: most(100, 'Most open streams of one client; a person has half.'),
  STREAMS_PER_ACCOUNT_MAX: most(50, 'Most open streams of one account.'),
  STATEMENTS_MAX: most(4, 'Most statements that are made at once.'),
  STATEMENTS_PER_CLIENT_MAX: most(3, 'Most of them for one client; a person has half.'),
  SEARCHES_MAX: most(8, 'Most searches for persons and sums of past balances under way.'),
  SEARCHES_PER_CLIENT_MAX: most(4, 'Most of them of one client; a person has half.'),
  EXPORTS_MAX: most(4, 'Most exports and walks of the log under way.'),
  EXPORTS_PER_CLIENT_MAX: most(3, 'Most of them of one client; a person has half.'),
};
export type QueryApiConfig = z.infer<z.ZodObject<typeof queryApiConfig>>;
