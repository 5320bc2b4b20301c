import { hash } from 'node:crypto';

/**
 * The digest of an event: SHA-256 of its canonical JSON in UTF-8, in base64url (43 characters). The
 * next event of the stream names it (`prev`), so one digest stands for the whole stream up to
 * there.
 */
export const eventDigest = (json: string | Uint8Array): string => hash('sha256', json, 'base64url');
