import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { bits, ED25519, element, integer, oid, pem, sequence, text, TRUE } from './der.ts';

const DAY_MS = 24 * 3_600_000;
/** A start makes a new authority long before; a bank that runs longer without one has to end. */
const VALID_MS = 730 * DAY_MS;
/** For clocks that are behind. */
const BACKDATED_MS = 5 * 60_000;
const SERIAL_BYTES = 16;

const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const KEY_USAGE = oid('551d0f');
const SUBJECT_KEY_ID = oid('551d0e');
const KEY_CERT_SIGN = bits(Buffer.from([0x04]), 2);

/** YYMMDDhhmmssZ, which RFC 5280 (4.1.2.5) wants until 2049. */
const utcTime = (ms: number): Buffer =>
  text(0x17, `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`);

const extension = (id: Buffer, isCritical: boolean, value: Buffer): Buffer =>
  sequence(id, ...(isCritical ? [TRUE] : []), element(0x04, value));

/** The authority of the mesh, all PEM. */
export interface Authority {
  /** Whom everybody in the mesh believes. Its key is forgotten: nobody can make a second issuer. */
  readonly anchor: string;
  /** Whom that one believes: it signs the certificates of the programs, with this key. */
  readonly issuer: string;
  readonly issuerKey: string;
}

/** Who has a key, by what name. */
interface Holder {
  readonly name: Buffer;
  readonly publicKey: Buffer;
  readonly key: KeyObject;
}

const holder = (name: string): Holder => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    name: sequence(element(0x31, sequence(COMMON_NAME, text(0x0c, name)))),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    key: privateKey,
  };
};

/** A certificate that lets its holder sign others (RFC 5280, RFC 8410), with so many between. */
const certificate = (of: Holder, by: Holder, between: number, nowMs: number): string => {
  const serial = randomBytes(SERIAL_BYTES);
  // The first bits make it positive and of one length.
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  const constraints = sequence(TRUE, integer(Buffer.from([between])));
  const keyId = createHash('sha1').update(of.publicKey).digest();
  const extensions = sequence(
    extension(BASIC_CONSTRAINTS, true, constraints),
    extension(KEY_USAGE, true, KEY_CERT_SIGN),
    extension(SUBJECT_KEY_ID, false, element(0x04, keyId)),
  );
  const unsigned = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ED25519,
    by.name,
    sequence(utcTime(nowMs - BACKDATED_MS), utcTime(nowMs + VALID_MS)),
    of.name,
    of.publicKey,
    element(0xa3, extensions),
  );
  return pem('CERTIFICATE', sequence(unsigned, ED25519, bits(sign(null, unsigned, by.key))));
};

/**
 * Makes the authority of the mesh. Sentry would make one itself, but only once it runs, and a
 * container must know before whom to trust.
 */
export function makeAuthority(nowMs = Date.now()): Authority {
  const [anchor, issuer] = [holder('core-bank anchor'), holder('core-bank issuer')];
  return {
    anchor: certificate(anchor, anchor, 1, nowMs),
    issuer: certificate(issuer, anchor, 0, nowMs),
    issuerKey: String(issuer.key.export({ type: 'pkcs8', format: 'pem' })),
  };
}
