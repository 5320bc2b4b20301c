import { Writable } from 'node:stream';
import winston from 'winston';
import { repeatedLines } from './logger.ts';

function written() {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  let at = 0;
  const repeats = repeatedLines(() => at);
  const logger = winston.createLogger({
    level: 'info',
    format: winston.format.combine(
      winston.format.errors({ stack: true }),
      repeats.format,
      winston.format.json(),
    ),
    transports: [new winston.transports.Stream({ stream })],
  });
  const pass = (ms: number): void => {
    at += ms;
    for (const line of repeats.due()) logger.log(line);
  };
  return { logger, lines, pass };
}

test('given the same warning 1,000 times in a minute, it is written once, then counted', () => {
  const { logger, lines, pass } = written();
  for (let n = 0; n < 1_000; n += 1) {
    logger.warn('the log cannot be opened', { error: 'away' });
    pass(50);
  }
  expect(lines).toEqual([{ level: 'warn', message: 'the log cannot be opened', error: 'away' }]);
  pass(60_000);
  expect(lines.slice(1)).toEqual([{ ...lines[0], repeated: 999 }]);
  logger.warn('the log cannot be opened', { error: 'away' });
  expect(lines).toHaveLength(3);
});

test('given lines that differ in message, context or level, each is written', () => {
  const { logger, lines } = written();
  logger.warn('waits', { position: 1 });
  logger.warn('waits', { position: 2 });
  logger.error('waits', { position: 2 });
  logger.warn('goes on', { position: 2 });
  expect(lines).toHaveLength(4);
});

test('given different errors as they are, or numbers that JSON lacks, each is written', () => {
  const { logger, lines } = written();
  for (const what of ['one', 'other', 'other']) {
    const error = new Error(what);
    error.stack = `at ${what}`;
    logger.error(error);
  }
  for (const position of [1n, 2n, 2n]) logger.warn('waits', { position });
  expect(lines.map(({ message }) => message)).toEqual(['one', 'other', 'waits', 'waits']);
});

test('given a line that is too long to remember, it is written each time', () => {
  const { logger, lines } = written();
  for (let n = 0; n < 2; n += 1) logger.warn('long', { text: 'x'.repeat(20_000) });
  expect(lines).toHaveLength(2);
});

test('given what is no warning, all of it is written', () => {
  const { logger, lines } = written();
  for (let n = 0; n < 3; n += 1) logger.info('served');
  expect(lines).toHaveLength(3);
});

test('given more different lines than are remembered, the oldest are forgotten', () => {
  const { logger, lines, pass } = written();
  for (let n = 0; n < 2_000; n += 1) logger.warn(`line ${n}`);
  logger.warn('line 0');
  logger.warn('line 1999');
  expect(lines).toHaveLength(2_001);
  pass(60_000);
  expect(lines).toHaveLength(2_002);
});
