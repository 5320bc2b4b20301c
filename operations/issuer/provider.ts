import { randomBytes } from 'node:crypto';
import Provider, {
  errors,
  interactionPolicy,
  type AccessToken,
  type ClientCredentials,
  type ClientMetadata,
  type Configuration,
  type KoaContextWithOIDC,
  type ResourceServer,
  type TokenEndpointGrantContext,
} from 'oidc-provider';
import { TOKEN_SECONDS_MAX } from '../../contracts/access/access-token.ts';
import type { Role } from '../../contracts/access/principal.ts';
import { dpopProofs, PROOF_ALGORITHMS, ProofFault } from '../../platform/tokens/dpop.ts';
import { SCOPES, scopesOf } from '../../contracts/access/rules.ts';
import { LOCAL_CLIENT, LOCAL_GRANT } from '../../runtime/programs/issuer.ts';
import { localGrant, type LocalGrant } from './local-grant.ts';
import { loginPages } from './login-page.ts';
import { accountOf, type People } from './people.ts';
import type { SigningKey } from './signing-keys.ts';

/** What the local issuer needs. */
export interface IssuerOptions {
  /** Its name, and the address at which it is found. */
  readonly url: string;
  /** The name of the bank in its tokens, and the resource that is asked for (RFC 8707). */
  readonly audience: string;
  /** Newest first: that one signs. */
  readonly keys: readonly SigningKey[];
  readonly people: People;
  /** Of the clients core-bank-local and core-bank-service. */
  readonly secrets: { readonly local: string; readonly service: string };
}

const ALL_SCOPES = Object.keys(SCOPES).join(' ');
const SESSION_SECONDS = 8 * 60 * 60;

/** Who a token of the local grant names; it is made and signed within one call. */
const wishes = new WeakMap<object, LocalGrant>();

const rolesOfAccount = (id: string): Role[] => {
  const account = accountOf(id);
  return account === undefined ? [] : [account.role];
};

/** Roles, person and strength, by the kind of token. */
function claimsOf(token: AccessToken | ClientCredentials): Record<string, unknown> {
  const wish = wishes.get(token);
  if (wish !== undefined) {
    const { roles, person } = wish;
    // The tokens of services name no factor; those that stand for a person name a password.
    const amr = roles.every((role) => role === 'service') ? {} : { amr: ['pwd'] };
    return { roles, ...(person === undefined ? {} : { person_id: person }), ...amr };
  }
  if (token.kind === 'ClientCredentials') return { roles: ['service'] };
  const account = accountOf((token as AccessToken).accountId);
  const person = account?.person;
  return {
    roles: account === undefined ? [] : [account.role],
    amr: ['pwd'],
    ...(person === undefined ? {} : { person_id: person }),
  };
}

/** The local grant names anyone who is wanted; the issuer's other clients and people cannot. */
function rename(token: object, payload: Record<string, unknown>): void {
  const wish = wishes.get(token);
  if (wish === undefined) return;
  const named = [...wish.roles, ...(wish.person === undefined ? [] : [wish.person])].join('/');
  payload['sub'] = wish.subject ?? named;
  if (wish.application !== undefined) payload['client_id'] = wish.application;
}

/** Every right that the account can have is granted to the client through which it signs in. */
async function grantOf(ctx: KoaContextWithOIDC, audience: string) {
  const { client, session, provider } = ctx.oidc;
  const accountId = session?.accountId;
  if (client === undefined || accountId === undefined) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId });
  grant.addOIDCScope('openid');
  grant.addResourceScope(audience, scopesOf(rolesOfAccount(accountId)).join(' '));
  await grant.save();
  return grant;
}

/** The bank as what tokens are for. */
const resourceOf = (audience: string): ResourceServer => ({
  scope: ALL_SCOPES,
  audience,
  accessTokenFormat: 'jwt',
  accessTokenTTL: TOKEN_SECONDS_MAX,
  jwt: { sign: { alg: 'ES256' } },
});

/** The clients of the local issuer; docs/access.md lists them. */
function clientsOf({ local, service }: IssuerOptions['secrets']): ClientMetadata[] {
  const confidential = {
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  } as const;
  return [
    {
      ...confidential,
      client_id: LOCAL_CLIENT,
      client_secret: local,
      grant_types: [LOCAL_GRANT],
    },
    {
      ...confidential,
      client_id: 'core-bank-service',
      client_secret: service,
      grant_types: ['client_credentials'],
    },
    {
      client_id: 'core-bank-web',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/callback'],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ];
}

function configurationOf(options: IssuerOptions): Configuration {
  const { audience, keys, secrets } = options;
  const policy = interactionPolicy.base();
  // Nobody is asked to agree that the bank's own clients use the bank.
  policy.remove('consent');
  return {
    clients: clientsOf(secrets),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: [...keys] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    scopes: ['openid'],
    pkce: { required: () => true },
    enabledJWA: { dPoPSigningAlgValues: [...PROOF_ALGORITHMS] },
    responseTypes: ['code'],
    ttl: {
      AccessToken: TOKEN_SECONDS_MAX,
      AuthorizationCode: 60,
      ClientCredentials: TOKEN_SECONDS_MAX,
      Grant: SESSION_SECONDS,
      IdToken: TOKEN_SECONDS_MAX,
      Interaction: 600,
      Session: SESSION_SECONDS,
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, indicator) => {
          if (indicator !== audience) throw new errors.InvalidTarget();
          return resourceOf(audience);
        },
      },
    },
    interactions: { policy, url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, id) =>
      accountOf(id) === undefined
        ? undefined
        : { accountId: id, claims: () => Promise.resolve({ sub: id }) },
    loadExistingGrant: (ctx) => grantOf(ctx, audience),
    extraTokenClaims: (_ctx, token) => claimsOf(token),
    formats: {
      customizers: { jwt: (_ctx, token, parts) => rename(token, parts.payload as never) },
    },
    renderError: (ctx, { error, error_description: why }) => {
      ctx.type = 'text/plain';
      ctx.body = `${error}: ${why ?? 'see the log of the issuer'}\n`;
    },
  };
}

/** Answers the local grant: a token for the one whom its parameters name. */
async function answerLocalGrant(
  ctx: TokenEndpointGrantContext,
  { audience, url }: Pick<IssuerOptions, 'audience' | 'url'>,
): Promise<void> {
  const { provider, client } = ctx.oidc;
  const asked = localGrant.safeParse(ctx.oidc.params);
  if (!asked.success) {
    const [issue] = asked.error.issues;
    throw new errors.InvalidRequest(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const wish = asked.data;
  const possible = scopesOf(wish.roles);
  const wanted = wish.scope?.split(' ');
  const scope = possible.filter((one) => wanted?.includes(one) ?? true).join(' ');
  const resourceServer = new provider.ResourceServer(audience, resourceOf(audience));
  const life = wish.seconds === undefined ? {} : { expiresIn: wish.seconds };
  const token = new provider.ClientCredentials({ client, scope, resourceServer, ...life });
  wishes.set(token, wish);
  const proof = ctx.get('DPoP');
  if (proof !== '') token.setThumbprint('jkt', await keyOf(proof, `${url}/token`));
  const { tokenType: token_type, expiration: expires_in } = token;
  ctx.body = { access_token: await token.save(), token_type, expires_in, scope };
}

// Who asks has the secret of the client besides, so an old proof gives nothing.
const prove = dpopProofs(Date.now, 0);
/** The thumbprint of the key that the proof is of; the grants of the library have their own. */
const keyOf = async (proof: string, url: string): Promise<string> => {
  try {
    return (await prove(proof, { method: 'POST', url })).jkt;
  } catch (error) {
    throw error instanceof ProofFault ? new errors.InvalidDpopProof(error.message) : error;
  }
};

/** The local issuer: an OpenID provider for development. */
export function issuer(options: IssuerOptions): Provider {
  const provider = new Provider(options.url, configurationOf(options));
  provider.registerGrantType(
    LOCAL_GRANT,
    (ctx) => answerLocalGrant(ctx, options),
    Object.keys(localGrant.shape),
  );
  provider.use(loginPages(provider, options.people));
  return provider;
}
