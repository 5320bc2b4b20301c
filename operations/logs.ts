import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { command } from './command-line.ts';
import { resolveInstance } from '../runtime/instance.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';
import { say } from './terminal.ts';

const POLL_MS = 300;
/** How much of what was written before is shown first, and how much is read at once. */
const TAIL_BYTES = 4_096;
const CHUNK_BYTES = 65_536;

interface Followed {
  readonly file: string;
  readonly prefix: string;
  offset: number;
  rest: string;
}

const names = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.log'))
        .map((file) => basename(file, '.log'))
    : [];

const print = (followed: Followed): void => {
  const size = statSync(followed.file).size;
  // A rotated log begins again.
  if (size < followed.offset) followed.offset = 0;
  const handle = openSync(followed.file, 'r');
  const buffer = Buffer.alloc(CHUNK_BYTES);
  while (followed.offset < size) {
    const read = readSync(handle, buffer, 0, CHUNK_BYTES, followed.offset);
    if (read === 0) break;
    followed.offset += read;
    const lines = (followed.rest + buffer.toString('utf8', 0, read)).split('\n');
    followed.rest = lines.pop() ?? '';
    for (const line of lines) say(`${followed.prefix}${line}`);
  }
  closeSync(handle);
};

/** Follows the logs of all programs, or of those named: npm run logs -- event-source nats. */
runCommand(async () => {
  const folder = join(resolveInstance().dataDir, 'logs');
  const parsed = command('logs', 'Follows the logs of all programs, or of those named.')
    .argument('[programs...]', 'as "npm run status" names them')
    .option('--once', 'shows what is there and ends')
    .parse();
  const [wanted] = parsed.processedArgs;
  const { once = false } = parsed.opts();
  const unknown = wanted.find((name) => !names(folder).includes(name));
  if (unknown !== undefined) {
    throw new CannotRun(`No log of "${unknown}"; there are: ${names(folder).join(', ')}.`);
  }
  const followed = new Map<string, Followed>();
  const look = (): void => {
    for (const name of names(folder).filter((one) => wanted.length === 0 || wanted.includes(one))) {
      const file = join(folder, `${name}.log`);
      if (!followed.has(name)) {
        const offset = Math.max(0, statSync(file).size - TAIL_BYTES);
        const prefix = wanted.length === 1 ? '' : `${name.padEnd(26)}| `;
        followed.set(name, { file, prefix, offset, rest: '' });
      }
    }
    for (const one of followed.values()) print(one);
  };
  process.stdout.on('error', () => process.exit(0));
  look();
  if (!once) setInterval(look, POLL_MS);
});
