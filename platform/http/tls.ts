import { readFileSync, statSync } from 'node:fs';
import type https from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Logger } from '../logger.ts';

/** PEM files of a server: its certificate with the chain after it, and the key. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

const LOOK_EVERY_MS = 5_000;

/** The content of the files; throws when one cannot be read or they do not belong together. */
export function readTlsFiles({ certFile, keyFile }: TlsFiles): SecureContextOptions {
  const read = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const options = { ...read, minVersion: 'TLSv1.2' } as const;
  createSecureContext(options);
  return options;
}

/**
 * Uses new files as soon as they change, and on SIGHUP: new connections get the new certificate,
 * those that are open go on. Files that are wrong are not used, which the log says.
 * @returns ends it.
 */
export function followTlsFiles(
  server: https.Server,
  files: TlsFiles,
  logger: Logger,
  everyMs = LOOK_EVERY_MS,
): () => void {
  const changed = (): string =>
    [files.certFile, files.keyFile]
      .map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0)
      .join(' ');
  let seen = changed();
  const load = (): void => {
    seen = changed();
    try {
      server.setSecureContext(readTlsFiles(files));
      logger.info('a new certificate is in use', { file: files.certFile });
    } catch (error) {
      logger.error('a new certificate cannot be used, the old one stays', { error });
    }
  };
  const look = setInterval(() => {
    if (changed() !== seen) load();
  }, everyMs);
  look.unref();
  process.on('SIGHUP', load);
  return () => {
    clearInterval(look);
    process.off('SIGHUP', load);
  };
}
