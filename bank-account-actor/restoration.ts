import { LOG_PAGE_EVENTS_MAX, type LogPage } from '../contracts/log.ts';
import type { StreamId } from '../domain/ids.ts';
import { inParallel } from '../platform/parallel.ts';
import { hasOpenWork } from './agenda.ts';
import { FILL_STREAMS_MAX } from './journal.ts';
import type { Journal, JournalFilling } from './journal.ts';
import type { LogPages } from './log-pages.ts';
import { logFold, STREAMS_AT_ONCE_MAX, type FoldedStream } from './log-fold.ts';
import { commitAfter, isThere, rowOf } from './restored-row.ts';

const BATCHES_AT_ONCE_MAX = 4;
const SINGLE_AT_ONCE_MAX = 16;

export interface RestorationPorts {
  readonly journal: Journal & JournalFilling;
  readonly log: LogPages;
  /** Keys of persons out of a backup of them. */
  readonly keys: ReadonlyMap<StreamId, string>;
  readonly now: () => Date;
  readonly progress: {
    read(position: number, head: number, events: number): void;
    wrote(streams: number, of: number): void;
  };
  /** The journal may hold rows of before; then it is asked more carefully, which costs more. */
  readonly mayHaveRows: boolean;
  readonly streamsAtOnceMax?: number;
}

export interface Restored {
  events: number;
  accounts: number;
  persons: number;
  /** Accounts whose records of refusals were restored. */
  refusals: number;
  /** Streams that the journal had already, as far as the log or further. */
  there: number;
  /** Persons who are not erased and whose key is neither in the journal nor in the backup. */
  withoutKey: number;
}

/**
 * Writes into the journal what the log has and it lacks. Nothing that is in the journal is
 * changed or deleted, but for the keys of persons whom the log has as erased; and what was
 * restored is recognised: so it may be killed and run again.
 * Until it has ended well, the journal's mark keeps every actor host from serving.
 */
export async function restoreJournal(ports: RestorationPorts): Promise<Restored> {
  const { journal, log, now } = ports;
  const none = { accounts: 0, persons: 0, refusals: 0 };
  const restored: Restored = { ...none, events: 0, there: 0, withoutKey: 0 };
  await journal.setMark({ state: 'restoring', at: now().toISOString() });
  // A list of unsettled streams that a killed run left is gone on with, not written over.
  await journal.unsettled();
  const settled = new Set<StreamId>();
  const pack = packing(journal, settled);
  for (let after: number | undefined = 0, isFirst = true; after !== undefined; isFirst = false) {
    const fold = logFold(ports.streamsAtOnceMax ?? STREAMS_AT_ONCE_MAX, isFirst);
    for await (const { entries, head } of pagesOf(log, after)) {
      for (const entry of entries) fold.take(entry);
      if (isFirst) restored.events += entries.length;
      ports.progress.read(entries.at(-1)!.position, head, restored.events);
    }
    await writeStreams({ ...ports, pack, settled }, fold.streams(), fold.size(), restored);
    after = fold.putOffAfter();
  }
  await journal.setMark({ state: 'whole', at: now().toISOString() });
  return restored;
}

/** The next page is on its way while one is worked on. */
async function* pagesOf(log: LogPages, after: number): AsyncGenerator<LogPage> {
  let next = log.readAfter(after, LOG_PAGE_EVENTS_MAX);
  for (;;) {
    const page = await next;
    const last = page.entries.at(-1);
    if (last === undefined) return;
    next = log.readAfter(last.position, LOG_PAGE_EVENTS_MAX);
    // Its failure is thrown when its turn comes, also when that is never.
    next.catch(() => undefined);
    yield page;
  }
}

interface WritingPorts extends RestorationPorts {
  readonly pack: () => Promise<void>;
  /** Restored streams that need no host to look after them: their last row is all in the log. */
  readonly settled: Set<StreamId>;
}

/** Packs the lists of unsettled streams, one call after the other. */
function packing(journal: Journal, settled: ReadonlySet<StreamId>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => (last = last.then(() => journal.settle((stream) => settled.has(stream))));
}

async function writeStreams(
  ports: WritingPorts,
  streams: Iterable<FoldedStream>,
  count: number,
  restored: Restored,
): Promise<void> {
  let written = 0;
  ports.progress.wrote(0, count);
  await inParallel(batchesOf(streams), BATCHES_AT_ONCE_MAX, async (batch) => {
    await writeKeys(ports, batch, restored);
    await writeBatch(ports, batch, restored);
    written += batch.length;
    ports.progress.wrote(written, count);
  });
}

function* batchesOf(streams: Iterable<FoldedStream>): Generator<FoldedStream[]> {
  let batch: FoldedStream[] = [];
  for (const stream of streams) {
    batch.push(stream);
    if (batch.length < FILL_STREAMS_MAX) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Who was erased stays erased: a backup may have a key that was deleted since. */
async function writeKeys(
  { journal, keys, mayHaveRows }: RestorationPorts,
  batch: readonly FoldedStream[],
  restored: Restored,
): Promise<void> {
  const persons = batch
    .filter(({ content }) => 'person' in content && content.person.status === 'registered')
    .map(({ stream }) => stream);
  if (persons.length === 0) return;
  const known = mayHaveRows ? await journal.secrets(persons) : [];
  const missing = persons.filter((_stream, index) => known[index] === undefined);
  const found = missing.flatMap((stream) => {
    const key = keys.get(stream);
    return key === undefined ? [] : [[stream, key] as const];
  });
  await journal.keepSecrets(new Map(found));
  restored.withoutKey += missing.length - found.length;
}

async function writeBatch(
  { journal, pack, settled, mayHaveRows }: WritingPorts,
  batch: readonly FoldedStream[],
  restored: Restored,
): Promise<void> {
  const empty = await journal.areEmpty(
    batch.map(({ stream }) => stream),
    mayHaveRows,
  );
  const isIdle = ({ content }: FoldedStream): boolean =>
    !('account' in content && hasOpenWork(content.account));
  const isPlain = (one: FoldedStream, index: number): boolean =>
    empty[index] === true && isIdle(one);
  const plain = batch.filter(isPlain);
  const rows = plain.map(({ stream, content }) => ({ stream, row: rowOf(content) }));
  const isFilled = (await journal.fill(rows)) === 'committed';
  if (isFilled) for (const one of plain) count(one, restored);
  // One of them was not empty after all, so none was written: each is looked at.
  const others = isFilled ? batch.filter((one, index) => !isPlain(one, index)) : batch;
  await inParallel(others, SINGLE_AT_ONCE_MAX, async (one) => {
    const loaded = await journal.load(one.stream);
    if (isThere(one, loaded)) restored.there += 1;
    else {
      await commitAfter(journal, one, loaded, pack);
      count(one, restored);
    }
    const version = loaded.rows.at(-1)?.events.at(-1)?.version ?? 0;
    if (version <= one.version && isIdle(one)) settled.add(one.stream);
  });
}

const count = ({ content }: FoldedStream, restored: Restored): void => {
  if ('account' in content) restored.accounts += 1;
  else if ('refusals' in content) restored.refusals += 1;
  else restored.persons += 1;
};
