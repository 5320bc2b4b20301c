import { z } from 'zod';
import { commonConfig } from '../platform/config.ts';
import { operatorConfig } from '../platform/http/operator-socket.ts';

/** Environment variables of the actor host. */
export const actorHostConfig = {
  ...commonConfig,
  ...operatorConfig,
  ACTOR_HOST_NAME: z
    .string()
    .regex(/^[A-Za-z0-9]{1,32}$/)
    .default('host1')
    .describe("Part of the name of the host's own actor type; unique among the hosts of a bank."),
  KEY_RING_FILE: z
    .string()
    .min(1)
    .describe(
      'Secret: file of the keys that wrap the keys of persons. Only actor hosts read it; put it ' +
        'on another disk than PostgreSQL.',
    ),
  COMMAND_KEY: z
    .string()
    .min(16)
    .describe('Secret: shared with core-bank-api; authenticates calls of actors and answers.'),
  PERSONS_KEY: z
    .string()
    .min(16)
    .describe('Secret: shared with queries-bank-api, which opens the data of persons with it.'),
  HOST_SIGNING_KEY: z
    .base64()
    .min(1)
    .describe("Secret: the actor hosts' private key (PKCS #8, DER), which signs their events."),
  JOURNAL_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe('Secret: PostgreSQL URL of the journal, with the role that may only call functions.'),
};
