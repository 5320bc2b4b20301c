import { z } from 'zod';
import { ACCOUNT_COMMANDS_TOPIC } from '../contracts/log/topics.ts';
import { most, publicApiConfig } from '../platform/config.ts';
import { accessTokenConfig, publicUrl } from '../platform/tokens/bearer.ts';

/** Environment variables of the command API. */
export const commandApiConfig = {
  ...publicApiConfig,
  ...accessTokenConfig,
  COMMANDS_PUBLIC_URL: publicUrl('the command API'),
  QUERIES_URL: z
    .union([z.literal('').transform(() => undefined), z.url({ protocol: /^https?$/ })])
    .optional()
    .describe(
      'Where the query API is, to which queries are passed on. If unset, it is on this machine, ' +
        'at the port after APP_PORT; with TLS, queries are passed on only if it is set.',
    ),
  COMMAND_KEY: z
    .string()
    .min(16)
    .describe('Secret: shared with the actor hosts; authenticates calls of actors and answers.'),
  COMMAND_PRODUCERS_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Path of a JSON file with the systems that may send commands as messages: their public ' +
        'keys and roles (docs/messages.md). Without it every message is refused.',
    ),
  COMMAND_TOPICS: z
    .string()
    .default(ACCOUNT_COMMANDS_TOPIC)
    .transform((text) => text.split(','))
    .describe(
      'Topics of command messages, separated by commas: one at a time is taken of each, and all ' +
        'together. `npm start` names those that components/bank-pubsub.yaml gives it.',
    ),
  BATCHES_MAX: most(192, 'Most batches under way of all clients together.'),
  BATCHES_PER_CLIENT_MAX: most(128, 'Most batches under way of one client; a person has half.'),
};
export type CommandApiConfig = z.infer<z.ZodObject<typeof commandApiConfig>>;

/**
 * Where queries are passed on to; undefined when that is not known: with TLS the query API answers
 * its clients under a name of its certificate.
 */
export const queriesUrlOf = (config: CommandApiConfig): string | undefined =>
  config.QUERIES_URL ??
  (config.TLS_CERT_FILE === undefined ? `http://127.0.0.1:${config.APP_PORT + 1}` : undefined);
