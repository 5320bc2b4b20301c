import type { Journal } from './journal.ts';

/** A write whose caller learnt that its outcome is unknown, and that is still on its way. */
interface LateWrite {
  readonly call: string;
  /** Applies it, now or once more; what it answers nobody hears. */
  apply(): Promise<void>;
}

export interface FaultyJournal {
  readonly journal: Journal;
  /** Oldest first; the test applies them in any order, as often as it likes, or takes them out. */
  readonly late: LateWrite[];
}

type Fate = 'answered' | 'lost' | 'unheard' | 'late';

/**
 * A journal whose calls fail now and then, `share` of 1 of them: a write is never applied, or
 * applied and its answer lost, or applied when the test says so. `random` gives numbers from 0
 * up to 1; the same numbers make the same faults.
 */
export function faultyJournal(
  journal: Journal,
  random: () => number,
  share: () => number,
): FaultyJournal {
  const late: LateWrite[] = [];
  const fate = (): Fate => {
    if (random() >= share()) return 'answered';
    const which = random() * 3;
    return which < 1 ? 'lost' : which < 2 ? 'unheard' : 'late';
  };
  const write = async <Answer>(call: string, apply: () => Promise<Answer>): Promise<Answer> => {
    const met = fate();
    if (met === 'answered') return apply();
    const quietly = async (): Promise<void> => void (await apply().catch(() => undefined));
    if (met === 'unheard') await quietly();
    if (met === 'late') late.push({ call, apply: quietly });
    throw new Error(`${call}: no answer`);
  };
  const read = async <Answer>(call: string, ask: () => Promise<Answer>): Promise<Answer> => {
    if (fate() !== 'answered') throw new Error(`${call}: no answer`);
    return ask();
  };
  return {
    late,
    journal: {
      load: (streams, names) => read('load', () => journal.load(streams, names)),
      commit: (turn) => write('commit', () => journal.commit(turn)),
      settle: (streams) => write('settle', () => journal.settle(streams)),
      quarantine: (stream, why) => write('quarantine', () => journal.quarantine(stream, why)),
      heads: (after, limit) => read('heads', () => journal.heads(after, limit)),
      quarantined: (limit) => read('quarantined', () => journal.quarantined(limit)),
      claimUnsettled: (idleMs, limit) =>
        write('claimUnsettled', () => journal.claimUnsettled(idleMs, limit)),
      claimDue: (now, leaseMs, limit) =>
        write('claimDue', () => journal.claimDue(now, leaseMs, limit)),
      waiting: (after, limit) => read('waiting', () => journal.waiting(after, limit)),
      mark: () => read('mark', () => journal.mark()),
      setMark: (mark) => write('setMark', () => journal.setMark(mark)),
      restore: (streams, names) => write('restore', () => journal.restore(streams, names)),
      dropStory: (stream, digest, names) =>
        write('dropStory', () => journal.dropStory(stream, digest, names)),
      release: (stream) => write('release', () => journal.release(stream)),
    },
  };
}
