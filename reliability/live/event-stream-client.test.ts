import { parseBlocks } from './event-stream-client.ts';

test('blocks are read whole, what has begun is kept for later', () => {
  const text = ': hi\nretry: 1000\nid: 4\n\nid: 5\nevent: paid\ndata: {"a": 1}\n\nid: 6\nda';
  const parsed = parseBlocks(text);
  expect(parsed.messages).toEqual([{ id: '5', type: 'paid', data: '{"a": 1}' }]);
  expect(parsed.lastEventId).toBe('5');
  expect(parsed.rest).toBe('id: 6\nda');
});

test('a block without data only moves the last event id', () => {
  expect(parseBlocks('id: 9\n\n: heartbeat\n\n', '3')).toEqual({
    messages: [],
    lastEventId: '9',
    rest: '',
  });
  expect(parseBlocks(': heartbeat\n\n', '3').lastEventId).toBe('3');
});
