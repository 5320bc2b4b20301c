const TICK_MS = 1_000;
/** Without a terminal a long step reports itself this rarely, so that logs stay readable. */
const QUIET_TICK_MS = 30_000;

/** A step that is shown until it ends. */
interface Step {
  readonly done: (note?: string) => void;
  readonly failed: () => void;
}

/** Shows people how far a command is. */
export interface Progress {
  readonly say: (line: string) => void;
  readonly step: (label: string) => Step;
  /** Shows a step for as long as the work takes, however it ends. */
  readonly during: <T>(label: string, work: () => Promise<T>) => Promise<T>;
}

/** A sentence for the user: what is wrong and what to do. It is printed without a stack. */
export class CannotRun extends Error {
  readonly exitCode: number;

  constructor(message: string, options: ErrorOptions & { readonly exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? 1;
  }
}

/** A duration as people read it. */
export const clock = (elapsedMs: number): string => {
  const seconds = Math.floor(elapsedMs / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

/** Progress as one rewritten line on a terminal, and as a few plain lines elsewhere. */
export const createProgress = (quiet = false, out = process.stdout): Progress => {
  const live = !quiet && Boolean(out.isTTY);
  let current = '';
  const write = (text: string): void => {
    if (!quiet) out.write(text);
  };
  const say = (line: string): void => {
    write(live && current !== '' ? `\r\x1b[K${line}\n${current}` : `${line}\n`);
  };
  const step = (label: string): Step => {
    const started = Date.now();
    const line = (): string => `${label} ${clock(Date.now() - started)}`;
    const draw = (): void => {
      current = line();
      write(`\r\x1b[K${current}`);
    };
    if (live) draw();
    else write(`${label}\n`);
    const tick = live ? draw : () => write(`${line()}\n`);
    const timer = setInterval(tick, live ? TICK_MS : QUIET_TICK_MS);
    timer.unref();
    const finish = (note: string): void => {
      clearInterval(timer);
      current = '';
      write(`${live ? '\r\x1b[K' : ''}${line()} ${note}\n`);
    };
    return { done: (note = 'done') => finish(note), failed: () => finish('failed') };
  };
  const during = async <T>(label: string, work: () => Promise<T>): Promise<T> => {
    const shown = step(label);
    try {
      const result = await work();
      shown.done();
      return result;
    } catch (error) {
      shown.failed();
      throw error;
    }
  };
  return { say, step, during };
};

/** Runs a command's main function: CannotRun becomes one sentence and exit code 1. */
export const runCommand = (main: () => Promise<void>): void => {
  // The reader of the output may have gone; a supervisor goes on without an audience.
  process.stdout.on('error', () => undefined);
  main().catch((error: unknown) => {
    const known = error instanceof CannotRun ? error : undefined;
    const text = known?.message ?? String((error as Error).stack ?? error);
    process.stderr.write(`${text}\n`, () => process.exit(known?.exitCode ?? 1));
  });
};
