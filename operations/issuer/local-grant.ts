import { z } from 'zod';
import { ROLES } from '../../contracts/access/principal.ts';
import { TOKEN_SECONDS_MAX } from '../../contracts/access/access-token.ts';

/** Parameters of the local grant (runtime/programs/issuer.ts). */
export const localGrant = z.object({
  roles: z
    .string()
    .transform((text) => text.split(' '))
    .pipe(z.array(z.enum(ROLES)).min(1)),
  subject: z.string().optional(),
  application: z.string().optional(),
  person: z.string().optional(),
  scope: z.string().optional(),
  seconds: z.coerce.number().int().min(1).max(TOKEN_SECONDS_MAX).optional(),
});
export type LocalGrant = z.infer<typeof localGrant>;
