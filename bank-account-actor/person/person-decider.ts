import { EVERY_OWNER, nameBy } from '../../contracts/access/principal.ts';
import { isMatch } from '../../contracts/account/commands.ts';
import { approvalMembers, defined } from '../../contracts/account/events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { isPersonEvent, streamOfPerson } from '../../contracts/log/bank-events.ts';
import {
  addressBody,
  personalData,
  type PersonMessage,
  type PersonRefusalMessage,
  type PersonResult,
} from '../../contracts/person/commands.ts';
import type { LoggedPersonEvent } from '../../contracts/person/events.ts';
import type { PersonModel } from '../../contracts/person/model.ts';
import type { OpenedPerson } from '../../contracts/person/queries.ts';
import { clockOf } from '../../domain/account.ts';
import type { PersonId, StreamId } from '../../domain/ids.ts';
import {
  decidePerson,
  evolvePerson,
  NO_PERSON,
  type Person,
  type PersonCommand,
  type PersonEvent,
} from '../../domain/person.ts';
import type { Journal, StreamWrite } from '../journal/journal.ts';
import type { Draft, Place, Working } from '../turn/draft.ts';
import {
  propose,
  proposedBefore,
  type Asked,
  type Grant,
  type Review,
} from '../approval/proposal.ts';
import { isPersonState } from '../turn/stream-state.ts';
import { unavailable } from '../turn/work.ts';
import { placeOf, unseal, keyedHash, newKey, seal } from './sealing.ts';
import { createHash } from 'node:crypto';

/** Opens what the read models hold sealed; null for persons whose key is deleted. */
export async function openPersons(
  journal: Pick<Journal, 'load'>,
  persons: readonly PersonModel[],
): Promise<OpenedPerson[]> {
  const { streams } = await journal.load(persons.map(({ personId }) => streamOfPerson(personId)));
  const keys = new Map(streams.map(({ stream, secret }) => [stream, secret]));
  return persons.map((person) => openPerson(person, keys.get(streamOfPerson(person.personId))));
}

function openPerson(person: PersonModel, key: string | undefined): OpenedPerson {
  const { personId, profile, address } = person;
  if (key === undefined || profile === undefined) return null;
  const opened = (part: NonNullable<typeof profile>, type: LoggedPersonEvent['type']): unknown => {
    const id = `${streamOfPerson(personId)}/${part.version}`;
    return unseal(key, placeOf({ id, type }), part.sealed);
  };
  const data = personalData.parse(opened(profile, 'person-registered'));
  if (address === undefined) return data;
  const changed = opened(address, 'person-address-changed') as { address?: unknown };
  return { ...data, address: addressBody.parse(changed.address) };
}

/** A command to a person. */
export interface PersonWork {
  readonly personId: PersonId;
  readonly message: PersonMessage;
  /** Missing: nobody has to approve it, or somebody has. */
  readonly review?: Review;
  readonly approval?: Grant;
}

type Cause = Omit<
  LoggedPersonEvent,
  'id' | 'stream' | 'version' | 'type' | 'schema' | 'at' | 'data'
>;

const refused = (refusal: PersonRefusalMessage): PersonResult => ({ ok: false, refusal });

/**
 * Decides a command to a person and adds its event to the draft; undefined when a fact must be
 * fetched first. The key is stored by the commit that registers the person and deleted by the
 * commit that erases them, so neither exists without the other.
 * @param now the host's clock, RFC 3339.
 */
export function decidePersonWork(
  draft: Draft,
  { personId, message, review, approval }: PersonWork,
  now: string,
): PersonResult | undefined {
  const { commandId, by, command, traceparent } = message;
  const stream = streamOfPerson(personId);
  const known = draft.executed(stream, nameBy(by, commandId));
  const isNew = known === null && command.type === 'register-person';
  const current = isNew ? draft.hope(stream) : draft.read(stream);
  if (current === undefined) return undefined;
  if (current === 'unreadable') return unavailable('the person cannot be read');
  const halted = current.before?.quarantine ?? draft.whyNotAppend(current);
  if (halted !== undefined) return unavailable(halted);
  const person = personOf(current);
  const key = keyOf(current) ?? (person.status === 'none' ? newKey() : undefined);
  const hash = hashOf(command, key);
  // Without the key nobody can tell whether this is the request of that time.
  if (hash === undefined) return refused({ code: 'person-erased' });
  if (known !== null) return replay(draft, stream, known, hash);
  const asked = askedBy(stream, message, hash, review);
  const earlier = asked === undefined ? null : proposedBefore(draft, asked, now);
  if (earlier !== null) return earlier && refused(earlier);
  if (!isMatch(message.ifMatch, person.version)) {
    return refused({ code: 'version-mismatch', version: person.version });
  }
  const at = person.status === 'none' ? now : clockOf(person.changedAt, now);
  const decision = decidePerson(person, defined(command) as PersonCommand, at);
  if (!decision.ok) return refused(decision.refusal);
  if (asked !== undefined && message.dryRun !== true) {
    const refusal = propose(draft, asked, now);
    return refusal && refused(refusal);
  }
  const state = evolvePerson(person, decision.event);
  const secret = secretOf(person, decision.event, key);
  const cause = {
    commandId,
    by,
    ...approvalMembers(approval),
    commandHash: hash,
    ...defined({ traceparent }),
  };
  const undo = message.dryRun === true ? draft.bookmark() : undefined;
  const events = draft.append([
    {
      stream,
      state,
      names: [nameBy(by, commandId)],
      event: (place) => encode(stream, decision.event, place, cause, key),
      ...(secret === undefined ? {} : { secret }),
    },
    ...(approval === undefined ? [] : [approval.step]),
  ]);
  undo?.();
  const mark = asked !== undefined ? { needsApproval: true as const } : {};
  return { ok: true, replayed: false, events: events.filter(isPersonEvent), ...mark };
}

/** What a second person has to approve; undefined for all but erasures. */
function askedBy(
  about: StreamId,
  { commandId, by, command, ifMatch, traceparent }: PersonMessage,
  hash: string,
  review: Review | undefined,
): Asked | undefined {
  const isHeld = command.type === 'erase-person' && review?.fourEyes.acts.has('erasure') === true;
  if (!isHeld) return undefined;
  const { waitMs } = review.fourEyes;
  const named = { about, commandId, commandHash: hash };
  return { ...named, asked: command, by, owner: EVERY_OWNER, ifMatch, traceparent, waitMs };
}

const personOf = ({ state }: Working): Person =>
  state !== undefined && isPersonState(state) ? state : NO_PERSON;

/** The key as the turn has left it so far. */
function keyOf({ before, secret }: Working): string | undefined {
  if (secret === undefined) return before?.secret;
  return secret === 'forget' ? undefined : secret.keep;
}

function secretOf(
  { status }: Person,
  { type }: PersonEvent,
  key: string | undefined,
): StreamWrite['secret'] {
  if (type === 'person-erased') return 'forget';
  return status === 'none' && key !== undefined ? { keep: key } : undefined;
}

// An erasure says nothing personal, and must be answered when the key is gone.
function hashOf(command: PersonMessage['command'], key: string | undefined): string | undefined {
  if (command.type === 'erase-person') {
    return createHash('sha256').update(canonicalJson(command)).digest('base64url');
  }
  return key === undefined ? undefined : keyedHash(key, command);
}

function replay(
  draft: Draft,
  stream: StreamId,
  version: number,
  hash: string,
): PersonResult | undefined {
  const event = draft.event(stream, version) as LoggedPersonEvent | 'unavailable' | undefined;
  if (event === undefined) return undefined;
  if (event === 'unavailable') {
    return unavailable('the log cannot be asked what was executed');
  }
  if (event.commandHash !== hash) return refused({ code: 'idempotency-key-reused' });
  return { ok: true, replayed: true, events: [event] };
}

function encode(
  stream: StreamId,
  { type, at, ...data }: PersonEvent,
  place: Place,
  cause: Cause,
  key: string | undefined,
): LoggedPersonEvent {
  const id = `${stream}/${place.version}`;
  const common = { id, stream, ...place, schema: 1 as const, ...cause, at };
  if (type === 'person-erased') return { ...common, type, data: {} };
  if (key === undefined) throw new Error(`no key to seal ${id} with`);
  return { ...common, type, data: { sealed: seal(key, placeOf({ id, type }), data) } };
}
