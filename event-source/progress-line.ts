const CELLS = 24;

const number = (value: number): string => Math.round(value).toLocaleString('en');

/** How far a long walk is, in one line. */
export function progressLine(done: number, total: number, ms: number, unit: string): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * CELLS);
  const cells = '#'.repeat(filled).padEnd(CELLS, '.');
  const rate = ms === 0 ? 0 : (done * 1_000) / ms;
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `${percent} [${cells}] ${number(done)} of ${number(total)} ${unit}, ${number(rate)}/s`;
}
