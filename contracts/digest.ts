import { hash } from 'node:crypto';

/**
 * The digest of an event: base64url SHA-256 of its canonical JSON (`canonicalJson`), in UTF-8. The
 * event after it in the stream names it (`prev`), so one digest stands for the whole past.
 */
export const eventDigest = (json: string | Uint8Array): string => hash('sha256', json, 'base64url');
