import { join } from 'node:path';
import { logFile, type Instance } from '../instance.ts';
import { answersOk, LOOPBACK } from '../ports.ts';
import { CannotRun } from '../progress.ts';
import type { Secrets } from '../secrets.ts';
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import { asOwnUser, ownFolder } from '../users.ts';

/** With `yes`, the bank starts only with settings that are fit for real users. */
const PRODUCTION_VARIABLE = 'CORE_BANK_PRODUCTION';
const LOCAL_AUDIENCE = 'urn:core-bank:api';
const ALGORITHMS = 'ES256,PS256,RS256,EdDSA';
const ANSWER_MS_MAX = 5_000;
/** What asks for tokens with the secret of the data folder (operations/issuer). */
export const LOCAL_CLIENT = 'core-bank-local';
/**
 * A grant of our own (RFC 6749, section 4.5) for who holds the secret of the data folder: it names
 * anyone who is wanted, because a reader of that folder could sign such a token anyway.
 */
export const LOCAL_GRANT = 'urn:core-bank:grant-type:local';

type Variables = Readonly<Record<string, string | undefined>>;

/** Whose access tokens the bank takes. */
export interface Issuer {
  readonly url: string;
  readonly audience: string;
  readonly rolesClaim: string;
  /** It is our own, which runs for development. */
  readonly isLocal: boolean;
}

/** Whether only settings for real users are allowed. */
const isProduction = (env: Variables = process.env): boolean => env[PRODUCTION_VARIABLE] === 'yes';

/**
 * The issuer that OIDC_ISSUER names, else the local one of that bank.
 * @throws CannotRun in production for the local one, and for one without TLS.
 */
export const issuerOf = (
  { ports }: Pick<Instance, 'ports'>,
  env: Variables = process.env,
): Issuer => {
  const url = env['OIDC_ISSUER'] ?? '';
  const rolesClaim = env['OIDC_ROLES_CLAIM'] ?? 'roles';
  const named = `${PRODUCTION_VARIABLE} is set`;
  if (url === '') {
    if (isProduction(env)) {
      throw new CannotRun(
        `${named}, so OIDC_ISSUER must name an issuer of access tokens: the local one is for ` +
          'development only.',
      );
    }
    const local = `http://${LOOPBACK}:${ports.issuer}`;
    return { url: local, audience: LOCAL_AUDIENCE, rolesClaim: 'roles', isLocal: true };
  }
  if (isProduction(env) && !url.startsWith('https://')) {
    throw new CannotRun(`${named}, so OIDC_ISSUER must be https: ${url} is not.`);
  }
  const audience = env['OIDC_AUDIENCE'] ?? '';
  if (audience === '') {
    throw new CannotRun('OIDC_ISSUER is set, so OIDC_AUDIENCE must name this bank as `aud` does.');
  }
  return { url, audience, rolesClaim, isLocal: false };
};

const folderOf = (dataDir: string): string => join(dataDir, 'issuer');
/** Tokens that are no longer taken, one `jti` a line; missing when there is none. */
const revokedTokensFile = (dataDir: string): string => join(dataDir, 'revoked-tokens');

/** What the two APIs need to check access tokens. */
export const accessTokenVariables = (instance: Instance): Readonly<Record<string, string>> => {
  const { url, audience, rolesClaim } = issuerOf(instance);
  return {
    CORE_BANK_PRODUCTION: isProduction() ? 'yes' : 'no',
    OIDC_ISSUER: url,
    OIDC_AUDIENCE: audience,
    OIDC_ROLES_CLAIM: rolesClaim,
    OIDC_ALGORITHMS: process.env['OIDC_ALGORITHMS'] ?? ALGORITHMS,
    REVOKED_TOKENS_FILE: process.env['REVOKED_TOKENS_FILE'] ?? revokedTokensFile(instance.dataDir),
  };
};

/** The local issuer (operations/issuer), which gives access tokens for development. */
export const issuerProgram = (instance: Instance, secrets: Secrets): ProgramSpec => {
  const { dataDir, root, ports } = instance;
  const folder = folderOf(dataDir);
  const own = asOwnUser(instance, 'issuer', process.execPath);
  ownFolder(folder, own.user);
  return {
    name: 'issuer',
    ...own,
    // It has little to do, and never much at once.
    args: [
      '--max-semi-space-size=1',
      '--max-old-space-size=64',
      '--optimize-for-size',
      join(root, 'dist', 'operations', 'issuer', 'main.js'),
    ],
    env: {
      NODE_ENV: 'production',
      LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'info',
      ISSUER_PORT: String(ports.issuer),
      ISSUER_FOLDER: folder,
      ISSUER_LOCAL_SECRET: secrets.issuerLocal,
      ISSUER_SERVICE_SECRET: secrets.issuerService,
      OIDC_AUDIENCE: LOCAL_AUDIENCE,
    },
    cwd: root,
    logFile: logFile(instance, 'issuer'),
    port: ports.issuer,
    layer: 1,
    ready: () => answersOk(ports.issuer, '/.well-known/openid-configuration'),
  };
};

/** Who a token of the local issuer names. */
export interface TokenWish {
  /** The person whose accounts a customer owns. */
  readonly person?: string;
  /** `client_id`; the local client when missing. */
  readonly client?: string;
  /** Who acts; named after the role when missing. */
  readonly subject?: string;
  /** Separated by spaces; all that the roles can have when missing. */
  readonly scope?: string;
  /** How long it lives, at most 900 s. */
  readonly seconds?: number;
  /** A proof of the key that it is bound to (DPoP), for a POST to `tokenUrl`. */
  readonly proof?: string;
}

/** Where the local issuer of that bank gives tokens. */
export const tokenUrl = ({ ports }: Pick<Instance, 'ports'>): string =>
  `http://${LOOPBACK}:${ports.issuer}/token`;

/** An access token, and for how many seconds it is taken. */
export interface LocalToken {
  readonly token: string;
  readonly seconds: number;
}

/**
 * Asks the local issuer of that bank for an access token.
 * @throws CannotRun when it gives none.
 */
export const localToken = async (
  instance: Pick<Instance, 'ports'>,
  { issuerLocal }: Pick<Secrets, 'issuerLocal'>,
  roles: readonly string[],
  { client, seconds, proof, ...wish }: TokenWish = {},
): Promise<LocalToken> => {
  const url = tokenUrl(instance);
  const asked = { ...wish, application: client, seconds: seconds?.toString() };
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  const body = new URLSearchParams({
    ...(Object.fromEntries(given) as Record<string, string>),
    grant_type: LOCAL_GRANT,
    roles: roles.join(' '),
  });
  const credentials = Buffer.from(`${LOCAL_CLIENT}:${issuerLocal}`).toString('base64');
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Basic ${credentials}`,
      ...(proof === undefined ? {} : { dpop: proof }),
    },
    body,
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  }).catch((cause: unknown) => {
    const remedy = 'start the bank with "npm start"';
    throw new CannotRun(`No local issuer answers at ${url}: ${remedy}.`, { cause });
  });
  const said = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) {
    throw new CannotRun(`The local issuer gives no token: ${String(said['error_description'])}.`);
  }
  return { token: String(said['access_token']), seconds: Number(said['expires_in']) };
};

/** A token is asked for again when it has less than this left. */
const LEFT_MS_MIN = 120_000;

/** Gives access tokens of the local issuer, each again and again until it is about to end. */
export const localTokens = (
  instance: Pick<Instance, 'ports'>,
  secrets: () => Pick<Secrets, 'issuerLocal'>,
) => {
  const kept = new Map<string, { readonly token: Promise<string>; readonly until: number }>();
  return (roles: readonly string[], wish: TokenWish = {}): Promise<string> => {
    const key = JSON.stringify([roles, wish]);
    const known = kept.get(key);
    if (known !== undefined && known.until > Date.now()) return known.token;
    const asked = localToken(instance, secrets(), roles, wish);
    const token = asked.then((given) => given.token);
    kept.set(key, { token, until: Infinity });
    asked.then(
      ({ seconds }) => kept.set(key, { token, until: Date.now() + seconds * 1_000 - LEFT_MS_MIN }),
      () => kept.delete(key),
    );
    return token;
  };
};
