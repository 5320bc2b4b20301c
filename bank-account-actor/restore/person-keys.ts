import type { StreamId } from '../../domain/ids.ts';
import type { Journal, RestoredStream, StoredStream } from '../journal/journal.ts';
import { decodeState, isPersonState } from '../turn/stream-state.ts';
import type { ToldStream } from './told-streams.ts';

const LOAD_STREAMS_MAX = 64;

/**
 * After the whole log was read: takes the keys of who is erased in log or journal, whatever else
 * is wrong with the stream, and gives keys out of the backup to who is registered in both. Earlier
 * nothing tells that no erasure follows. Gives how many registered persons have no key.
 */
export async function settleKeys(
  journal: Pick<Journal, 'load' | 'restore'>,
  told: ReadonlyMap<StreamId, ToldStream>,
  keys: ReadonlyMap<StreamId, string>,
): Promise<number> {
  const persons = [...told.keys()].filter((stream) => stream.startsWith('person/'));
  let withoutKey = 0;
  const changeOf = (row: StoredStream): RestoredStream[] => {
    const { stream, version, digest, state, secret } = row;
    const change = (made: RestoredStream['secret']): RestoredStream[] =>
      made === undefined ? [] : [{ stream, version, digest, state, due: null, secret: made }];
    const { isErased, wrong } = told.get(stream)!;
    const status = isErased ? 'erased' : statusOf(row);
    if (status === 'erased') return secret === undefined ? [] : change('forget');
    if (secret !== undefined || status === undefined || wrong !== undefined) return [];
    const key = keys.get(stream);
    if (key === undefined) withoutKey += 1;
    return change(key === undefined ? undefined : { keep: key });
  };
  for (let at = 0; at < persons.length; at += LOAD_STREAMS_MAX) {
    const { streams } = await journal.load(persons.slice(at, at + LOAD_STREAMS_MAX));
    const changes = streams.flatMap(changeOf);
    if (changes.length > 0) await journal.restore(changes, []);
  }
  return withoutKey;
}

/** Undefined for a row that cannot be read. */
function statusOf({ stream, state }: StoredStream): string | undefined {
  try {
    const person = decodeState(stream, state);
    return isPersonState(person) ? person.status : undefined;
  } catch {
    return undefined;
  }
}
