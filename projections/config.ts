import { z } from 'zod';
import { commonConfig } from '../platform/config.ts';
import { operatorConfig } from '../platform/http/operator-socket.ts';

/** Environment variables of a projection. */
export const projectionConfig = {
  ...commonConfig,
  ...operatorConfig,
  MONGODB_URL: z
    .string()
    .startsWith('mongodb')
    .describe('Secret: URL of the read store (MongoDB or FerretDB).'),
};
