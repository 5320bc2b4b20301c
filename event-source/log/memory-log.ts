import type { EventPlace } from '../../contracts/log/entries.ts';
import type { StreamId } from '../../domain/ids.ts';
import {
  candidateOf,
  entryOfWrite,
  outcomesOf,
  planAppend,
  type Knowledge,
} from './append-plan.ts';
import { eventKey, positionOf } from '../../proofs/entry-proof.ts';
import { cutPage, missing } from './event-log.ts';
import type { EventLog, LogEntry } from './event-log.ts';

/** The log in memory, for tests: the same rules, nothing durable. */
export function memoryLog(): EventLog {
  const entries: LogEntry[] = [];
  const events = new Map<string, LogEntry & { readonly digest: string }>();
  const latest = new Map<StreamId, number>();
  // Transaction 1 is the genesis marker, as in immudb.
  let transaction = 1;

  const latestOf = (id: StreamId): number => latest.get(id) ?? 0;
  const head = (): number => entries.at(-1)?.position ?? 0;
  const at = ({ stream, version }: EventPlace) => events.get(eventKey(stream, version));
  const known: Knowledge = {
    digest: (stream, version) => at({ stream, version })?.digest,
    latestVersion: latestOf,
  };
  const bare = (entry: LogEntry): LogEntry => ({ position: entry.position, json: entry.json });

  return {
    async append(batch, refused) {
      const plan = planAppend(batch.map(candidateOf), known, refused);
      const after = head();
      if (plan.writes.length > 0) transaction += 1;
      const added = plan.writes.map((write, index) => {
        const entry = entryOfWrite(write, positionOf(transaction, index));
        events.set(eventKey(write.stream, write.version), { ...entry, digest: write.digest });
        latest.set(write.stream, write.version);
        return entry;
      });
      entries.push(...added.map(bare));
      const positions = added.map(({ position }) => position);
      return { outcomes: outcomesOf(plan, positions), after, added };
    },
    head,
    async readAfter(position, limit, until = Infinity) {
      const start = entries.findIndex((entry) => entry.position > position);
      const page = start === -1 ? [] : cutPage(entries.slice(start, start + limit), limit);
      return page.filter((entry) => entry.position <= until);
    },
    async readStream(id, from, limit) {
      const count = Math.min(limit, Math.max(0, latestOf(id) - from + 1));
      const versions = Array.from({ length: count }, (_, index) => from + index);
      const found = versions.map((version) => bare(at({ stream: id, version })!));
      return cutPage(found, limit);
    },
    readVersions: async (id, versions) =>
      versions.map((version) => {
        const entry = at({ stream: id, version });
        if (entry === undefined) throw missing(eventKey(id, version));
        return bare(entry);
      }),
    latestVersions: async (ids) => ids.map(latestOf),
    digests: async (places) => places.map((place) => at(place)?.digest),
    find: async (places) =>
      places.map((place) => {
        const entry = at(place);
        return entry && bare(entry);
      }),
    check: async () => {},
    close: async () => {},
  };
}
