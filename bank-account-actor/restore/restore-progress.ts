import { barLine, liveLine, rate, written, type LineSink } from '../platform/live-line.ts';
import type { RestorationPorts } from './restoration.ts';

/** One bar while the log is read and one while the journal is written. */
export function restoreProgress(out: LineSink): {
  readonly progress: RestorationPorts['progress'];
  readonly end: () => void;
} {
  const { draw, end } = liveLine(out);
  const began = { reading: performance.now(), writing: 0 };
  const since = (start: number): number => performance.now() - start;
  return {
    progress: {
      read(position, head, events) {
        const figures = `${written(events)} events, ${rate(events, since(began.reading))}`;
        draw(barLine('reading', position, head, figures), position >= head);
      },
      wrote(streams, of) {
        if (streams === 0) began.writing = performance.now();
        const counts = `${written(streams)} of ${written(of)} streams`;
        const figures = `${counts}, ${rate(streams, since(began.writing))}`;
        draw(barLine('restoring', streams, of, figures), streams === of);
      },
    },
    end,
  };
}
