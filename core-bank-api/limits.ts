import type { RequestHandler } from 'express';
import { z } from 'zod';
import { admission } from '../platform/limits/admission.ts';
import { commandApiConfig, type CommandApiConfig } from './config.ts';

const DEFAULTS = z
  .object(commandApiConfig)
  .pick({
    REQUESTS_MAX: true,
    REQUESTS_PER_CLIENT_MAX: true,
    BATCHES_MAX: true,
    BATCHES_PER_CLIENT_MAX: true,
  })
  .parse({});

/** How much may be under way. */
export type CommandApiLimits = Pick<CommandApiConfig, keyof typeof DEFAULTS>;

/**
 * What lets requests and batches in, and queries that are passed on. The query API has bounds of
 * its own for those; these hold while it takes queries and does not answer.
 */
export function commandLimits(
  limits: CommandApiLimits = DEFAULTS,
): Readonly<Record<'requests' | 'batches' | 'queries', RequestHandler>> {
  return {
    requests: admission({
      what: 'requests',
      total: limits.REQUESTS_MAX,
      perClient: limits.REQUESTS_PER_CLIENT_MAX,
      retryAfterSeconds: 1,
    }),
    queries: admission({
      what: 'queries',
      total: limits.REQUESTS_MAX,
      perClient: limits.REQUESTS_PER_CLIENT_MAX,
      retryAfterSeconds: 1,
    }),
    batches: admission({
      what: 'batches',
      total: limits.BATCHES_MAX,
      perClient: limits.BATCHES_PER_CLIENT_MAX,
      retryAfterSeconds: 1,
    }),
  };
}
