import { spawn, type ChildProcess } from 'node:child_process';

export interface CommandRun {
  readonly code: number;
  /** Both streams, as a person would see them. */
  readonly said: string;
}

type Place = { instance: number; dataDir: string } & Record<string, unknown>;

/** Runs a compiled command of the bank to its end, as `npm run` does. */
export const runCommandOf = (
  file: string,
  args: readonly string[],
  place: Place,
): Promise<CommandRun> => beginCommandOf(file, args, place).ended;

/** The same, for who does something to it meanwhile. */
export function beginCommandOf(
  file: string,
  args: readonly string[],
  { instance, dataDir, ...more }: Place,
): { readonly child: ChildProcess; readonly ended: Promise<CommandRun> } {
  const child = spawn(process.execPath, [`dist/${file}`, ...args], {
    env: {
      ...process.env,
      ...(more as Record<string, string>),
      CORE_BANK_INSTANCE: String(instance),
      CORE_BANK_DATA: dataDir,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }
  const ended = new Promise<CommandRun>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, said }));
  });
  return { child, ended };
}
