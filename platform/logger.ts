import winston from 'winston';

export type Logger = winston.Logger;

/**
 * A logger that writes one JSON object per line to stdout. Never give it a secret. A line that
 * cannot be written is lost: a full disk must not end whoever has something to say of it.
 */
export function createLogger(service: string, level: string): Logger {
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined);
  return winston.createLogger({
    level,
    defaultMeta: { service },
    format: winston.format.combine(
      winston.format.timestamp(),
      winston.format.errors({ stack: true }),
      winston.format.json(),
    ),
    transports: [new winston.transports.Console()],
  });
}
