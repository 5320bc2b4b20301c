import fc from 'fast-check';
import { accountIdOfSerial } from '../domain/account-number.ts';
import { streamOf } from '../contracts/events.ts';
import type { StreamId } from '../domain/ids.ts';
import { SLOTS, unsettledSlots, type SlotWrite } from './unsettled-slots.ts';

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

test('given slots that run low, one merge lists what all of them listed', () => {
  const slots = unsettledSlots();
  const writes = Array.from({ length: 200 }, (_unused, serial) => slots.reserve([account(serial)]));
  for (const write of writes) slots.wrote(write as SlotWrite);
  const merge = slots.merge();
  expect(merge?.write.streams).toHaveLength(200);
  slots.merged(merge as NonNullable<typeof merge>);
  expect(slots.merge()).toBeUndefined();
  expect(slots.streams()).toHaveLength(200);
});

// The store is what a restarted host would read: it must always list what is not settled.
test(`a restart never misses an account that was not settled (SEED=${seed})`, () => {
  const step = fc.record({
    kind: fc.constantFrom('commit', 'commit', 'settle', 'lost-delete', 'merge'),
    accounts: fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 6 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const slots = unsettledSlots();
      const store = new Map<number, readonly StreamId[]>();
      const unsettled = new Set<StreamId>();
      for (const { kind, accounts } of steps) {
        const ids = accounts.map(account);
        if (kind === 'commit') {
          const write = slots.reserve(ids);
          if (write !== undefined) {
            store.set(write.slot, write.streams);
            slots.wrote(write);
          }
          for (const id of ids) unsettled.add(id);
        } else if (kind !== 'merge') {
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
