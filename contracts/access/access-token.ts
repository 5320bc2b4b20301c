import { z } from 'zod';
import { personIdText } from '../http/scalars.ts';
import { clientText, ROLES, subjectText, type Principal, type Role } from './principal.ts';

/** The longest life of an access token that the bank takes, in seconds. */
export const TOKEN_SECONDS_MAX = 900;

const TOKEN_ID = /^[\x21-\x7e]{1,256}$/;
const words = z.union([z.string().transform((text) => text.split(' ')), z.array(z.string())]);

/**
 * The claims of an access token that the bank looks at (RFC 9068), signature, issuer, audience and
 * times apart. `azp` and `scp` are what some providers call `client_id` and `scope`.
 */
const claims = z.looseObject({
  sub: subjectText,
  jti: z.string().regex(TOKEN_ID, 'must be 1-256 visible ASCII characters'),
  exp: z.int(),
  client_id: clientText.optional(),
  azp: clientText.optional(),
  scope: words.optional(),
  scp: words.optional(),
  person_id: personIdText.optional(),
  act: z.looseObject({ sub: subjectText }).optional(),
  amr: z.array(z.string()).optional(),
  acr: z.string().optional(),
});
type Claims = z.infer<typeof claims>;

/** Why a token whose signature is right names nobody whom the bank could let in. */
export interface ClaimFault {
  readonly fault: 'no-client' | 'no-role' | 'wrong-claim';
  /** A sentence for the sender. */
  readonly detail: string;
}

/** What `acr` says where it means more than one factor: OpenID Connect EAP, PAPE. */
const MULTI_FACTOR_CLASSES = [
  'phr',
  'phrh',
  'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
];

function strengthOf({ sub, act, amr = [], acr }: Claims, client: string): Principal['strength'] {
  if (amr.includes('mfa') || MULTI_FACTOR_CLASSES.includes(acr ?? '')) return 'multi-factor';
  // RFC 9068, section 2.2: without a person, the subject is the client itself.
  return act === undefined && sub === client ? 'client' : 'single-factor';
}

/** The claim of that name, or else at that path of members, as realm_access.roles. */
function claimAt(payload: object, name: string): unknown {
  if (Object.hasOwn(payload, name)) return (payload as Record<string, unknown>)[name];
  return name
    .split('.')
    .reduce<unknown>(
      (value, member) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, member)
          ? (value as Record<string, unknown>)[member]
          : undefined,
      payload,
    );
}

/** The roles of ours that the claim names; an issuer may have others for other services. */
function rolesOf(payload: object, rolesClaim: string): Role[] {
  const named = words.safeParse(claimAt(payload, rolesClaim));
  return named.success ? ROLES.filter((role) => named.data.includes(role)) : [];
}

/** The right sentence about the first claim that has not its shape. */
function wrongClaim({ issues: [issue] }: z.ZodError): ClaimFault {
  const claim = issue?.path.join('.') ?? '';
  const detail = `The claim ${claim} of the access token is missing or wrong: ${issue?.message}.`;
  return { fault: 'wrong-claim', detail };
}

/** Who sends a token with these claims. */
export function principalOfClaims(payload: object, rolesClaim: string): Principal | ClaimFault {
  const parsed = claims.safeParse(payload);
  if (!parsed.success) return wrongClaim(parsed.error);
  const { sub, act, exp, person_id: personId, ...rest } = parsed.data;
  const client = rest.client_id ?? rest.azp;
  if (client === undefined) {
    const detail = 'The access token names no client: it has neither client_id nor azp.';
    return { fault: 'no-client', detail };
  }
  const roles = rolesOf(payload, rolesClaim);
  if (roles.length === 0) {
    const detail = `The access token names no role of this bank in its claim ${rolesClaim}.`;
    return { fault: 'no-role', detail };
  }
  return {
    subject: act?.sub ?? sub,
    client,
    roles,
    ...(act === undefined ? {} : { onBehalfOf: sub }),
    ...(personId === undefined ? {} : { personId }),
    strength: strengthOf(parsed.data, client),
    scopes: (rest.scope ?? rest.scp ?? []).filter((scope) => scope !== ''),
    expires: exp,
  };
}
