import { createLogger, type Logger } from './logger.ts';

/** For tests that are not about what is logged. */
export const silentLogger: Logger = createLogger('test', 'error');
silentLogger.silent = true;
