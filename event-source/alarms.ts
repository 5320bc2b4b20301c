import type { Logger } from '../platform/logger.ts';

/** What cannot heal by itself, so that a person must look. */
export type AlarmKind =
  /** The log holds something that the bank did not write there. */
  | 'tampered'
  /** An event contradicts the log. */
  | 'fork'
  /** A message or an event that is not what it should be. */
  | 'poison'
  /** Events of an account wait for one that does not come. */
  | 'gap';

export interface Alarm {
  readonly kind: AlarmKind;
  /** What it is about: a key of the log, an event id, a message id. */
  readonly subject: string;
  readonly detail: string;
  readonly since: string;
  count: number;
}

const ALARMS_MAX = 10_000;
const ALARMS_LISTED_MAX = 50;

export type Alarms = ReturnType<typeof alarmBook>;

/**
 * Keeps the alarms for health. Each is logged in full when it is raised first, because the log
 * file is the quarantine; repetitions are only counted. Alarms stay until the process ends.
 */
export function alarmBook(logger: Logger) {
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
    },
    /** For what turned out to heal after all. */
    lower(kind: AlarmKind, subject: string): void {
      if (book.delete(`${kind} ${subject}`)) logger.info(`alarm over: ${kind}`, { subject });
    },
    count: (): number => book.size,
    /** The first ones, for a person to read. */
    list: (): Alarm[] => [...book.values()].slice(0, ALARMS_LISTED_MAX),
    first: (kind: AlarmKind): Alarm | undefined =>
      [...book.values()].find((alarm) => alarm.kind === kind),
  };
}
