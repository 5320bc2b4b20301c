import { rowBytes, ROW_BYTES_MAX, TURN_BYTES_MAX } from './journal.ts';
import type { RestoredStream, StreamWrite, Turn } from './journal.ts';

// JSON text holds no raw control character, so this refuses nothing that a row has to hold. The
// adapter has two of them for its separators, and PostgreSQL stores no NUL.
export const EVENT_END = '\n';
export const VALUE_END = '\u001e';
const CONTROLS = ['\0', EVENT_END, VALUE_END];

/** Throws a RangeError for what no row may hold: a bug of the caller, before anything is sent. */
export function checkTurn({ writes, guards }: Turn): void {
  const bytes = writes.reduce((sum, write) => sum + checkRow(write), 0);
  if (bytes > TURN_BYTES_MAX) throw new RangeError(`a turn of ${bytes} bytes is too big`);
  const streams = new Set([...writes, ...guards].map(({ stream }) => stream));
  if (streams.size < writes.length + guards.length) {
    throw new RangeError('a turn names a stream twice');
  }
}

export const checkRestored = (streams: readonly RestoredStream[]): void => {
  for (const row of streams) checkRow({ ...row, unlogged: [] });
};

function checkRow(row: Omit<StreamWrite, 'expected' | 'logged' | 'due'>): number {
  const { stream, digest, state, unlogged, secret } = row;
  const key = typeof secret === 'object' ? secret.keep : '';
  if (hasControl([stream, digest, state, key, ...unlogged])) {
    throw new RangeError(`a row of ${JSON.stringify(stream)} holds a raw control character`);
  }
  const bytes = rowBytes(row);
  if (bytes > ROW_BYTES_MAX) throw new RangeError(`a row of ${stream} has ${bytes} bytes`);
  return bytes;
}

const hasControl = (texts: readonly string[]): boolean =>
  texts.some((text) => CONTROLS.some((control) => text.includes(control)));

/** A reason that PostgreSQL can hold: a mark must never fail for what its text quotes. */
export const storableReason = (reason: string): string => reason.replaceAll('\0', '\ufffd');
