import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  IDENTITIES,
  makeSentryTokens,
  prepareMesh,
  renewSentryTokens,
  sentryConfigurationFile,
  sentryTokenFile,
  trustAnchorsFile,
} from './identities.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'mesh-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const claimsOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());

const isSignedBy = (token: string, keys: string): boolean => {
  const [jwk] = (JSON.parse(keys) as { keys: object[] }).keys;
  const [header, claims, signature] = token.split('.');
  const key = {
    key: createPublicKey({ key: jwk as never, format: 'jwk' }),
    dsaEncoding: 'ieee-p1363',
  };
  const signed = Buffer.from(`${header}.${claims}`);
  return verify('sha256', signed, key as never, Buffer.from(signature!, 'base64url'));
};

test('given tokens, each is one identity, for sentry alone, and signed by the key', () => {
  const { tokens, keys } = makeSentryTokens();
  expect([...tokens.keys()]).toEqual(IDENTITIES);
  expect(claimsOf(tokens.get('event-source')!)).toMatchObject({
    sub: 'spiffe://public/ns/default/event-source',
    aud: 'spiffe://localhost/ns/default/dapr-sentry',
  });
  expect(claimsOf(tokens.get('core-bank-api')!)).toMatchObject({
    sub: 'spiffe://public/ns/commands/core-bank-api',
  });
  expect(claimsOf(tokens.get('dapr-placement')!)).toMatchObject({
    sub: 'spiffe://localhost/ns/default/dapr-placement',
  });
  for (const token of tokens.values()) expect(isSignedBy(token, keys)).toBe(true);
  expect(isSignedBy(tokens.get('event-source')!, makeSentryTokens().keys)).toBe(false);
});

describe('the files of the mesh', () => {
  const files = (): string[] =>
    readdirSync(join(dataDir, 'mesh'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  test('given a first start, their owner alone can read any of them', () => {
    prepareMesh(dataDir);
    expect(files().length).toBe(IDENTITIES.length + 5);
    for (const file of files()) expect(statSync(file).mode & 0o077).toBe(0);
  });

  test('given the configuration of sentry, it asks for a token', () => {
    const { spec } = parse(readFileSync(sentryConfigurationFile(dataDir), 'utf8')) as {
      spec: { mtls: { tokenValidators: { name: string; options: { source: string } }[] } };
    };
    const [validator] = spec.mtls.tokenValidators;
    expect(validator?.name).toBe('jwks');
    expect(readFileSync(validator!.options.source, 'utf8')).toContain('"ES256"');
  });

  test('given a second start, the authority is the same and the tokens are others', () => {
    const [anchors, token] = [trustAnchorsFile(dataDir), sentryTokenFile(dataDir, 'event-source')];
    const before = [anchors, token].map((file) => readFileSync(file, 'utf8'));
    renewSentryTokens(dataDir);
    expect(readFileSync(token, 'utf8')).not.toBe(before[1]);
    prepareMesh(dataDir);
    expect(readFileSync(anchors, 'utf8')).toBe(before[0]);
  });

  test('given an authority of a month, a start makes another', () => {
    const anchors = trustAnchorsFile(dataDir);
    const before = readFileSync(anchors, 'utf8');
    const longAgo = Date.now() / 1_000 - 31 * 24 * 3_600;
    utimesSync(anchors, longAgo, longAgo);
    prepareMesh(dataDir);
    expect(readFileSync(anchors, 'utf8')).not.toBe(before);
  });
});
