import { z } from 'zod';
import { wording } from './wording.ts';

const schema = z.strictObject({
  name: z.string().min(1).max(3),
  count: z.int().min(2).max(5),
  is: z.boolean(),
  kind: z.enum(['a', 'b']),
  only: z.literal('x'),
  list: z.array(z.string()).min(1).max(2),
  code: z.string().regex(/^[a-z]+$/),
  mail: z.email(),
  keys: z.record(z.string().regex(/^[a-z]+$/, 'must be lower case'), z.string()),
  step: z.number().multipleOf(5),
  either: z.union([z.int(), z.boolean()]),
  command: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('open') }),
    z.strictObject({ type: z.literal('close') }),
  ]),
});
const good = {
  name: 'abc',
  count: 2,
  is: true,
  kind: 'a',
  only: 'x',
  list: ['x'],
  code: 'x',
  mail: 'a@b.cz',
  keys: { a: 'b' },
  step: 5,
  either: 1,
  command: { type: 'open' },
};

test.each([
  ['name', undefined, 'is required'],
  ['name', 1, 'must be text'],
  ['name', null, 'must be text'],
  ['name', '', 'must not be empty'],
  ['name', 'abcd', 'must have at most 3 characters'],
  ['count', 1.5, 'must be a whole number'],
  ['count', 1, 'must be at least 2'],
  ['count', 6, 'must be at most 5'],
  ['is', 'true', 'must be true or false'],
  ['kind', undefined, 'is required'],
  ['kind', 'c', 'must be one of a, b'],
  ['only', 'y', 'must be x'],
  ['list', 'x', 'must be a list'],
  ['list', [], 'must have at least 1 item'],
  ['list', ['a', 'b', 'c'], 'must have at most 2 items'],
  ['code', 'X', 'must match /^[a-z]+$/'],
  ['mail', 'x', 'must be an email'],
  ['keys', 'x', 'must be an object'],
  ['keys', { A: 'b' }, 'has a name that must be lower case'],
  ['step', 7, 'must be a multiple of 5'],
  ['either', 'x', 'must be a number, or must be true or false'],
  ['command', { type: 'shut' }, 'must be one of open, close'],
  ['command', {}, 'is required'],
  ['command', 1, 'must be an object'],
])('given %s: %p, a client reads: %s', (member, value, message) => {
  const parsed = schema.safeParse({ ...good, [member]: value }, { error: wording });
  expect(parsed.error?.issues.map((issue) => issue.message)).toEqual([message]);
});

test('what is right has no message', () => {
  expect(schema.safeParse(good, { error: wording }).success).toBe(true);
});
