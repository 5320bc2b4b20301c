import { terminalLine } from '../terminal.ts';

/** A column: its heading, and the member that it shows, with dots for members of members. */
export type Columns = Readonly<Record<string, string>>;

/** The member of a value at a path such as "balance.available"; nothing when it has none. */
function memberAt(value: unknown, path: string): string {
  let found = value;
  for (const name of path.split('.')) {
    found =
      typeof found === 'object' && found !== null
        ? (found as Record<string, unknown>)[name]
        : undefined;
  }
  if (found === undefined || found === null) return '';
  return typeof found === 'object' ? JSON.stringify(found) : String(found as string | number);
}

const AMOUNT = /^-?[0-9]+(?:\.[0-9]+)?$/;

/** The rows as a table with a heading; what is a number stands to the right. */
export function tableOf(columns: Columns, rows: readonly unknown[]): string {
  const cells = rows.map((row) =>
    Object.values(columns).map((path) => terminalLine(memberAt(row, path))),
  );
  const isRight = Object.keys(columns).map((_heading, at) =>
    cells.every((row) => row[at] === '' || AMOUNT.test(row[at]!)),
  );
  const all = [Object.keys(columns), ...cells];
  const widths = Object.keys(columns).map((_heading, at) =>
    Math.max(...all.map((row) => row[at]!.length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) =>
        isRight[at] === true ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!),
      )
      .join('  ')
      .trimEnd();
  return all.map((row) => `${line(row)}\n`).join('');
}

/** The members of a value, one a line, each after its name. */
export function membersOf(value: object): string {
  const names = Object.keys(value);
  const width = Math.max(...names.map((name) => name.length));
  return names
    .map((name) => `${name.padEnd(width)}  ${terminalLine(memberAt(value, name))}\n`)
    .join('');
}
