const CELLS = 24;
const DRAW_MS = 250;
/** Without a terminal every drawing is a line of its own, so they are rare. */
const PLAIN_DRAW_MS = 5_000;

/** Where a line is drawn: stderr, or a sink of a test. */
export interface LineSink {
  readonly isTTY?: boolean;
  /** Writes text as it is. */
  readonly write: (text: string) => unknown;
}

/** A rounded count with thousands separators: 12,345. */
export const written = (count: number): string => Math.round(count).toLocaleString('en');

/** A count per second: 4,100/s. */
export const rate = (count: number, ms: number): string =>
  `${written((count * 1_000) / Math.max(1, ms))}/s`;

/** A progress line: "reading    17% [####....................] 3,400 of 20,000 streams, 4,100/s" */
export function barLine(name: string, done: number, total: number, figures: string): string {
  const part = total === 0 ? 1 : Math.min(1, done / total);
  const cells = '#'.repeat(Math.floor(part * CELLS)).padEnd(CELLS, '.');
  const percent = `${Math.floor(part * 100)}%`.padStart(4);
  return `${name.padEnd(9)} ${percent} [${cells}] ${figures}`;
}

/** A progress line that is redrawn in a terminal, and written every 5 s to a file. */
export function liveLine(out: LineSink): {
  /** Shows the line, unless another was shown a moment ago; the last one always. */
  draw(line: () => string, isLast: boolean): void;
  /** Shows what was drawn last, also when the work broke off. */
  end(): void;
} {
  const live = out.isTTY === true;
  let drawnAt = -Infinity;
  let last: (() => string) | undefined;
  let isOpen = false;
  const write = (line: () => string): void => {
    drawnAt = performance.now();
    isOpen = live;
    out.write(live ? `\r\x1b[K${line()}` : `${line()}\n`);
    last = undefined;
  };
  const end = (): void => {
    if (last !== undefined) write(last);
    if (isOpen) out.write('\n');
    isOpen = false;
  };
  return {
    draw(line, isLast) {
      last = line;
      if (isLast) return end();
      if (performance.now() - drawnAt > (live ? DRAW_MS : PLAIN_DRAW_MS)) write(line);
    },
    /** Shows what was drawn last, also when the work broke off. */
    end,
  };
}

const minutes = (ms: number): string => {
  const seconds = Math.ceil(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

/**
 * A bar with how much is done, how fast, and how long the rest will take. `counted` is shown in
 * place of `done` where the two are not the same, as events and their positions.
 */
export function progressBar(name: string, unit: string, out: LineSink = process.stdout) {
  const began = performance.now();
  const { draw, end } = liveLine(out);
  const at = (done: number, total: number, counted?: number): void => {
    const line = (): string => {
      const ms = performance.now() - began;
      const count =
        counted === undefined ? `${written(done)} of ${written(total)}` : written(counted);
      const left = done === 0 ? '?' : minutes((Math.max(0, total - done) * ms) / done);
      return barLine(
        name,
        done,
        total,
        `${count} ${unit}, ${rate(counted ?? done, ms)}, ${left} left`,
      );
    };
    draw(line, false);
  };
  return {
    /** Shows how far the work is. */
    at,
    /** Shows what was drawn last, also when the work broke off. */
    end,
  };
}
