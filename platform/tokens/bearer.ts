import { hash } from 'node:crypto';
import type { Request } from 'express';
import { errors, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';
import { principalOfClaims, TOKEN_SECONDS_MAX } from '../../contracts/access/access-token.ts';
import type { LoginFault } from '../../contracts/access/access-records.ts';
import type { Principal } from '../../contracts/access/principal.ts';
import { boundedMap } from '../bounded-map.ts';
import { most } from '../config.ts';
import type { Logger } from '../logger.ts';
import { refused, type Scheme } from './challenges.ts';
import { Failure, Unauthenticated } from '../http/failure.ts';
import type { Identify } from '../http/gate.ts';
import { isTrustworthy, issuerKeys, KeysAway, type Ask } from './issuer-keys.ts';
import { invalid } from '../http/requests.ts';
import { revokedTokens } from './revoked-tokens.ts';
import { bindingOf, senderConstraint, type Binding } from './sender-constraint.ts';
import type { SenderConstraintOptions } from './sender-constraint.ts';

/** Signatures with a public key only: with a shared secret who checks a token could make one. */
const ALGORITHMS = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA'] as const;

const algorithms = z
  .string()
  .default('ES256,PS256,RS256,EdDSA')
  .transform((text) => text.split(/[\s,]+/))
  .pipe(z.array(z.enum(ALGORITHMS)).min(1));

/** In production the local issuer is refused, and any that somebody could impersonate. */
const isFit = (issuer: string): boolean =>
  process.env['CORE_BANK_PRODUCTION'] !== 'yes' || issuer.startsWith('https:');

/** What is kept of proofs, when nothing else is said. */
const SENDER = { isRequired: false, proofsMibMax: 64, proofsMibPerClientMax: 8 };

/** Environment variables of an app that verifies access tokens. */
export const accessTokenConfig = {
  CORE_BANK_PRODUCTION: z
    .enum(['yes', 'no'])
    .default('no')
    .describe('With `yes` the issuer must be https.'),
  OIDC_ISSUER: z
    .url()
    .refine(isTrustworthy, 'must be https, or http on this machine')
    .refine(isFit, 'must be https in production, and not the local issuer')
    .describe('Whose access tokens are taken: the issuer, exactly as it names itself.'),
  OIDC_AUDIENCE: z
    .string()
    .min(1)
    .describe('The name of this bank in `aud`; tokens for others are not taken.'),
  OIDC_ROLES_CLAIM: z
    .string()
    .min(1)
    .default('roles')
    .describe('The claim that names roles, or a path such as `realm_access.roles`.'),
  OIDC_ALGORITHMS: algorithms.describe(
    `Signatures that are taken, separated by commas: ${ALGORITHMS.join(', ')}.`,
  ),
  REVOKED_TOKENS_FILE: z
    .string()
    .optional()
    .describe('A file with the `jti` of tokens that are no longer taken, one a line.'),
  OIDC_SENDER_CONSTRAINT: z
    .enum(['optional', 'required'])
    .default('optional')
    .describe('With `required` tokens must be bound to a key (DPoP) or a certificate of TLS.'),
  PROOFS_MIB_MAX: most(SENDER.proofsMibMax, 'Most MiB for DPoP proofs that were used.'),
  PROOFS_MIB_PER_CLIENT_MAX: most(
    SENDER.proofsMibPerClientMax,
    'Most MiB for those of one client (8 MiB: 790 requests a second); a person has half.',
  ),
};

/** Where clients find an API; RFC 9449 calls it the HTTP target URI, without query. */
export const publicUrl = (api: string) =>
  z
    .union([z.literal('').transform(() => undefined), z.url()])
    .optional()
    .describe(
      `The address of ${api} for its clients, where a proxy stands between: DPoP proofs name it.`,
    );

type AccessTokenConfig = z.infer<z.ZodObject<typeof accessTokenConfig>>;

/** Clocks of issuer and bank may differ by so much, in seconds. */
const CLOCK_SECONDS = 5;
/** Principals that are kept until their tokens end. */
const TOKENS_MAX = 10_000;
const TOKEN_CHARACTERS_MAX = 8_192;
const RETRY_AFTER = { 'Retry-After': '2' };
const SHOWN = /^(Bearer|DPoP) +([\w.~+/-]+=*)$/i;

/** A request without a token; RFC 6750, section 3.1, gives that no error code. */
const nobody = (offer: string): Failure => new Unauthenticated('no-token', offer);

interface ShownToken {
  readonly token: string;
  readonly scheme: Scheme;
}

/** The one token of a request, which is never looked for but in its header (RFC 9700, 4.3.2). */
function tokenOf({ headersDistinct }: Request, offer: string): ShownToken {
  const { authorization = [] } = headersDistinct;
  const [header] = authorization;
  if (header === undefined) throw nobody(offer);
  if (authorization.length > 1) throw invalid('header/Authorization', 'must be sent once');
  const [, named = '', token] = SHOWN.exec(header) ?? [];
  if (token === undefined) throw nobody(offer);
  const scheme = named.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer';
  if (token.length > TOKEN_CHARACTERS_MAX) {
    throw refused('The access token is too long.', { scheme, reason: 'not-a-token' });
  }
  return { token, scheme };
}

/** Why jose does not take a token, and a sentence about it for its sender. */
function faultOf(
  error: errors.JOSEError,
  { issuer, audience }: BearerOptions,
): readonly [LoginFault, string] {
  if (error instanceof errors.JWTExpired) return ['expired', 'The access token has expired.'];
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return ['algorithm', 'The access token is signed by an algorithm that is not taken.'];
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return ['signature', 'The signature of the access token is wrong.'];
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return ['unknown-key', `The access token is not signed by a key of ${issuer}.`];
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (claim === 'nbf' && reason === 'check_failed') {
      return ['not-valid-yet', 'The access token is not valid yet.'];
    }
    if (claim === 'iat' && reason === 'check_failed') {
      return ['not-valid-yet', 'The access token was issued in the future.'];
    }
    if (claim === 'iss') return ['issuer', `The access token is not of the issuer ${issuer}.`];
    if (claim === 'aud') {
      return ['audience', `The access token is not for the audience ${audience}.`];
    }
    if (claim === 'typ') {
      return ['not-a-token', 'The token is no access token: its typ is another one.'];
    }
    return ['claim', `The claim ${claim} of the access token is missing or wrong.`];
  }
  return ['not-a-token', 'The access token is not a signed JWT that can be read.'];
}

/** What access tokens are checked against. */
export interface BearerOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly rolesClaim: string;
  readonly algorithms: readonly string[];
  readonly logger: Logger;
  readonly isRevoked?: (jti: string) => boolean;
  /** Whether tokens must be bound, and how it is checked; bound ones may come when missing. */
  readonly sender?: Partial<Omit<SenderConstraintOptions, 'now'>>;
  readonly ask?: Ask;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

interface Verified {
  readonly principal: Principal;
  readonly binding: Binding | undefined;
  readonly jti: string;
}

/** RFC 9068 wants at+jwt; many providers still say JWT. */
const isAccessToken = (typ = 'JWT'): boolean =>
  ['at+jwt', 'application/at+jwt', 'jwt'].includes(typ.toLowerCase());

/**
 * Tells who sends a request by the access token in its header: a JWT (RFC 9068) of one issuer, for
 * this audience, that lives at most 15 minutes. A token is verified once and kept until it ends.
 * Rejects with a Failure: 401 for a token that is not taken, 503 while the issuer's keys are not
 * there.
 * @example
 * const identify = bearer({ issuer, audience, rolesClaim, algorithms, logger });
 */
export function bearer(options: BearerOptions): Identify {
  const { issuer, audience, rolesClaim, logger, now = Date.now } = options;
  const { isRevoked = () => false, ask = fetch } = options;
  const verified = boundedMap<string, Verified>(TOKENS_MAX);
  const keys = issuerKeys({
    issuer,
    ask,
    now,
    onFault: (error) => logger.warn('the issuer of access tokens gives no keys', { error }),
    // A key that is gone takes with it what it had signed.
    onChange: verified.clear,
  });
  keys.keepFresh();
  const constraint = senderConstraint({ ...SENDER, ...options.sender, now });

  const claimsOf = async ({ token, scheme }: ShownToken): Promise<JWTPayload> => {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys.find, {
        issuer,
        audience,
        algorithms: [...options.algorithms],
        requiredClaims: ['exp', 'iat', 'sub', 'jti'],
        clockTolerance: CLOCK_SECONDS,
        currentDate: new Date(now()),
      });
      if (isAccessToken(protectedHeader.typ)) return payload;
      throw new errors.JWTClaimValidationFailed('typ', payload, 'typ', 'check_failed');
    } catch (error) {
      if (error instanceof KeysAway) {
        const detail = 'Access tokens cannot be checked now. Send the same request again.';
        throw new Failure('service-unavailable', { detail }, RETRY_AFTER, { cause: error });
      }
      if (error instanceof errors.JOSEError) {
        const [reason, detail] = faultOf(error, options);
        throw refused(detail, { scheme, reason, cause: error });
      }
      throw error;
    }
  };

  const verify = async (shown: ShownToken): Promise<Verified> => {
    const { scheme } = shown;
    const payload = await claimsOf(shown);
    const { iat = 0, exp = 0, jti = '', cnf } = payload;
    if (iat > now() / 1_000 + CLOCK_SECONDS) {
      const detail = 'The access token was issued in the future.';
      throw refused(detail, { scheme, reason: 'not-valid-yet' });
    }
    if (exp - iat > TOKEN_SECONDS_MAX) {
      const detail = `The access token lives longer than ${TOKEN_SECONDS_MAX} seconds.`;
      throw refused(detail, { scheme, reason: 'lives-too-long' });
    }
    const binding = cnf === undefined ? undefined : bindingOf(cnf);
    if (typeof binding === 'string') throw refused(binding, { scheme, reason: 'binding' });
    const found = principalOfClaims(payload, rolesClaim);
    if (!('fault' in found)) return { principal: found, binding, jti };
    if (found.fault === 'no-role') throw new Failure('forbidden', { detail: found.detail });
    throw refused(found.detail, { scheme, reason: 'claim' });
  };

  const kept = (digest: string): Verified | undefined => {
    const found = verified.get(digest);
    return found !== undefined && found.principal.expires * 1_000 > now() ? found : undefined;
  };

  return (request) => {
    const shown = tokenOf(request, constraint.offer);
    const { token, scheme } = shown;
    // The map holds no token that a memory dump could give away.
    const digest = hash('sha256', token, 'base64url');
    const taken = ({ principal, binding, jti }: Verified): Promise<Principal> | Principal => {
      if (isRevoked(jti)) {
        throw refused('The access token was taken back.', { scheme, reason: 'taken-back' });
      }
      const proving = constraint.check({ request, scheme, digest }, principal, binding);
      return proving === undefined ? principal : proving.then(() => principal);
    };
    keys.keepFresh();
    const known = kept(digest);
    if (known !== undefined) return taken(known);
    return verify(shown).then((found) => {
      verified.set(digest, found);
      return taken(found);
    });
  };
}

/**
 * Tells who sends a request, as the environment of an API says.
 * @param addresses of this API for its clients, if it is not that of the request.
 */
export const bearerBy = (
  config: AccessTokenConfig,
  logger: Logger,
  addresses: Pick<SenderConstraintOptions, 'publicUrl' | 'frontDoor'>,
): Identify =>
  bearer({
    issuer: config.OIDC_ISSUER,
    audience: config.OIDC_AUDIENCE,
    rolesClaim: config.OIDC_ROLES_CLAIM,
    algorithms: config.OIDC_ALGORITHMS,
    isRevoked: revokedTokens(config.REVOKED_TOKENS_FILE),
    sender: {
      isRequired: config.OIDC_SENDER_CONSTRAINT === 'required',
      proofsMibMax: config.PROOFS_MIB_MAX,
      proofsMibPerClientMax: config.PROOFS_MIB_PER_CLIENT_MAX,
      ...addresses,
    },
    logger,
  });
