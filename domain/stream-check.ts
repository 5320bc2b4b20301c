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
/** What came of an event at its place. */
export interface Placed {
  /** It comes from the command that opened the stream, which may make two. */
  readonly isOfOpening: boolean;
  readonly faults: readonly StreamFault[];
}
export type StreamFault = readonly ['version-order' | 'command-once' | 'time-order', string];

const OPENING_EVENTS_MAX = 2;
const NO_HEAD: StreamHead = { version: 0, commandId: undefined, at: '' };
const SOUND: Placed = { isOfOpening: false, faults: [] };
const SECOND: Placed = { isOfOpening: true, faults: [] };

/** Every month has so many days. */
const DAYS_SURE = '28';
const TIME = /^\d{4}-(?:0[1-9]|1[0-2])-[0-3]\dT(?:[01]\d|2[0-3])(?::[0-5]\d){2}\.\d{3}Z$/;

/** The bank writes one form of times only, so that their texts have their order. */
function isTime(at: string): boolean {
  if (!TIME.test(at)) return false;
  const day = at.slice(8, 10);
  return (day <= DAYS_SURE && day > '00') || new Date(Date.parse(at) || 0).toISOString() === at;
}

/**
 * I3 and I6 of any stream: its versions are 1..n, their times do not go back, and each of its
 * commands was executed once.
 */
export function createStreamCheck(once: OnceNames) {
  const heads = new Map<string, { version: number; commandId: string; at: string }>();

  const faultsOf = (before: StreamHead, at: string, again: string | undefined): StreamFault[] => {
    const found: StreamFault[] = [];
    if (!isTime(at)) found.push(['time-order', `${at} is no time as the bank writes it`]);
    else if (at < before.at) found.push(['time-order', `${at} comes after ${before.at}`]);
    if (again !== undefined) {
      found.push(['command-once', `command ${again} was executed before`]);
    }
    return found;
  };

  return {
    /** Takes the next entry of a stream. What does not follow is not taken. */
    follow(stream: string, { version, commandId, at }: StreamStep): Placed {
      const head = heads.get(stream);
      const before = head ?? NO_HEAD;
      if (version !== before.version + 1) {
        const detail = `follows version ${before.version}`;
        return { isOfOpening: false, faults: [['version-order', detail]] };
      }
      // Only an opening makes two events: the account and its first deposit. The same command
      // twice in a row anywhere else is the retry that was executed again.
      const isOfOpening = version === OPENING_EVENTS_MAX && before.commandId === commandId;
      let again: string | undefined;
      if (!isOfOpening) {
        const name = `${stream} ${commandId}`;
        if (once.has(name)) again = commandId;
        else once.add(name);
      }
      const isSound = again === undefined && at >= before.at && isTime(at);
      const faults = isSound ? undefined : faultsOf(before, at, again);
      if (head === undefined) heads.set(stream, { version, commandId, at });
      else {
        head.version = version;
        head.commandId = commandId;
        head.at = at;
      }
      if (faults !== undefined) return { isOfOpening, faults };
      return isOfOpening ? SECOND : SOUND;
    },
    head: (stream: string): StreamHead => heads.get(stream) ?? NO_HEAD,
    streams: (): Iterable<string> => heads.keys(),
    count: (): number => heads.size,
  };
}
