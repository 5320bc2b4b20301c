import { z } from 'zod';
import { commonConfig } from '../platform/config.ts';

/** Environment variables of a projection. */
export const projectionConfig = {
  ...commonConfig,
  MONGODB_URL: z
    .string()
    .startsWith('mongodb')
    .describe('Secret: URL of the read store (MongoDB or FerretDB).'),
};
