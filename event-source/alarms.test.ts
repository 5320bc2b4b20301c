import { createLogger } from '../platform/logger.ts';
import { alarmBook, GRAVE } from './alarms.ts';

const logger = createLogger('test', 'error');
logger.silent = true;

test('given ten thousand small alarms, then a grave one is still kept and told', () => {
  const told: string[] = [];
  const alarms = alarmBook(logger, ({ kind }) => void told.push(kind));
  for (let at = 0; at < 10_000; at += 1) alarms.raise('gap', `stream ${at}`, 'waits');
  alarms.raise('tampered', 'a key', 'was written over');
  alarms.raise('imbalance', 'a key', 'does not add up');
  expect(alarms.first(...GRAVE)).toMatchObject({ kind: 'tampered', subject: 'a key' });
  expect(told.slice(-2)).toEqual(['tampered', 'imbalance']);
  expect(told.length).toBe(1_002);
  // What found no place is counted, so that nobody thinks that this is all.
  expect(alarms.counts().get('gap')).toBe(10_000);
  expect(alarms.counts().get('tampered')).toBe(1);
  expect(alarms.count()).toBe(10_002);
});

test('given alarms of several kinds, then the oldest are listed first', () => {
  const alarms = alarmBook(logger);
  alarms.raise('poison', 'a', 'x');
  alarms.raise('gap', 'b', 'x');
  alarms.raise('poison', 'c', 'x');
  alarms.raise('poison', 'a', 'x');
  alarms.lower('gap', 'b');
  expect(alarms.list().map(({ subject, count }) => [subject, count])).toEqual([
    ['a', 2],
    ['c', 1],
  ]);
});
