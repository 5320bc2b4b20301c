import { z } from 'zod';
import { commonConfig } from '../platform/config.ts';

/** Environment variables of the command API. */
export const commandApiConfig = {
  ...commonConfig,
  COMMAND_KEY: z
    .string()
    .min(16)
    .describe('Secret: shared with the actor hosts; authenticates calls of actors and answers.'),
};
