import { z } from 'zod';

/** Names a host for ever; each of several hosts has its own. */
export const actorHostName = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/)
  .default('host-0');
