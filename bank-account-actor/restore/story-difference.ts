import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import type { StoredStream } from '../journal/journal.ts';

/** What the row says of the event at a version, where it can: each names the one before it. */
export function digestAt(row: StoredStream, version: number): string | undefined {
  if (version < row.logged) return undefined;
  if (version === row.version) return row.digest;
  return eventAt(row, version + 1)?.prev;
}

function eventAt({ logged, unlogged }: StoredStream, version: number): BankEvent | undefined {
  const json = unlogged[version - logged - 1];
  return json === undefined ? undefined : (JSON.parse(json) as BankEvent);
}

/**
 * How the journal's event differs from that of the log with this digest; undefined when it does
 * not, or when the row does not tell. Names members and digests: the rest is the clients'.
 */
export function differenceAt(
  row: StoredStream,
  event: BankEvent,
  digest: string,
): string | undefined {
  const { version } = event;
  const said = digestAt(row, version);
  if (said === undefined || said === digest) return undefined;
  const mine = eventAt(row, version);
  const where = `${event.stream} differs`;
  if (mine === undefined) {
    // The log confirmed it once, and the row has its digest only, which stands for all before it.
    return (
      `${where} at version ${version} or before it: the journal has the event ${said}, the ` +
      `log ${event.type} ${digest}`
    );
  }
  const what = membersThatDiffer(mine, event).join(', ');
  return (
    `${where} at version ${version} in ${what}: the journal has ${mine.type} ${said}, the log ` +
    `${event.type} ${digest}`
  );
}

function membersThatDiffer(one: object, other: object): string[] {
  const [mine, theirs] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return [...new Set([...mine.keys(), ...theirs.keys()])]
    .filter((name) => canonicalJson(mine.get(name)) !== canonicalJson(theirs.get(name)))
    .sort();
}
