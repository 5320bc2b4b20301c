import { Writable } from 'node:stream';
import winston from 'winston';
import { sidecar } from './dapr.ts';
import { createLogger, errorText } from './logger.ts';
import { ask } from './service-client.ts';
import { z } from 'zod';

test('given a disk that is full, what is logged is lost and nothing else', () => {
  createLogger('test', 'error');
  createLogger('test', 'error');
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  // Without a listener an 'error' of a stream is thrown, and ends the process.
  expect(() => process.stdout.emit('error', full)).not.toThrow();
  expect(process.stdout.listenerCount('error')).toBe(1);
});

test('given an error that others caused, the line tells of each of them once', async () => {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  const logger = createLogger('test', 'warn').clear();
  logger.add(new winston.transports.Stream({ stream }));
  const call = {
    app: 'x',
    method: 'GET',
    path: '/',
    input: z.object({}),
    answer: z.any(),
  } as const;
  // Nobody listens on port 1.
  const dapr = sidecar({ httpPort: 1, apiToken: 'x', host: '127.0.0.1' });
  const lost: unknown = await ask(dapr, call, {}).catch((error: unknown) => error);
  await dapr.close();
  logger.warn('a page cannot be read', {
    error: new Error('the log is away', { cause: lost }),
  });
  expect(lines).toHaveLength(1);
  const [refused, ...again] = String(lines[0]!['error']).split('ECONNREFUSED');
  expect(refused).toMatch(/^Error: the log is away; caused by Error: GET .*: Error: connect $/);
  expect(again).toHaveLength(1);
});

test('given causes without end, then what is written has one', () => {
  const first = new Error('first');
  const long = new Error('x'.repeat(10_000), { cause: first });
  first.cause = long;
  const text = errorText(new Error('last', { cause: first }));
  expect(text).toMatch(/^Error: last; caused by Error: first; caused by Error: x+$/);
  expect(text.length).toBeLessThan(600);
  let chain = new Error('0');
  for (let at = 1; at < 100; at += 1) chain = new Error(`cause ${at}`, { cause: chain });
  expect(errorText(chain).split('caused by')).toHaveLength(6);
});
