const BAR_CHARACTERS = 24;
const DRAW_MS = 200;
/** Without a terminal every report is a line of its own, so they are rare. */
const PLAIN_DRAW_MS = 5_000;

export interface ProgressBar {
  readonly advance: (by?: number) => void;
  readonly end: () => void;
}

interface Sink {
  readonly isTTY?: boolean;
  readonly write: (text: string) => unknown;
}

/** "  42% [#####.....]  5,900 of 14,125 rows, 812/s, 0:10 left" */
export function progressLine(done: number, total: number, elapsedMs: number, unit: string): string {
  const share = total === 0 ? 1 : done / total;
  const filled = Math.floor(share * BAR_CHARACTERS);
  const bar = '#'.repeat(filled).padEnd(BAR_CHARACTERS, '.');
  const rate = elapsedMs === 0 ? 0 : (done * 1_000) / elapsedMs;
  const left = rate === 0 ? '?' : minutes((total - done) / rate);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const counts = `${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${unit}`;
  return `${percent} [${bar}] ${counts}, ${Math.round(rate).toLocaleString('en')}/s, ${left} left`;
}

const minutes = (seconds: number): string => {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
};

/** Shows how far a long step is: one line that is drawn anew on a terminal. */
export function progressBar(total: number, unit: string, out: Sink = process.stdout): ProgressBar {
  const started = Date.now();
  const live = out.isTTY === true;
  let done = 0;
  const draw = (): void => {
    const line = progressLine(done, total, Date.now() - started, unit);
    out.write(live ? `\r\x1b[K${line}` : `${line}\n`);
  };
  const timer = setInterval(draw, live ? DRAW_MS : PLAIN_DRAW_MS);
  timer.unref();
  return {
    advance: (by = 1) => {
      done += by;
    },
    end: () => {
      clearInterval(timer);
      draw();
      if (live) out.write('\n');
    },
  };
}
