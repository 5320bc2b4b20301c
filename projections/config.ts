import { z } from 'zod';
import { commonConfig } from '../platform/config.ts';
import { operatorConfig } from '../platform/http/operator-socket.ts';

/** Environment variables of a projection. */
export const projectionConfig = {
  ...commonConfig,
  ...operatorConfig,
  LOG_FEED_PUBLIC_KEYS: z
    .string()
    .min(1)
    .describe(
      'Public keys (SPKI, DER, base64) of event-source, separated by commas: what none of them ' +
        'signed is no message of the log.',
    ),
  MONGODB_URL: z
    .string()
    .startsWith('mongodb')
    .describe('Secret: URL of the read store (MongoDB or FerretDB).'),
};
