import type { Tx } from './calls.ts';
import { decodeEvent, encodeEvent, eventsOf } from './values.ts';

describe('events at rest in immudb', () => {
  const json = '{"data":{"description":"a}\\",\\"event\\":{ž"}}';

  test('given an event, then its bytes come back as they were', () => {
    for (const index of [0, 7, 499, 65_535]) {
      const decoded = decodeEvent(encodeEvent(index, json))!;
      expect([decoded.index, decoded.json.toString()]).toEqual([index, json]);
    }
  });

  test.each([
    '',
    '{}',
    'x',
    '{"index":1}',
    '{"index":-1,"event":{}}',
    '{"index":,"event":{}}',
    '{"index":123456,"event":{}}',
    '{"index":1,"event":{}',
    '{"index":1,"Event":{}}',
  ])('given the stranger %p, then it is no event', (text) => {
    expect(decodeEvent(Buffer.from(text))).toBeUndefined();
  });

  test('given a transaction with a stranger, then only what the log wrote is an event', () => {
    const raw = (text: string) => Buffer.concat([Buffer.from([0]), Buffer.from(text)]);
    const entry = (key: string, value: string | Buffer, metadata = null) => ({
      key: raw(key),
      value: raw(value.toString()),
      hValue: Buffer.alloc(0),
      metadata,
    });
    const deleted = { deleted: true, expiration: null } as unknown as null;
    const entries = [
      entry('acct/a/1', encodeEvent(0, json)),
      entry('acct/a/2', encodeEvent(0, json)),
      entry('acct/a/3', encodeEvent(2, json), deleted),
      entry('acct/a/4', 'x'),
      entry('meta/x', '{}'),
      entry('person/a/1', encodeEvent(5, json)),
      entry('refusal/a/1', encodeEvent(6, json)),
    ];
    const foreign: string[] = [];
    const header = { id: 9 } as Tx['header'];
    const events = eventsOf({ header, entries }, (key) => foreign.push(key));
    expect(events.map(({ position }) => position)).toEqual([0, 5, 6].map((at) => 9 * 65_536 + at));
    expect(foreign).toEqual(['acct/a/2', 'acct/a/3', 'acct/a/4']);
  });
});
