import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { APP_IDS, namespaceOf } from '../../contracts/access/namespaces.ts';
import { writePrivate } from '../private-file.ts';
import { makeAuthority, type Authority } from './authority.ts';

/** Of sentry and placement. */
const CONTROL_PLANE_DOMAIN = 'localhost';
/** What Dapr 1.18 takes for apps that name none. */
const APPS_DOMAIN = 'public';
export const PLACEMENT_ID = 'dapr-placement';
const SENTRY_AUDIENCE = `spiffe://${CONTROL_PLANE_DOMAIN}/ns/default/dapr-sentry`;
const AUTHORITY_AGE_MS_MAX = 30 * 24 * 3_600_000;
const DIRECTORY_MODE = 0o700;

/** Who has a token: the apps, whose sidecars show it, and placement. */
export const IDENTITIES: readonly string[] = [...APP_IDS, PLACEMENT_ID];

export const meshFolder = (dataDir: string): string => join(dataDir, 'mesh');
/** Where sentry finds its key and its certificate. */
export const authorityFolder = (dataDir: string): string => join(meshFolder(dataDir), 'authority');
/** Whom everybody in the mesh believes (PEM). */
export const trustAnchorsFile = (dataDir: string): string =>
  join(authorityFolder(dataDir), 'ca.crt');
export const sentryConfigurationFile = (dataDir: string): string =>
  join(meshFolder(dataDir), 'sentry.yaml');
/** What proves to sentry who asks for a certificate: a secret of that one program. */
export const sentryTokenFile = (dataDir: string, id: string): string =>
  join(meshFolder(dataDir), 'tokens', `${id}.jwt`);
/** How sentry knows the tokens (JWKS). */
export const tokenKeysFile = (dataDir: string): string =>
  join(meshFolder(dataDir), 'keys', 'tokens.json');

/** How long a certificate holds, and how far it is backdated for clocks that are behind. */
export interface CertificateTimes {
  readonly life: string;
  readonly skew: string;
}
/** Who takes the certificate of a sidecar can use it for an hour. */
const CERTIFICATE_TIMES: CertificateTimes = { life: '1h', skew: '5m' };

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token per identity (JWT, ES256, RFC 7519), and the keys by which sentry knows them (JWKS). */
export interface SentryTokens {
  readonly tokens: ReadonlyMap<string, string>;
  readonly keys: string;
}

/**
 * Makes new tokens. Their private key is forgotten at once, so nobody can make further ones.
 * They do not expire: new ones make the old ones worthless.
 */
export function makeSentryTokens(): SentryTokens {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const kid = randomUUID();
  const token = (id: string): string => {
    const domain = id === PLACEMENT_ID ? CONTROL_PLANE_DOMAIN : APPS_DOMAIN;
    const sub = `spiffe://${domain}/ns/${namespaceOf(id)}/${id}`;
    const claims = { sub, aud: SENTRY_AUDIENCE, iat: Math.floor(Date.now() / 1_000) };
    const signed = `${encoded({ alg: 'ES256', typ: 'JWT', kid })}.${encoded(claims)}`;
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
  };
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
  return {
    tokens: new Map(IDENTITIES.map((id) => [id, token(id)])),
    keys: JSON.stringify({ keys: [jwk] }),
  };
}

/**
 * The configuration of sentry. Without a validator it would give anybody any identity. A sidecar
 * asks for its next certificate when half of the life of the last one is over.
 */
export const sentryConfiguration = (keysFile: string, times = CERTIFICATE_TIMES): string => `\
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata:
  name: sentry
spec:
  mtls:
    enabled: true
    controlPlaneTrustDomain: ${CONTROL_PLANE_DOMAIN}
    workloadCertTTL: ${times.life}
    allowedClockSkew: ${times.skew}
    tokenValidators:
      - name: jwks
        options:
          source: ${JSON.stringify(keysFile)}
`;

const writeAuthority = (dataDir: string, { anchor, issuer, issuerKey }: Authority): void => {
  const folder = authorityFolder(dataDir);
  mkdirSync(folder, { recursive: true, mode: DIRECTORY_MODE });
  writePrivate(join(folder, 'issuer.key'), issuerKey);
  writePrivate(join(folder, 'issuer.crt'), issuer);
  // Last: with it the authority is whole.
  writePrivate(trustAnchorsFile(dataDir), anchor);
};

/**
 * Makes new tokens, and replaces those that are there. Programs that run go on with what they
 * have: each reads its token again for its next certificate.
 */
export function renewSentryTokens(dataDir: string): void {
  const { tokens, keys } = makeSentryTokens();
  for (const folder of ['keys', 'tokens']) {
    mkdirSync(join(meshFolder(dataDir), folder), { recursive: true, mode: DIRECTORY_MODE });
  }
  writePrivate(tokenKeysFile(dataDir), keys);
  for (const [id, token] of tokens) writePrivate(sentryTokenFile(dataDir, id), token);
}

/**
 * Before sentry starts: makes the authority, or another one in place of one that is older than 30
 * days, and everybody's tokens. All who believe the old one must have been stopped.
 */
export function prepareMesh(dataDir: string, times?: CertificateTimes): void {
  const anchors = trustAnchorsFile(dataDir);
  const isFresh =
    existsSync(anchors) && Date.now() - statSync(anchors).mtimeMs < AUTHORITY_AGE_MS_MAX;
  if (!isFresh) {
    rmSync(authorityFolder(dataDir), { recursive: true, force: true });
    writeAuthority(dataDir, makeAuthority());
  }
  renewSentryTokens(dataDir);
  const configuration = sentryConfiguration(tokenKeysFile(dataDir), times);
  writePrivate(sentryConfigurationFile(dataDir), configuration);
}

/** What a sidecar or placement learns of the mesh from its environment. */
export const meshEnvironment = (dataDir: string, id: string): Readonly<Record<string, string>> => ({
  NAMESPACE: namespaceOf(id),
  DAPR_SENTRY_TOKEN_FILE: sentryTokenFile(dataDir, id),
  DAPR_TRUST_ANCHORS: readFileSync(trustAnchorsFile(dataDir), 'utf8'),
});

/** The flags with which a sidecar takes and makes no connection without a certificate. */
export const meshFlags = (sentryPort: number): readonly string[] => [
  '--enable-mtls',
  '--sentry-address',
  `127.0.0.1:${sentryPort}`,
  '--control-plane-trust-domain',
  CONTROL_PLANE_DOMAIN,
];
