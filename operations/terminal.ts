import { printable } from '../proofs/findings.ts';

/**
 * A line as a terminal may show it. What logs, health and alarms tell came from elsewhere in part:
 * control characters, those of C1 too, could repaint the screen or type into it, and others turn
 * the writing around. A tab stays.
 */
export const terminalLine = (line: string): string => line.split('\t').map(printable).join('\t');

/** Writes a line to the terminal, whatever is in it. */
export const say = (line: string): void => void process.stdout.write(`${terminalLine(line)}\n`);
