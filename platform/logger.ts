import winston from 'winston';

/** The same line is written once in so long, with how often it was said meanwhile. */
const EVERY_MS = 60_000;
/** Lines that are remembered; beyond that the oldest are written again when they come again. */
const LINES_MAX = 500;
/** A longer line is written each time. */
const LINE_CHARACTERS_MAX = 10_000;
const QUIET_LEVELS = new Set(['warn', 'error']);

/** Where winston's formats put the text of a line (package triple-beam). */
const MESSAGE = Symbol.for('message');

interface Line {
  readonly info: winston.Logform.TransformableInfo;
  readonly since: number;
  repeated: number;
}

/**
 * Counts warnings and errors that repeat instead of writing them again, so that an outage does not
 * fill the disk. Two lines are the same when they would be written alike, so this comes before the
 * time is added. `due` returns the lines that were held back for long enough, each with `repeated`,
 * to be written once more.
 * @param now milliseconds since the epoch.
 */
export function repeatedLines(now: () => number = Date.now) {
  const lines = new Map<string, Line>();

  const json = winston.format.json();
  const written = (info: winston.Logform.TransformableInfo): string => {
    const done = json.transform({ ...info }, json.options);
    return typeof done === 'object' ? String(done[MESSAGE]) : '';
  };

  const format = winston.format((info) => {
    if (!QUIET_LEVELS.has(info.level) || 'repeated' in info) return info;
    const key = written(info);
    if (key.length > LINE_CHARACTERS_MAX) return info;
    const known = lines.get(key);
    if (known !== undefined) {
      known.repeated += 1;
      return false;
    }
    lines.set(key, { info: { ...info }, since: now(), repeated: 0 });
    const [oldest] = lines.keys();
    if (lines.size > LINES_MAX && oldest !== undefined) lines.delete(oldest);
    return info;
  });
  /** The lines that were held back for long enough, to be written once more. */
  const due = (): winston.LogEntry[] => {
    const before = now() - EVERY_MS;
    const old = [...lines].filter(([, { since }]) => since <= before);
    for (const [key] of old) lines.delete(key);
    return old.flatMap(([, { info, repeated }]) =>
      repeated > 0 ? [{ ...info, message: String(info.message), repeated }] : [],
    );
  };
  return { format: format(), due };
}

/** winston's logger. */
export type Logger = winston.Logger;

const CAUSES_MAX = 5;
const CAUSE_CHARACTERS_MAX = 500;

/** What an error says and then what caused it, as far as that was not said yet. */
export function errorText(error: unknown, isWithStack = false): string {
  let text = (isWithStack && error instanceof Error && error.stack) || String(error);
  let cause = causeOf(error);
  for (let depth = 0; depth < CAUSES_MAX && cause !== undefined; depth += 1) {
    const said = String(cause).slice(0, CAUSE_CHARACTERS_MAX);
    if (!text.includes(said)) text += `; caused by ${said}`;
    cause = causeOf(cause);
  }
  return text;
}

const causeOf = (error: unknown): Error | undefined =>
  error instanceof Error && error.cause instanceof Error ? error.cause : undefined;

/** An error in a line is written with its causes; JSON would make `{}` of it. */
const errorMembers = winston.format((info) => {
  for (const [name, value] of Object.entries(info)) {
    if (value instanceof Error) info[name] = errorText(value);
  }
  return info;
});

const LOOK_MS = 5_000;

/**
 * A logger that writes one JSON object per line to stdout. Never give it a secret. A line that
 * cannot be written is lost: a full disk must not end a service that has something to report.
 * Repeated lines are counted (`repeatedLines`).
 * @param level error, warn, info or debug.
 * @example
 * const logger = createLogger('event-source', config.LOG_LEVEL);
 * logger.warn('the broker is away', { error: String(error) });
 */
export function createLogger(service: string, level: string): Logger {
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined);
  const repeats = repeatedLines();
  const logger = winston.createLogger({
    level,
    defaultMeta: { service },
    format: winston.format.combine(
      winston.format.errors({ stack: true }),
      errorMembers(),
      repeats.format,
      winston.format.timestamp(),
      winston.format.json(),
    ),
    transports: [new winston.transports.Console()],
  });
  setInterval(() => repeats.due().forEach((line) => logger.log(line)), LOOK_MS).unref();
  return logger;
}
