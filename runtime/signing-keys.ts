import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivate } from './private-file.ts';

/**
 * Who signs with a key of its own: the actor hosts their events, the auditor its checkpoints,
 * event-source what it publishes of the log, and immudb the states of the log.
 */
export const KEY_OWNERS = ['host', 'audit', 'feed', 'log'] as const;
export type KeyOwner = (typeof KEY_OWNERS)[number];

const stem = (owner: KeyOwner): string => (owner === 'log' ? 'immudb' : owner);
/** The private key, for its owner alone. */
export const signingKeyFile = (dataDir: string, owner: KeyOwner): string =>
  join(dataDir, `${stem(owner)}-signing-key.pem`);
/** The public halves that the owner has had, the present one first (PEM). */
export const publicKeyFile = (dataDir: string, owner: KeyOwner): string =>
  join(dataDir, `${stem(owner)}-public-key.pem`);
const nextKeyFile = (dataDir: string, owner: KeyOwner): string =>
  `${signingKeyFile(dataDir, owner)}.next`;

/** A key pair for signatures: ECDSA on P-256, like all signatures of the bank. */
export const newSigningPair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

/** Immudb reads no PKCS #8. */
const privatePem = (owner: KeyOwner, key: KeyObject): string =>
  String(key.export({ type: owner === 'log' ? 'sec1' : 'pkcs8', format: 'pem' }));
const publicPem = (key: KeyObject): string => String(key.export({ type: 'spki', format: 'pem' }));
const publicHalf = (file: string): string => publicPem(createPublicKey(readFileSync(file)));
const inOneLine = (pem: string): string => pem.replaceAll(/-----[A-Z ]+-----|\s/g, '');

/** Makes the pair of an owner, once. The private half comes last: with it the pair is whole. */
export const provideSigningKey = (dataDir: string, owner: KeyOwner): void => {
  if (existsSync(signingKeyFile(dataDir, owner))) return;
  const pair = newSigningPair();
  writePrivate(publicKeyFile(dataDir, owner), publicPem(pair.publicKey));
  writePrivate(signingKeyFile(dataDir, owner), privatePem(owner, pair.privateKey));
};

/** The private key of an owner, made at the first start. One line, DER. */
export const signingKey = (dataDir: string, owner: KeyOwner): string => {
  provideSigningKey(dataDir, owner);
  return inOneLine(readFileSync(signingKeyFile(dataDir, owner), 'utf8'));
};

const KEY = /(?:Until ([0-9]+)\s+)?(-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----)/g;

/** The public keys in a PEM text as one line: SPKI DER, separated by commas, `@` and their end. */
export const publicKeyList = (pem: string): string =>
  [...pem.matchAll(KEY)]
    .map(([, end, key = '']) => `${inOneLine(key)}${end === undefined ? '' : `@${end}`}`)
    .join(',');

/** The public keys of an owner in one line, that of the key that signs first. */
export const publicKeys = (dataDir: string, owner: KeyOwner): string => {
  provideSigningKey(dataDir, owner);
  const own = inOneLine(publicHalf(signingKeyFile(dataDir, owner)));
  const all = publicKeyList(readFileSync(publicKeyFile(dataDir, owner), 'utf8')).split(',');
  return [own, ...all.filter((key) => !key.startsWith(own))].join(',');
};

/** The same without the one that signs. */
export const earlierKeys = (dataDir: string, owner: KeyOwner): string =>
  publicKeys(dataDir, owner).split(',').slice(1).join(',');

/**
 * Begins to replace a key: those who check signatures know the next one from now on, and nobody
 * signs with it yet. What was begun and broken off goes on.
 */
export const announceKey = (dataDir: string, owner: KeyOwner): void => {
  const next = nextKeyFile(dataDir, owner);
  if (!existsSync(next)) writePrivate(next, privatePem(owner, newSigningPair().privateKey));
  const [half, file] = [publicHalf(next), publicKeyFile(dataDir, owner)];
  const known = readFileSync(file, 'utf8');
  if (!known.includes(half)) writePrivate(file, `${half}${known}`);
};

/** The announced key signs from the next start of its owner on. */
export const useAnnouncedKey = (dataDir: string, owner: KeyOwner): void => {
  const file = signingKeyFile(dataDir, owner);
  writePrivate(file, readFileSync(nextKeyFile(dataDir, owner), 'utf8'));
  rmSync(nextKeyFile(dataDir, owner));
};

/**
 * Ends the keys before the present one: they count for what lies no later than that place (of the
 * log), or for nothing without one.
 */
export const endEarlierKeys = (dataDir: string, owner: KeyOwner, place?: number): void => {
  const file = publicKeyFile(dataDir, owner);
  const own = publicHalf(signingKeyFile(dataDir, owner));
  const earlier = [...readFileSync(file, 'utf8').matchAll(KEY)]
    .filter(([, , key]) => key !== own.trim())
    .map(([text, end]) => (end === undefined ? `Until ${place}\n${text}\n` : `${text}\n`));
  writePrivate(file, [own, ...(place === undefined ? [] : earlier)].join(''));
};

/** For a log whose places are not those of before: what has ended counts again, wherever it is. */
export const forgetEnds = (dataDir: string, owner: KeyOwner): void => {
  const file = publicKeyFile(dataDir, owner);
  writePrivate(file, readFileSync(file, 'utf8').replaceAll(/^Until [0-9]+\n/gm, ''));
};
