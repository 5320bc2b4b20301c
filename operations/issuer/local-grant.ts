import { z } from 'zod';
import { ROLES } from '../../contracts/access/principal.ts';
import { TOKEN_SECONDS_MAX } from '../../contracts/access/access-token.ts';

/**
 * A grant of our own (RFC 6749, section 4.5) for who holds the secret of the data folder: it names
 * anyone who is wanted, because a reader of that folder could sign such a token anyway.
 */
export const LOCAL_GRANT = 'urn:core-bank:grant-type:local';

/** Parameters of that grant. */
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
