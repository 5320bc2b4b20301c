import { authenticCalls } from './authentic-calls.ts';

const [caller, host] = [authenticCalls('a key of two'), authenticCalls('a key of two')];
const stranger = authenticCalls('another key');
const TARGET = 'Actor/1/execute';
const JSON_TEXT = '{"amount":"1.00","text":"ž\\" }"}';

const sent = (json = JSON_TEXT) => caller.send(TARGET, json);
const flipped = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

test('a call arrives as it was sent, and its answer comes back', () => {
  const { body, read } = sent();
  expect(JSON.parse(body)).toMatchObject({ call: JSON.parse(JSON_TEXT) });
  const taken = host.take(TARGET, body)!;
  expect(taken.json).toBe(JSON_TEXT);
  const answer = taken.answer('{"ok":true}');
  expect(JSON.parse(answer)).toMatchObject({ answer: { ok: true } });
  expect(read(answer)).toBe('{"ok":true}');
});

test.each<[what: string, target: string, body: (call: string) => string]>([
  ['for another one who is called', 'Actor/2/execute', (body) => body],
  ['with another code', TARGET, (body) => flipped(body, 10)],
  ['with another number', TARGET, (body) => flipped(body, 65)],
  ['that asks something else', TARGET, (body) => body.replace('1.00', '9.00')],
  ['of another key', TARGET, () => stranger.send(TARGET, JSON_TEXT).body],
  ['without a code', TARGET, () => JSON_TEXT],
  ['that is cut', TARGET, (body) => body.slice(0, -1)],
  ['of nothing', TARGET, () => ''],
])('a call %s is not taken', (_what, target, bodyOf) => {
  expect(host.take(target, bodyOf(sent().body))).toBeUndefined();
});

test.each<[what: string, answer: (body: string) => string]>([
  ['of another key', (body) => answerOf(stranger.send(TARGET, JSON_TEXT).body, stranger) ?? body],
  ['to another call', () => answerOf(sent('{"other":1}').body)!],
  ['to the same, asked before', () => answerOf(sent().body)!],
  ['that was changed', (body) => answerOf(body)!.replace('7.00', '9.00')],
  ['without a code', () => '{"total":"7.00"}'],
  ['that is the call', (body) => body],
  ['of nothing', () => ''],
])('an answer %s is none', (_what, answerTo) => {
  const { body, read } = sent();
  expect(read(answerTo(body))).toBeUndefined();
  expect(read(answerOf(body)!)).toBe('{"total":"7.00"}');
});

const answerOf = (body: string, by = host): string | undefined =>
  by.take(TARGET, body)?.answer('{"total":"7.00"}');

test('given two keys, calls of either are taken and answered by it; the first one calls', () => {
  const both = authenticCalls('another key,a key of two');
  for (const one of [caller, stranger]) {
    const { body, read } = one.send(TARGET, JSON_TEXT);
    expect(read(both.take(TARGET, body)!.answer('{"ok":true}'))).toBe('{"ok":true}');
  }
  const own = both.send(TARGET, JSON_TEXT).body;
  expect([stranger, host].map((one) => one.take(TARGET, own)?.json)).toEqual([
    JSON_TEXT,
    undefined,
  ]);
});
