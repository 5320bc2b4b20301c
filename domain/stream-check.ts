/** Names that may stand in a log once, for ever; a Set, or what takes less room than one. */
export interface OnceNames {
  has(name: string): boolean;
  add(name: string): unknown;
}

/** How far a stream was followed: its last version (0 for none) and that event's command. */
export interface StreamHead {
  readonly version: number;
  readonly commandId: string | undefined;
}
const OPENING_EVENTS_MAX = 2;
const NO_HEAD: StreamHead = { version: 0, commandId: undefined };

/** I3 and I6 of any stream: its versions are 1..n, and each of its commands was executed once. */
export function createStreamCheck(once: OnceNames) {
  const heads = new Map<string, StreamHead>();
  return {
    /** Takes the next entry of a stream. What does not follow is not taken. */
    follow(
      stream: string,
      version: number,
      commandId: string,
    ): readonly ['version-order' | 'command-once', string] | undefined {
      const head = heads.get(stream) ?? NO_HEAD;
      const before = head.version;
      if (version !== before + 1) return ['version-order', `follows version ${before}`];
      // Only an opening makes two events: the account and its first deposit. The same command
      // twice in a row anywhere else is the retry that was executed again.
      const goesOn = version === OPENING_EVENTS_MAX && head.commandId === commandId;
      heads.set(stream, { version, commandId });
      if (goesOn) return undefined;
      const name = `${stream} ${commandId}`;
      if (once.has(name)) return ['command-once', `command ${commandId} was executed before`];
      once.add(name);
      return undefined;
    },
    head: (stream: string): StreamHead => heads.get(stream) ?? NO_HEAD,
    streams: (): Iterable<string> => heads.keys(),
    count: (): number => heads.size,
  };
}
