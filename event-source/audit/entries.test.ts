import fc from 'fast-check';
import { bankEventSchema } from '../../contracts/log/bank-events.ts';
import { bankForTests } from '../../domain/bank-for-tests.ts';
import { STEPS } from '../../domain/commands-for-tests.ts';
import {
  eventOf,
  newAccount,
  personLike,
  randomOf,
  refusalsLike,
} from '../log/events-for-tests.ts';
import { isBankEvent } from './entries.ts';
import { livedCommands } from './lived-events-for-tests.ts';
import { isEveryRun, runsOf } from '../../domain/runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);

/** One event of each type, and more. */
function samples(): object[] {
  const bank = bankForTests();
  const random = randomOf(7);
  const below = (end: number): number => Math.floor(random() * end);
  for (let at = 0; at < 60 * STEPS.length; at += 1) {
    const [account, kind] = [below(4), at < 4 ? 0 : below(STEPS.length)];
    const amount = BigInt(1 + below(100));
    bank.step({ account, kind, amount, pick: below(4_000), minutes: below(60) });
  }
  // An account that never had money is closed.
  for (const kind of [STEPS.indexOf('open-account'), STEPS.indexOf('close')]) {
    bank.step({ account: 5, kind, amount: 1n, pick: 0, minutes: 1 });
  }
  const account = newAccount();
  const lived = livedCommands(bank.entries).flatMap(({ events }) => events);
  const others = [personLike(account), refusalsLike(account)].flatMap((id) =>
    [1, 2].map((version) => eventOf(id, version)),
  );
  const erased = { ...eventOf(personLike(account), 2), type: 'person-erased', data: {} };
  return [...lived, ...others, erased].map((event) => JSON.parse(JSON.stringify(event)) as object);
}

const values = fc.oneof(
  fc.constantFrom('', '0', '0.00', '-1.00', '01.00', '1.5', '1e3', '1234567890123456.00'),
  fc.constantFrom('EUR', 'eur', 'XXX', '2026-01-01T00:00:00Z', 'voided', 'credit', 'x\u0000'),
  fc.constantFrom('00000000-0000-8000-8000-000000000001', '00000000-0000-8000-8000-00000000000G'),
  fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 1.5, 2 ** 53, [], {}, ['x'], { k: 'v' }),
  fc.string({ unit: 'binary', maxLength: 210 }),
);

/** The value with the member at a place, anywhere in it, exchanged, added or taken out. */
function changed(value: object, place: number, how: number, by: unknown): object {
  const copy = structuredClone(value);
  const places: [Record<string, unknown>, string][] = [];
  const collect = (of: unknown): void => {
    if (typeof of !== 'object' || of === null) return;
    for (const [name, member] of Object.entries(of)) {
      places.push([of as Record<string, unknown>, name]);
      collect(member);
    }
  };
  collect(copy);
  const [of, name] = places[place % places.length]!;
  if (how === 0) delete of[name];
  else if (how === 1) of[`${name}x`] = by;
  else of[name] = by;
  return copy;
}

test(`the audit takes the events that the contract takes, and no others, SEED=${seed}`, () => {
  const all = samples();
  const types = new Set(all.map((event) => (event as { type: string }).type));
  expect(types.size).toBe(26);
  for (const event of all) expect([isBankEvent(event), event]).toEqual([true, event]);
  const agreed = { yes: 0, no: 0 };
  const change = fc.tuple(fc.nat(), fc.nat(3), values);
  fc.assert(
    fc.property(fc.nat(), change, (which, [place, how, by]) => {
      const event = changed(all[which % all.length]!, place, how, by);
      const expected = bankEventSchema.safeParse(event).success;
      agreed[expected ? 'yes' : 'no'] += 1;
      // That a stream is one of its type follows from the rules, not from the shape.
      if (isBankEvent(event) !== expected) throw new Error(JSON.stringify(event));
    }),
    { seed, numRuns: runsOf(20_000) },
  );
  expect(Math.min(agreed.yes, agreed.no)).toBeGreaterThan(isEveryRun ? 500 : 0);
});

test.each([null, 1, 'x', [], {}, { type: 'x' }, { type: 'account-frozen' }])(
  'what is no event is none: %j',
  (value) => expect(isBankEvent(value)).toBe(false),
);
