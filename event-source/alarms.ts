import { ALARM_KINDS, type AlarmItem, type AlarmKind } from '../contracts/log/audit.ts';
import type { Logger } from '../platform/logger.ts';

/** An alarm that is kept. */
export interface Alarm extends Omit<AlarmItem, 'count'> {
  count: number;
}

/** While there is one of these the service is not ready: the log or the books are not sound. */
export const GRAVE: readonly AlarmKind[] = [
  'tampered',
  'forged',
  'incomplete',
  'rolled-back',
  'imbalance',
];

/** Of each kind, so that many small ones never hide a grave one. More are only counted. */
const ALARMS_OF_KIND_MAX = 1_000;
const ALARMS_LISTED_MAX = 50;

export type Alarms = ReturnType<typeof alarmBook>;

interface Kept {
  readonly alarm: Alarm;
  /** Of all kinds, in the order in which they were raised. */
  readonly number: number;
}

/**
 * Keeps the alarms for health, and logs each when it is first raised; repetitions are only counted.
 * Everyone may read alarms, so they name ids and digests and no content. They stay until the
 * process ends; the audit finds again what is in the log.
 * @param tell hears of each new one.
 */
export function alarmBook(logger: Logger, tell: (alarm: AlarmItem) => void = () => undefined) {
  const books = new Map(ALARM_KINDS.map((kind) => [kind, new Map<string, Kept>()]));
  /** How often alarms of a kind were raised that found no place. */
  const beyond = new Map<AlarmKind, number>();
  let raised = 0;

  const oldest = (): Alarm[] =>
    [...books.values()]
      .flatMap((book) => [...book.values()])
      .sort((one, other) => one.number - other.number)
      .map(({ alarm }) => alarm);
  return {
    raise(kind: AlarmKind, subject: string, detail: string): void {
      const book = books.get(kind)!;
      const known = book.get(subject);
      if (known !== undefined) {
        known.alarm.count += 1;
        return;
      }
      if (book.size >= ALARMS_OF_KIND_MAX) {
        const count = (beyond.get(kind) ?? 0) + 1;
        beyond.set(kind, count);
        if (count === 1) logger.error(`more alarms than are kept: ${kind}`, { subject });
        return;
      }
      logger.error(`alarm: ${kind}`, { subject, detail });
      const since = new Date().toISOString();
      const alarm = { kind, subject, detail, since, count: 1 };
      book.set(subject, { alarm, number: (raised += 1) });
      tell({ ...alarm });
    },
    /** For what turned out to heal after all. */
    lower(kind: AlarmKind, subject: string): void {
      if (books.get(kind)!.delete(subject)) logger.info(`alarm over: ${kind}`, { subject });
    },
    count: (): number =>
      [...books].reduce((sum, [kind, book]) => sum + book.size + (beyond.get(kind) ?? 0), 0),
    /** Of each kind, with what was raised beyond those that are kept. */
    counts: (): ReadonlyMap<AlarmKind, number> =>
      new Map([...books].map(([kind, book]) => [kind, book.size + (beyond.get(kind) ?? 0)])),
    /** The first ones, for a person to read. */
    list: (most = ALARMS_LISTED_MAX): Alarm[] => oldest().slice(0, most),
    first: (...kinds: readonly AlarmKind[]): Alarm | undefined =>
      oldest().find(({ kind }) => kinds.includes(kind)),
  };
}
