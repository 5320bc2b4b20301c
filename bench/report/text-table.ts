/** Columns side by side; the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const cells of rows) {
    for (const [at, cell] of cells.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows.map((cells) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** How figures are written; what was not measured is "-". */
export const whole = (value: number): string => Math.round(value).toLocaleString('en');
export const short = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '-' : value < 10 ? value.toFixed(1) : whole(value);
export const cents = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '-' : value < 100 ? value.toFixed(2) : whole(value);
export const ratio = (now: number | undefined, then: number | undefined): string =>
  now === undefined || then === undefined || then === 0 ? '-' : (now / then).toFixed(2);
export const percent = (share: number): string => `${Math.round(share * 100)}%`;
