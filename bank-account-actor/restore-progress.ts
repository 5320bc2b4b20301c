import type { RestorationPorts } from './restoration.ts';

const BAR_CELLS = 30;
const DRAW_MS = 200;
/** Without a terminal every report is a line of its own, so they are rare. */
const PLAIN_DRAW_MS = 2_000;

interface Sink {
  readonly isTTY?: boolean;
  readonly write: (text: string) => unknown;
}

/** "restoring [=====     ]  17 %  3,400 of 20,000 streams, 4,100/s" */
export function restoreLine(name: string, part: number, figures: string): string {
  const bar = '='.repeat(Math.floor(part * BAR_CELLS)).padEnd(BAR_CELLS, ' ');
  return `${name.padEnd(9)} [${bar}] ${String(Math.floor(100 * part)).padStart(3)} %  ${figures}`;
}

/** One bar while the log is read and one while the journal is written. */
export function restoreProgress(out: Sink): {
  readonly progress: RestorationPorts['progress'];
  readonly end: () => void;
} {
  const live = out.isTTY === true;
  const began = { reading: performance.now(), writing: 0 };
  let drawnAt = 0;
  let line = '';
  const draw = (next: string, isLast: boolean): void => {
    line = next;
    const due = performance.now() - drawnAt > (live ? DRAW_MS : PLAIN_DRAW_MS);
    if (!due && !isLast) return;
    drawnAt = performance.now();
    out.write(live ? `\r\x1b[K${line}` : `${line}\n`);
    if (isLast && live) out.write('\n');
    if (isLast) line = '';
  };
  const rateOf = (count: number, since: number): string =>
    Math.round((1_000 * count) / Math.max(1, performance.now() - since)).toLocaleString('en');
  return {
    progress: {
      read(position, head, events) {
        const part = head === 0 ? 1 : Math.min(1, position / head);
        const figures = `${events.toLocaleString('en')} events`;
        const rate = rateOf(events, began.reading);
        draw(restoreLine('reading', part, `${figures}, ${rate}/s`), position >= head);
      },
      wrote(streams, of) {
        if (streams === 0) began.writing = performance.now();
        const counts = `${streams.toLocaleString('en')} of ${of.toLocaleString('en')} streams`;
        const rate = rateOf(streams, began.writing);
        const part = of === 0 ? 1 : streams / of;
        draw(restoreLine('restoring', part, `${counts}, ${rate}/s`), streams === of);
      },
    },
    end: () => void (live && line !== '' && out.write('\n')),
  };
}
