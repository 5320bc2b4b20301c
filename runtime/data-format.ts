import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from './progress.ts';

/** Goes up when what rests in a data folder can no longer be read by what was there before. */
const FORMAT = 2;
const FORMAT_FILE = 'format';
/** The folders of the stores. Keys alone are no data: after a loss they come back first. */
const STORES = ['postgres', 'immudb'];

/**
 * Marks a new data folder, and refuses one of another release. Neither the journal nor the log
 * of an older release can be continued: its events do not name their predecessors.
 */
export const requireFormat = (dataDir: string): void => {
  const file = join(dataDir, FORMAT_FILE);
  if (!existsSync(file) && !STORES.some((store) => existsSync(join(dataDir, store)))) {
    return writeFileSync(file, `${FORMAT}\n`, { mode: 0o600 });
  }
  const found = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 1;
  if (found === FORMAT) return;
  throw new Refusal(
    `${dataDir} is of ${found < FORMAT ? 'an older' : 'another'} release, which this one cannot ` +
      'go on with: "npm run reset" empties it, or CORE_BANK_DATA names another folder.',
  );
};
