import { z } from 'zod';
import type { PersonId } from '../../domain/ids.ts';
import { personIdText } from '../http/scalars.ts';

/** Who may be called by the bank's APIs; `service` is a system that acts by itself. */
export const ROLES = [
  'customer',
  'teller',
  'operator',
  'auditor',
  'privacy-officer',
  'service',
] as const;
export type Role = (typeof ROLES)[number];

/**
 * How somebody proved who they are: with two factors or more (RFC 8176, `mfa`), with one, or as a
 * client by its own credential without a person (RFC 6749, section 4.4).
 */
export const STRENGTHS = ['multi-factor', 'single-factor', 'client'] as const;

const SUBJECT_CHARACTERS_MAX = 128;
const CLIENT_CHARACTERS_MAX = 64;
/** Visible ASCII without a space, because it goes into names that are kept for ever. */
const visible = (charactersMax: number, what: string) =>
  z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${charactersMax}}$`), `must be ${what}`);

/** The application through which somebody acts: `client_id` of its access token (RFC 9068). */
export const clientText = visible(CLIENT_CHARACTERS_MAX, '1-64 visible ASCII characters');
const subjectText = visible(SUBJECT_CHARACTERS_MAX, '1-128 visible ASCII characters');

/**
 * Who did it, as events tell for ever: part of the hashed and signed envelope. No names and no
 * tokens, only ids that the issuer gave.
 */
export const actedBy = z.strictObject({
  /** Who acts: `sub`, of a delegated token `act.sub` (RFC 8693, section 4.1). */
  subject: subjectText,
  client: clientText,
  roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
  /** Of a delegated token its `sub`: for whom. */
  onBehalfOf: subjectText.optional(),
  strength: z.enum(STRENGTHS),
});
export type ActedBy = z.infer<typeof actedBy>;

/** Who sends a request, as the API found in the access token. */
export const principal = actedBy.extend({
  /** The person whose accounts a customer owns: the claim `person_id`. */
  personId: personIdText.optional(),
  scopes: z.array(z.string()),
  /** When the token ends, in epoch seconds. */
  expires: z.int(),
});
export type Principal = z.infer<typeof principal>;

/** What an event tells of who sent the request. */
export const actedByOf = ({
  subject,
  client,
  roles,
  onBehalfOf,
  strength,
}: Principal): ActedBy => ({
  subject,
  client,
  roles,
  ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
  strength,
});

/**
 * The only owner whose accounts the principal may see and move, or undefined for all. A customer
 * without a person owns nothing: the empty text is no owner's id.
 */
export const ownerBound = ({ roles, personId }: Principal): PersonId | '' | undefined =>
  roles.some((role) => role !== 'customer') ? undefined : (personId ?? '');
