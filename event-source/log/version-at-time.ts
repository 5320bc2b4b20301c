import type { StreamId } from '../../domain/ids.ts';
import type { EventLog, LogEntry } from './event-log.ts';

/** Entries that are looked at in one call: three calls are enough among 100,000. */
const PROBES = 48;

/** What a stream was at a time. */
export interface Moment {
  /** The last entry that is not later than the time; undefined when the first one is. */
  readonly entry: LogEntry | undefined;
  /** The last version of the stream now, 0 when there is no such stream. */
  readonly latestVersion: number;
}

/**
 * The last entry of a stream at a time (milliseconds of UTC) or before it. Times never decrease
 * within a stream, so each step reads versions at even distances and continues between two of them.
 */
export async function lastUntil(
  log: Pick<EventLog, 'latestVersions' | 'readVersions'>,
  id: StreamId,
  untilMs: number,
): Promise<Moment> {
  const [latestVersion = 0] = await log.latestVersions([id]);
  if (latestVersion === 0) return { entry: undefined, latestVersion };
  let [low, high] = [0, latestVersion + 1];
  let entry: LogEntry | undefined;
  while (high - low > 1) {
    const versions = between(low, high);
    // Often the end is asked for: then the first call has it.
    if (high > latestVersion && versions.at(-1) !== latestVersion) versions.push(latestVersion);
    const entries = await log.readVersions(id, versions);
    const passed = entries.filter((one) => timeOf(one) <= untilMs).length;
    entry = entries[passed - 1] ?? entry;
    [low, high] = [versions[passed - 1] ?? low, versions[passed] ?? high];
  }
  return { entry, latestVersion };
}

/** At most PROBES versions between two that are known, at even distances. */
function between(low: number, high: number): number[] {
  const count = Math.min(PROBES, high - low - 1);
  return Array.from(
    { length: count },
    (_, index) => low + Math.floor(((index + 1) * (high - low)) / (count + 1)),
  );
}

const timeOf = ({ json }: LogEntry): number =>
  Date.parse((JSON.parse(json.toString()) as { at: string }).at);
