import { createHash } from 'node:crypto';
import { canonicalJson } from '../contracts/canonical-json.ts';
import { defined } from '../contracts/events.ts';
import type { PersonMessage, PersonRefusalMessage } from '../contracts/person-commands.ts';
import type { PersonResult } from '../contracts/person-commands.ts';
import type { LoggedPersonEvent } from '../contracts/person-events.ts';
import type { CommandId, StreamId } from '../domain/ids.ts';
import { decidePerson, evolvePerson } from '../domain/person.ts';
import type { Person, PersonCommand, PersonEvent } from '../domain/person.ts';
import { keyedHash, placeOf, seal } from './personal-data.ts';

export interface PersonTurn {
  readonly results: PersonResult[];
  readonly events: LoggedPersonEvent[];
  readonly state: Person;
}

export interface PersonTurnInput {
  readonly stream: StreamId;
  readonly person: Person;
  /** Undefined when it was forgotten. */
  readonly key: string | undefined;
  readonly commands: readonly PersonMessage[];
  /** What was executed under an id before this turn. */
  readonly executed: (commandId: CommandId) => LoggedPersonEvent[] | undefined;
  readonly at: string;
}

type Cause = Pick<LoggedPersonEvent, 'commandId' | 'commandHash' | 'traceparent'>;

const refused = (refusal: PersonRefusalMessage): PersonResult => ({ ok: false, refusal });

/** Decides commands one after the other, each on the state that the ones before it left. */
export function decidePersonTurn(input: PersonTurnInput): PersonTurn {
  const { stream, key, executed, at } = input;
  let { person } = input;
  const events: LoggedPersonEvent[] = [];
  const inThisTurn = new Map<CommandId, LoggedPersonEvent[]>();
  const results = input.commands.map((message): PersonResult => {
    const { commandId, command, traceparent } = message;
    const hash = hashOf(command, key);
    const known = inThisTurn.get(commandId) ?? executed(commandId);
    // Without the key nobody can tell whether this is the request of that time.
    if (hash === undefined) return refused({ code: 'person-erased' });
    if (known !== undefined) return replay(known, hash);
    if (message.ifMatch !== undefined && message.ifMatch !== person.version) {
      return refused({ code: 'version-mismatch', version: person.version });
    }
    const decision = decidePerson(person, defined(command) as PersonCommand, at);
    if (!decision.ok) return refused(decision.refusal);
    const after = evolvePerson(person, decision.event);
    const cause = { commandId, commandHash: hash, ...defined({ traceparent }) };
    const event = encode(stream, decision.event, after.version, cause, key);
    if (message.dryRun !== true) {
      person = after;
      events.push(event);
      inThisTurn.set(commandId, [event]);
    }
    return { ok: true, replayed: false, events: [event] };
  });
  return { results, events, state: person };
}

// An erasure says nothing personal, and must be answered when the key is gone.
function hashOf(command: PersonMessage['command'], key: string | undefined): string | undefined {
  if (command.type === 'erase-person') {
    return createHash('sha256').update(canonicalJson(command)).digest('base64url');
  }
  return key === undefined ? undefined : keyedHash(key, command);
}

function replay(known: LoggedPersonEvent[], hash: string): PersonResult {
  if (known[0]?.commandHash !== hash) return refused({ code: 'idempotency-key-reused' });
  return { ok: true, replayed: true, events: known };
}

function encode(
  stream: StreamId,
  { type, at, ...data }: PersonEvent,
  version: number,
  cause: Cause,
  key: string | undefined,
): LoggedPersonEvent {
  const id = `${stream}/${version}`;
  const common = { id, stream, version, schema: 1 as const, ...cause, at };
  if (type === 'person-erased') return { ...common, type, data: {} };
  if (key === undefined) throw new Error(`no key to seal ${id} with`);
  return { ...common, type, data: { sealed: seal(key, placeOf({ id, type }), data) } };
}
