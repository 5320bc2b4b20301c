import type { Checkpoint } from '../../contracts/read-models.ts';
import { isOfAccount } from '../../contracts/topics.ts';
import { crashPoint } from '../../platform/crash-points.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { historyLine } from './history.ts';
import { LogFault, type Projection } from '../follower/projection.ts';
import type { HistoryStore } from '../read-store/read-store.ts';

export const CHECKPOINT_EVERY_MS = 500;
export const CHECKPOINT_EVERY_EVENTS = 1_000;
const VERSIONS_REMEMBERED = 100_000;

/**
 * Writes one line per event. The checkpoint follows a little later: what a crash makes it apply
 * again is there already and stays as it is.
 */
export function historyProjection(store: HistoryStore, now = () => performance.now()): Projection {
  const versions = boundedMap<string, number>(VERSIONS_REMEMBERED);
  let reached: Checkpoint = { position: 0, lastEventId: '', events: 0 };
  let saved = reached;
  let savedAt = now();

  const save = async (): Promise<void> => {
    if (reached.position === saved.position) return;
    crashPoint('projection:before-checkpoint');
    const checkpoint = reached;
    await store.saveCheckpoint(checkpoint);
    saved = checkpoint;
    savedAt = now();
  };

  return {
    async restore() {
      reached = saved = (await store.checkpoint()) ?? reached;
      return reached;
    },
    async apply(entries) {
      const lines = entries.filter(isOfAccount).map(historyLine);
      const next = new Map<string, number>();
      for (const { accountId, entry } of lines) {
        const before = next.get(accountId) ?? versions.get(accountId);
        // Of an account not seen since the start nothing is known; the balances check it.
        if (before !== undefined && entry.version !== before + 1) {
          throw new LogFault(`${entry.eventId} follows version ${before} of its account`);
        }
        next.set(accountId, entry.version);
      }
      if (lines.length > 0) await store.insertLines(lines);
      for (const [accountId, version] of next) versions.set(accountId, version);
      const last = entries.at(-1)!;
      const events = reached.events + entries.length;
      reached = { position: last.position, lastEventId: last.event.id, events };
    },
    async rest() {
      const due = now() - savedAt >= CHECKPOINT_EVERY_MS;
      if (due || reached.events - saved.events >= CHECKPOINT_EVERY_EVENTS) await save();
    },
    settle: save,
  };
}
