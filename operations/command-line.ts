import { Argument, Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { CannotRun } from '../runtime/progress.ts';

export { Argument, InvalidArgumentError, Option };

/** As for `npm run verify`: 1 says that something is wrong, 2 that nothing was tried. */
const WRONG_COMMAND = 2;

/**
 * A command that a person starts. `--help` shows its help; words that it does not understand are
 * refused with what is wrong and the help, and the exit code is 2.
 */
export function command(name: string, does: string): Command {
  const made = new Command(`npm run ${name} --`).description(does);
  made.configureOutput({ writeErr: () => undefined });
  return made.exitOverride(({ code, exitCode, message }) => {
    if (exitCode === 0) process.exit();
    const wrong = code === 'commander.help' ? '' : `${message}\n\n`;
    throw new CannotRun(`${wrong}${made.helpInformation()}`, { exitCode: WRONG_COMMAND });
  });
}

/** Takes a whole number in these bounds. */
export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };

/** Takes an option that may be given several times. */
export const several = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  text,
];
