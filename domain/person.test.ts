import fc from 'fast-check';
import { decidePerson, evolvePerson, NO_PERSON } from './person.ts';
import type { Person, PersonCommand, PersonEvent, PersonRefusal } from './person.ts';
import { runsOf } from './runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const RUNS = runsOf(4_000);
const AT = '2026-11-21T10:00:00.000Z';
const LATER = '2026-11-21T11:00:00.000Z';
const address = { line1: 'Lipová 1', city: 'Brno', postalCode: '602 00', country: 'CZ' };
const register = { type: 'register-person', givenName: 'Jana', familyName: 'Malá' } as const;
const change = { type: 'change-address', address } as const;
const erase: PersonCommand = { type: 'erase-person' };

const registered: PersonEvent = { ...register, type: 'person-registered', at: AT };
const moved: PersonEvent = { ...change, type: 'person-address-changed', at: LATER };
const erased: PersonEvent = { type: 'person-erased', at: LATER };

const personOf = (events: readonly PersonEvent[]): Person =>
  events.reduce<Person>(evolvePerson, NO_PERSON);
/** States a rule as a sentence: `given(...events).when(command).then(event or refusal code)`. */
const given = (...events: readonly PersonEvent[]) => ({
  when: (command: PersonCommand, at = LATER) => ({
    // oxlint-disable-next-line unicorn/no-thenable -- nothing awaits it: it ends the sentence
    then(expected: PersonEvent | PersonRefusal['code']): void {
      const decision = decidePerson(personOf(events), command, at);
      expect(decision.ok ? decision.event : decision.refusal.code).toEqual(expected);
    },
  }),
});

test('given nobody, when a person is registered, then the event has all that was said', () => {
  given()
    .when(register, AT)
    .then({ type: 'person-registered', at: AT, givenName: 'Jana', familyName: 'Malá' });
});
test('given a person, when the address changes, then the event has only the address', () => {
  given(registered).when(change).then({ type: 'person-address-changed', at: LATER, address });
});
test('given a person, when erased, then the event has nothing but the time', () => {
  given(registered).when(erase).then({ type: 'person-erased', at: LATER });
});
test('given nobody, when an address changes, then the person is not found', () => {
  given().when(change).then('person-not-found');
});
test('given nobody, when erased, then the person is not found', () => {
  given().when(erase).then('person-not-found');
});
test('given a person, when registered again, then it is refused', () => {
  given(registered).when(register).then('person-already-exists');
});
test('given an erased person, when registered again, then it is refused', () => {
  given(registered, erased).when(register).then('person-already-exists');
});
test('given an erased person, when the address changes, then it is refused', () => {
  given(registered, erased).when(change).then('person-erased');
});
test('given an erased person, when erased again, then it is refused', () => {
  given(registered, erased).when(erase).then('person-erased');
});
test('the state says when, and nothing personal', () => {
  const times = { registeredAt: AT, changedAt: LATER };
  expect(personOf([registered, moved, erased])).toEqual({ status: 'erased', version: 3, ...times });
});
test('events that cannot follow are corruption', () => {
  const person = personOf([registered, erased]);
  expect(() => evolvePerson(person, { type: 'person-registered', at: AT })).toThrow('twice');
  expect(() => evolvePerson(person, { type: 'person-erased', at: AT })).toThrow('not there');
  expect(() => evolvePerson(NO_PERSON, { type: 'person-erased', at: AT })).toThrow('not there');
});

/** Gives the commands one after the other: the person, the events, and each answer. */
function lived(...commands: readonly PersonCommand[]) {
  let person = NO_PERSON as Person;
  const events: string[] = [];
  const answers = commands.map((command, index) => {
    const decision = decidePerson(person, command, index === 0 ? AT : LATER);
    if (!decision.ok) return decision.refusal.code;
    person = evolvePerson(person, decision.event);
    events.push(decision.event.type);
    return decision.event.type;
  });
  return { person, answers, events };
}

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
      const { person, events, answers } = lived(...commands);
      expect(answers).toHaveLength(commands.length);
      expect(person.version).toBe(events.length);
      const erasedAt = events.indexOf('person-erased');
      expect(person.status === 'erased').toBe(erasedAt !== -1);
      if (erasedAt !== -1) expect(erasedAt).toBe(events.length - 1);
      expect(JSON.stringify(person)).not.toContain('§');
      expect(lived(...commands)).toEqual({ person, events, answers });
    }),
    { seed, numRuns: RUNS },
  );
});
