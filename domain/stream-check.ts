/** Names that may stand in a log once, for ever; a Set, or what takes less room than one. */
export interface OnceNames {
  has(name: string): boolean;
  add(name: string): unknown;
}

/** How far a stream was followed: its last version (0 for none), that event's command and time. */
export interface StreamHead {
  readonly version: number;
  readonly commandId: string | undefined;
  readonly at: string;
}
/** Where the next event of a stream says it stands. */
export interface StreamStep {
  readonly version: number;
  readonly commandId: string;
  readonly at: string;
}
export type StreamFault = readonly ['version-order' | 'command-once' | 'time-order', string];

const OPENING_EVENTS_MAX = 2;
const NO_HEAD: StreamHead = { version: 0, commandId: undefined, at: '' };
/** Every month has so many days. */
const DAYS_SURE = '28';
const TIME = /^\d{4}-(?:0[1-9]|1[0-2])-[0-3]\dT(?:[01]\d|2[0-3])(?::[0-5]\d){2}\.\d{3}Z$/;

/** The bank writes one form of times only, so that their texts have their order. */
function isTime(at: string): boolean {
  if (!TIME.test(at)) return false;
  const day = at.slice(8, 10);
  return (day <= DAYS_SURE && day > '00') || new Date(Date.parse(at) || 0).toISOString() === at;
}

const NONE: readonly StreamFault[] = [];

/** Whether this event comes from the command that opened the stream, which may make two. */
export const isOfOpening = (head: StreamHead, { version, commandId }: StreamStep): boolean =>
  version === OPENING_EVENTS_MAX && head.commandId === commandId;

/**
 * I3 and I6 of any stream: its versions are 1..n, their times do not go back, and each of its
 * commands was executed once.
 */
export function createStreamCheck(once: OnceNames) {
  const heads = new Map<string, StreamHead>();
  return {
    /** Takes the next entry of a stream. What does not follow is not taken. */
    follow(stream: string, step: StreamStep): readonly StreamFault[] {
      const head = heads.get(stream) ?? NO_HEAD;
      const { version, commandId, at } = step;
      if (version !== head.version + 1) {
        return [['version-order', `follows version ${head.version}`]];
      }
      heads.set(stream, { version, commandId, at });
      const found: StreamFault[] = [];
      if (!isTime(at)) found.push(['time-order', `${at} is no time as the bank writes it`]);
      else if (at < head.at) found.push(['time-order', `${at} comes after ${head.at}`]);
      // Only an opening makes two events: the account and its first deposit. The same command
      // twice in a row anywhere else is the retry that was executed again.
      if (!isOfOpening(head, step)) {
        const name = `${stream} ${commandId}`;
        const detail = `command ${commandId} was executed before`;
        if (once.has(name)) found.push(['command-once', detail]);
        else once.add(name);
      }
      return found.length === 0 ? NONE : found;
    },
    head: (stream: string): StreamHead => heads.get(stream) ?? NO_HEAD,
    streams: (): Iterable<string> => heads.keys(),
    count: (): number => heads.size,
  };
}
