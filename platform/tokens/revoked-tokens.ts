import { readFileSync, statSync } from 'node:fs';

/** How late a line in the file is noticed, in milliseconds. */
const LOOK_MS = 2_000;

/**
 * Tokens that were taken back before their end: `jti` by `jti`, a line each, in a file that an
 * operator of the bank writes. A missing file names none. Gives whether a token is one of them.
 */
export function revokedTokens(
  file: string | undefined,
  now: () => number = Date.now,
): (jti: string) => boolean {
  let named: ReadonlySet<string> = new Set();
  let lookedAt = -Infinity;
  let stamp = '';

  const look = (path: string): void => {
    const found = statSync(path, { throwIfNoEntry: false });
    const nowStamp = found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`;
    if (nowStamp === stamp) return;
    const text = found === undefined ? '' : readFileSync(path, 'utf8');
    named = new Set(text.split('\n').map((line) => line.trim()));
    stamp = nowStamp;
  };

  return (jti) => {
    if (file === undefined) return false;
    if (now() - lookedAt >= LOOK_MS) {
      // Set last: while the file cannot be read, nobody is let in.
      look(file);
      lookedAt = now();
    }
    return named.has(jti);
  };
}
