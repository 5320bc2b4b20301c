import { z } from 'zod';
import { commonConfig } from '../platform/config.ts';

/** Environment variables of the actor host. */
export const actorHostConfig = {
  ...commonConfig,
  ACTOR_HOST_NAME: z
    .string()
    .regex(/^[A-Za-z0-9]{1,32}$/)
    .default('host1')
    .describe("Part of the name of the host's own actor type; unique among the hosts of a bank."),
  JOURNAL_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe('Secret: PostgreSQL URL of the journal, with the role that may only call functions.'),
};
