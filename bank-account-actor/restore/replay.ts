import { decodeEvent, type LoggedEvent } from '../../contracts/account/events.ts';
import { balanceOf, sameBalance } from '../../contracts/account/money.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { approvalAfter } from '../../contracts/approval/events.ts';
import {
  type BankEvent,
  isAccountEvent,
  isApprovalEvent,
  isRefusalEvent,
} from '../../contracts/log/bank-events.ts';
import type { LoggedPersonEvent } from '../../contracts/person/events.ts';
import { evolve, NO_ACCOUNT, type ExistingAccount } from '../../domain/account.ts';
import { evolvePerson, NO_PERSON } from '../../domain/person.ts';
import { afterRecord } from '../../domain/refusal-record.ts';
import type { StoredStream } from '../journal/journal.ts';
import {
  isAccountState,
  isApprovalState,
  isPersonState,
  isRefusalsState,
  type StreamState,
} from '../turn/stream-state.ts';

/**
 * The digest of the event at a version, where the row has it: each event names the previous one.
 */
export function digestAt(row: StoredStream, version: number): string | undefined {
  if (version < row.logged) return undefined;
  if (version === row.version) return row.digest;
  return eventAt(row, version + 1)?.prev;
}

function eventAt({ logged, unlogged }: StoredStream, version: number): BankEvent | undefined {
  const json = unlogged[version - logged - 1];
  return json === undefined ? undefined : (JSON.parse(json) as BankEvent);
}

/**
 * How the journal's event differs from that of the log with this digest; undefined when they are
 * equal, or when the row cannot tell. It names members and digests, never content of clients.
 */
export function differenceAt(
  row: StoredStream,
  event: BankEvent,
  digest: string,
): string | undefined {
  const { version } = event;
  const said = digestAt(row, version);
  if (said === undefined || said === digest) return undefined;
  const mine = eventAt(row, version);
  const where = `${event.stream} differs`;
  if (mine === undefined) {
    // The log confirmed it once, and the row has its digest only, which stands for all before it.
    return (
      `${where} at version ${version} or before it: the journal has the event ${said}, the ` +
      `log ${event.type} ${digest}`
    );
  }
  const what = membersThatDiffer(mine, event).join(', ');
  return (
    `${where} at version ${version} in ${what}: the journal has ${mine.type} ${said}, the log ` +
    `${event.type} ${digest}`
  );
}

function membersThatDiffer(one: object, other: object): string[] {
  const [mine, theirs] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  return [...new Set([...mine.keys(), ...theirs.keys()])]
    .filter((name) => canonicalJson(mine.get(name)) !== canonicalJson(theirs.get(name)))
    .sort();
}

/** The log does not have what the bank would have written. */
export class LogUnsound extends Error {}

/**
 * The state of a stream after its next event.
 * @throws LogUnsound when the event cannot follow.
 */
export function stateAfter(state: StreamState | undefined, event: BankEvent): StreamState {
  try {
    if (isRefusalEvent(event)) {
      return afterRecord(
        state !== undefined && isRefusalsState(state) ? state : undefined,
        event.at,
      );
    }
    if (isApprovalEvent(event)) {
      return approvalAfter(
        state !== undefined && isApprovalState(state) ? state : undefined,
        event,
      );
    }
    if (!isAccountEvent(event)) {
      const { type, at } = event as LoggedPersonEvent;
      const person = state !== undefined && isPersonState(state) ? state : NO_PERSON;
      return evolvePerson(person, { type, at });
    }
    const before = state !== undefined && isAccountState(state) ? state : NO_ACCOUNT;
    const after = evolve(before, decodeEvent(event));
    checkBalance(event, after);
    return after;
  } catch (error) {
    const why = `${event.id} cannot follow what the log has before it: ${String(error)}`;
    throw new LogUnsound(why, { cause: error });
  }
}

/** Every event says the balance that its actor saw: a replay that differs must not be served. */
function checkBalance({ data }: LoggedEvent, after: ExistingAccount): void {
  const [said, replayed] = [data.balance, balanceOf(after)];
  if (sameBalance(said, replayed)) return;
  throw new Error(`it says ${JSON.stringify(said)}, not ${JSON.stringify(replayed)}`);
}
