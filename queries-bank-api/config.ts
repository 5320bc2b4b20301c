import { z } from 'zod';
import { commonConfig } from '../platform/config.ts';

/** Environment variables of the query API. */
export const queryApiConfig = {
  ...commonConfig,
  MONGODB_URL: z
    .string()
    .startsWith('mongodb')
    .describe('Secret: URL of the read store (MongoDB or FerretDB).'),
  PERSONS_KEY: z
    .string()
    .min(16)
    .describe('Secret: shared with the actor host, which opens the data of persons.'),
};
