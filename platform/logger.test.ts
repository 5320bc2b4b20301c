import { createLogger } from './logger.ts';

test('given a disk that is full, what is logged is lost and nothing else', () => {
  createLogger('test', 'error');
  createLogger('test', 'error');
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  // Without a listener an 'error' of a stream is thrown, and ends the process.
  expect(() => process.stdout.emit('error', full)).not.toThrow();
  expect(process.stdout.listenerCount('error')).toBe(1);
});
