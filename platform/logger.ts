import winston from 'winston';
import { repeatedLines } from './repeated-lines.ts';

export type Logger = winston.Logger;

const LOOK_MS = 5_000;

/**
 * A logger that writes one JSON object per line to stdout. Never give it a secret. A line that
 * cannot be written is lost: a full disk must not end whoever has something to say of it. What is
 * said again and again is counted (repeated-lines.ts).
 */
export function createLogger(service: string, level: string): Logger {
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined);
  const repeats = repeatedLines();
  const logger = winston.createLogger({
    level,
    defaultMeta: { service },
    format: winston.format.combine(
      winston.format.errors({ stack: true }),
      repeats.format,
      winston.format.timestamp(),
      winston.format.json(),
    ),
    transports: [new winston.transports.Console()],
  });
  setInterval(() => repeats.due().forEach((line) => logger.log(line)), LOOK_MS).unref();
  return logger;
}
