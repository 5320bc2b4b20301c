import fc from 'fast-check';
import { decidePerson, evolvePerson, NO_PERSON } from './person.ts';
import type { Person, PersonCommand } from './person.ts';
import { runsOf } from './runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const RUNS = runsOf(10_000);
const AT = '2026-11-21T10:00:00.000Z';
const LATER = '2026-11-21T11:00:00.000Z';
const address = { line1: 'Lipová 1', city: 'Brno', postalCode: '602 00', country: 'CZ' };
const register: PersonCommand = { type: 'register-person', givenName: 'Jana', familyName: 'Malá' };
const change: PersonCommand = { type: 'change-address', address };
const erase: PersonCommand = { type: 'erase-person' };

/** Gives the commands one after the other: the person, the events, and what each was told. */
function given(...commands: readonly PersonCommand[]) {
  let person = NO_PERSON as Person;
  const events: string[] = [];
  const said = commands.map((command, index) => {
    const decision = decidePerson(person, command, index === 0 ? AT : LATER);
    if (!decision.ok) return decision.refusal.code;
    person = evolvePerson(person, decision.event);
    events.push(decision.event.type);
    return decision.event.type;
  });
  return { person, said, events };
}

test('given nobody, when a person is registered, then the event has all that was said', () => {
  expect(decidePerson(NO_PERSON, register, AT)).toEqual({
    ok: true,
    event: { type: 'person-registered', at: AT, givenName: 'Jana', familyName: 'Malá' },
  });
});
test('given a person, when the address changes, then the event has only the address', () => {
  const { person } = given(register);
  expect(decidePerson(person, change, LATER)).toEqual({
    ok: true,
    event: { type: 'person-address-changed', at: LATER, address },
  });
});
test.each([
  ['nobody, when an address changes', [change], 'person-not-found'],
  ['nobody, when erased', [erase], 'person-not-found'],
  ['a person, when registered again', [register, register], 'person-already-exists'],
  ['an erased person, when registered again', [register, erase, register], 'person-already-exists'],
  ['an erased person, when the address changes', [register, erase, change], 'person-erased'],
  ['an erased person, when erased again', [register, erase, erase], 'person-erased'],
])('given %s, then it is refused', (_name, commands, code) => {
  expect(given(...commands).said.at(-1)).toBe(code);
});
test('the state says when, and nothing personal', () => {
  const { person } = given(register, change, erase);
  const times = { registeredAt: AT, changedAt: LATER };
  expect(person).toEqual({ status: 'erased', version: 3, ...times });
});
test('events that cannot follow are corruption', () => {
  const { person } = given(register, erase);
  expect(() => evolvePerson(person, { type: 'person-registered', at: AT })).toThrow('twice');
  expect(() => evolvePerson(person, { type: 'person-erased', at: AT })).toThrow('not there');
  expect(() => evolvePerson(NO_PERSON, { type: 'person-erased', at: AT })).toThrow('not there');
});

test(`any commands: dense versions, erased is the end, no text in the state (SEED=${seed})`, () => {
  const text = fc.string({ minLength: 1, maxLength: 20 }).map((word) => `§${word}`);
  const anyAddress = fc.record({ line1: text, city: text, postalCode: text, country: text });
  const command: fc.Arbitrary<PersonCommand> = fc.oneof(
    fc.record({
      type: fc.constant('register-person' as const),
      givenName: text,
      familyName: text,
    }),
    fc.record({ type: fc.constant('change-address' as const), address: anyAddress }),
    fc.constant(erase),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
      const { person, events, said } = given(...commands);
      expect(said).toHaveLength(commands.length);
      expect(person.version).toBe(events.length);
      const erasedAt = events.indexOf('person-erased');
      expect(person.status === 'erased').toBe(erasedAt !== -1);
      if (erasedAt !== -1) expect(erasedAt).toBe(events.length - 1);
      expect(JSON.stringify(person)).not.toContain('§');
      expect(given(...commands)).toEqual({ person, events, said });
    }),
    { seed, numRuns: RUNS },
  );
});
