import { readLetter } from './dead-letter-box.ts';

const AT = new Date(0);
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const message = (value: unknown): string =>
  Buffer.from(readLetter(1, AT, bytes(value)).message).toString();

test('given a dead letter, its reason and the message as it was sent are read', () => {
  const errors = [{ at: '/amount', message: 'is bad' }];
  const data = { reason: 'no command', errors, message: '{"id":1}', encoding: 'utf-8' };
  expect(readLetter(7, AT, bytes({ data }))).toEqual({
    id: 7,
    at: AT,
    reason: 'no command',
    errors,
    message: Buffer.from('{"id":1}'),
    cut: false,
  });
});

test('given a message that is no text, it comes out as the bytes that it was', () => {
  const data = { reason: 'x', message: Buffer.from([0xff, 0]).toString('base64') };
  const letter = readLetter(1, AT, bytes({ data: { ...data, encoding: 'base64' } }));
  expect([...letter.message]).toEqual([0xff, 0]);
});

test.each([[{}], [{ data: null }], [{ data: { reason: 1 } }], ['x']])(
  'given %j in the stream, it is shown but cannot be replayed',
  (content) => {
    expect(readLetter(1, AT, bytes(content))).toMatchObject({ cut: true });
    expect(message(content)).toBe(JSON.stringify(content));
  },
);
test('given no JSON in the stream, it is shown but cannot be replayed', () => {
  expect(readLetter(1, AT, Buffer.from('{'))).toMatchObject({ cut: true });
});
