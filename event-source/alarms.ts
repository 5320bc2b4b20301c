import type { AlarmItem, AlarmKind } from '../contracts/audit.ts';
import type { Logger } from '../platform/logger.ts';

export interface Alarm extends Omit<AlarmItem, 'count'> {
  count: number;
}

/** While there is one of these the service is not ready: the log or the books are not sound. */
export const GRAVE: readonly AlarmKind[] = ['tampered', 'incomplete', 'rolled-back', 'imbalance'];

const ALARMS_MAX = 10_000;
const ALARMS_LISTED_MAX = 50;

export type Alarms = ReturnType<typeof alarmBook>;

/**
 * Keeps the alarms for health. Each is logged in full when it is raised first, because the log
 * file is the quarantine; repetitions are only counted. Alarms stay until the process ends; the
 * audit finds again what is in the log. `tell` hears of each new one.
 */
export function alarmBook(logger: Logger, tell: (alarm: AlarmItem) => void = () => undefined) {
  const book = new Map<string, Alarm>();
  return {
    /** `content` is whatever must not be lost, for example the event that was refused. */
    raise(kind: AlarmKind, subject: string, detail: string, content?: unknown): void {
      const known = book.get(`${kind} ${subject}`);
      if (known !== undefined) {
        known.count += 1;
        return;
      }
      logger.error(`alarm: ${kind}`, { subject, detail, content });
      if (book.size >= ALARMS_MAX) return;
      const since = new Date().toISOString();
      book.set(`${kind} ${subject}`, { kind, subject, detail, since, count: 1 });
      tell({ kind, subject, detail, since, count: 1 });
    },
    /** For what turned out to heal after all. */
    lower(kind: AlarmKind, subject: string): void {
      if (book.delete(`${kind} ${subject}`)) logger.info(`alarm over: ${kind}`, { subject });
    },
    count: (): number => book.size,
    counts(): ReadonlyMap<AlarmKind, number> {
      const counts = new Map<AlarmKind, number>();
      for (const { kind } of book.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return counts;
    },
    /** The first ones, for a person to read. */
    list: (most = ALARMS_LISTED_MAX): Alarm[] => [...book.values()].slice(0, most),
    first: (...kinds: readonly AlarmKind[]): Alarm | undefined =>
      [...book.values()].find(({ kind }) => kinds.includes(kind)),
  };
}
