import { canonicalJson } from '../../contracts/canonical-json.ts';

interface Row {
  readonly account?: unknown;
  readonly person?: unknown;
  readonly events: readonly unknown[];
}

/**
 * The last row of each stream as text: the state and the last event. Its number, its writer and
 * what else was committed with it are not in the log, so they cannot come back.
 */
export function journalHeads(rows: ReadonlyMap<string, unknown>): Map<string, string> {
  const last = new Map<string, { readonly commit: number; readonly row: Row }>();
  for (const [key, value] of rows) {
    const [, stream, commit] = /^((?:acct|person)\..+)\.(\d+)$/.exec(key) ?? [];
    if (stream === undefined) continue;
    if ((last.get(stream)?.commit ?? 0) > Number(commit)) continue;
    last.set(stream, { commit: Number(commit), row: value as Row });
  }
  return new Map(
    [...last].map(([stream, { row }]) => [
      stream,
      canonicalJson([row.account ?? row.person, row.events.at(-1)]),
    ]),
  );
}
