import fc from 'fast-check';
import { accountIdOfSerial } from '../domain/account-number.ts';
import { streamOf } from '../contracts/events.ts';
import type { StreamId } from '../domain/ids.ts';
import { SLOTS, SlotsFull, UNSETTLED_STREAMS_MAX, unsettledSlots } from './unsettled-slots.ts';
import type { SlotMerge, SlotWrite } from './unsettled-slots.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const account = (serial: number): StreamId => streamOf(accountIdOfSerial(BigInt(serial)));

test('given an account that a slot lists, its next commit writes no slot', () => {
  const slots = unsettledSlots();
  const write = slots.reserve([account(1), account(2)]) as SlotWrite;
  expect(write.streams).toHaveLength(2);
  slots.wrote(write);
  expect(slots.reserve([account(2)])).toBeUndefined();
  const next = slots.reserve([account(2), account(3)]);
  expect(next).toEqual({ slot: write.slot, streams: [account(1), account(2), account(3)] });
});

test('given a slot that is being written, another commit takes another slot', () => {
  const slots = unsettledSlots();
  const first = slots.reserve([account(1)]);
  const second = slots.reserve([account(2)]);
  expect(second?.slot).not.toBe(first?.slot);
});

test('given a slot whose writing got no answer, the next commit of its accounts lists them', () => {
  const slots = unsettledSlots();
  slots.wrote(slots.reserve([account(1)]) as SlotWrite);
  slots.mayHaveWritten(slots.reserve([account(2)]) as SlotWrite);
  expect(slots.streams()).toEqual([account(1), account(2)]);
  expect(slots.reserve([account(1)])).toBeUndefined();
  const again = slots.reserve([account(2)]) as SlotWrite;
  expect(again.streams).toContain(account(2));
  slots.wrote(again);
  expect(slots.reserve([account(1), account(2)])).toBeUndefined();
});

test('given 10,000 accounts one by one, they fit', () => {
  const slots = unsettledSlots();
  for (let serial = 0; serial < 10_000; serial += 1) {
    slots.wrote(slots.reserve([account(serial)]) as SlotWrite);
  }
  expect(slots.streams()).toHaveLength(10_000);
});

test('given a settled slot, it is free only after its deletion is known', () => {
  const slots = unsettledSlots();
  const write = slots.reserve([account(1)]) as SlotWrite;
  slots.wrote(write);
  expect(slots.takeSettled(() => true)).toEqual([write.slot]);
  expect(slots.reserve([account(1)])?.slot).not.toBe(write.slot);
  expect(slots.takeSettled(() => true)).toEqual([write.slot]);
  slots.deleted([write.slot]);
  expect(slots.takeSettled(() => true)).toEqual([]);
});

const singly = (from: number, count: number, slots: ReturnType<typeof unsettledSlots>): void => {
  const writes = Array.from({ length: count }, (_unused, at) =>
    slots.reserve([account(from + at)]),
  );
  for (const write of writes) slots.wrote(write as SlotWrite);
};

test('given slots that run low, a merge lists what is not settled in the fewest slots', () => {
  const slots = unsettledSlots();
  singly(0, 200, slots);
  const isOdd = new Set(Array.from({ length: 100 }, (_unused, at) => account(2 * at + 1)));
  const isSettled = (id: StreamId): boolean => isOdd.has(id);
  const merge = slots.merge(isSettled) as SlotMerge;
  expect(merge.writes).toHaveLength(1);
  expect(merge.writes[0]?.streams).toHaveLength(100);
  expect(merge.gone).toHaveLength(199);
  expect(slots.merge(isSettled)).toBe(merge);
  slots.merged(merge);
  expect(slots.merge(isSettled)).toBeUndefined();
  expect(slots.streams()).toHaveLength(100);
});

test('given a merge that drops a settled account, its next commit lists it again', () => {
  const slots = unsettledSlots();
  singly(0, 200, slots);
  const merge = slots.merge((id) => id === account(7)) as SlotMerge;
  const again = slots.reserve([account(7)]) as SlotWrite;
  expect([...merge.gone, merge.writes[0]?.slot]).not.toContain(again.slot);
  slots.wrote(again);
  slots.merged(merge);
  expect(slots.streams()).toContain(account(7));
});

test('given more unsettled accounts than slots hold, the next one is refused', () => {
  const slots = unsettledSlots();
  let serial = 0;
  const fill = (): void => {
    for (let left = 192; ; left -= 1) {
      const ids = Array.from({ length: 128 }, () => account((serial += 1)));
      slots.wrote(slots.reserve(ids) as SlotWrite);
      const merge = left <= 0 ? slots.merge(() => false) : undefined;
      if (merge === undefined) continue;
      slots.merged(merge);
      left = 64;
    }
  };
  expect(fill).toThrow(SlotsFull);
  expect(slots.streams().length).toBeGreaterThanOrEqual(UNSETTLED_STREAMS_MAX);
  expect(slots.reserve([account(1)])).toBeUndefined();
});

// The store is what a restarted host would read: it must always list what is not settled.
test(`a restart never misses an account that was not settled (SEED=${seed})`, () => {
  const step = fc.record({
    kind: fc.constantFrom('commit', 'commit', 'settle', 'lost-delete', 'lost', 'lost-answer'),
    accounts: fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 6 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const slots = unsettledSlots();
      const store = new Map<number, readonly StreamId[]>();
      const unsettled = new Set<StreamId>();
      for (const { kind, accounts } of steps) {
        const ids = accounts.map(account);
        if (kind === 'commit' || kind === 'lost' || kind === 'lost-answer') {
          const write = slots.reserve(ids);
          if (write !== undefined) {
            if (kind !== 'lost') store.set(write.slot, write.streams);
            if (kind === 'commit') slots.wrote(write);
            else slots.mayHaveWritten(write);
          }
          if (kind !== 'lost') for (const id of ids) unsettled.add(id);
        } else {
          for (const id of ids) unsettled.delete(id);
          const gone = slots.takeSettled((id) => !unsettled.has(id));
          for (const slot of gone) store.delete(slot);
          if (kind === 'settle') slots.deleted(gone);
        }
        const listed = new Set([...store.values()].flat());
        expect([...unsettled].filter((id) => !listed.has(id))).toEqual([]);
        expect(store.size).toBeLessThanOrEqual(SLOTS);
      }
    }),
    { seed, numRuns: 2_000 },
  );
});
