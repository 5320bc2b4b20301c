import * as names from './account-events.ts';
import type { Past } from './account-commands.ts';
import type { AccountEvent, EventOf } from './account-events.ts';
import { version, type TransferId, type Version } from './ids.ts';
import { minor, type Minor } from './money.ts';
import { movementOf, reversalOf } from './movement.ts';

const NOTHING: Past = {};
/** It ended; when that was nobody needs to know here. */
const ENDED = { ended: { version: version(0) } };

/** Which way money goes when the movement is taken back, and how much. */
type Back = Pick<EventOf<'movement-reversed'>, 'direction' | 'amount'>;

/**
 * What a retrial must know of the past that no account state has: which movements can still be
 * reversed. For an account's own movements it is one number per version: the amount in minor units,
 * negative when its reversal is a debit; amounts beyond 2^53 are kept apart. Received transfers are
 * kept as names that contain the amount.
 */
export function createMovementsPast(once: OnceNames) {
  const movements = new Map<string, number[]>();
  const large = new Map<string, bigint>();
  /** What a reversal of the version moves back, all of it; undefined when it moves nothing. */
  const moveBack = (accountId: string, at: number): Back | undefined => {
    const units = large.get(`${accountId} ${at}`) ?? movements.get(accountId)?.[at - 1] ?? 0;
    if (units === 0) return undefined;
    const amount = minor(BigInt(units));
    if (amount > 0n) return { direction: 'credit', amount };
    return { direction: 'debit', amount: minor(-amount) };
  };
  const remember = (accountId: string, at: number, signed = 0n): void => {
    const own = movements.get(accountId);
    const isLarge = !Number.isSafeInteger(Number(signed));
    if (isLarge) large.set(`${accountId} ${at}`, signed);
    const entry = isLarge ? 0 : Number(signed);
    if (own === undefined) movements.set(accountId, [entry]);
    else own.push(entry);
  };
  const got = (accountId: string, id: TransferId, from: string, amount: Minor): string =>
    `${accountId} got ${id} from ${from} ${amount}`;

  /** What of an account's past is asked by the reversal of one of its own movements. */
  const reversalPast = (
    accountId: string,
    event: EventOf<'movement-reversed'>,
    last: Version,
  ): Past => {
    const { reverses, direction, at } = event;
    const isDone = once.has(`${accountId} ${names.reversalName(reverses)}`);
    const ended = isDone ? ENDED : NOTHING;
    if (reverses > last || reverses < 1) return ended;
    const moved = moveBack(accountId, reverses);
    // The event exists, but is not such a movement.
    if (moved?.direction !== direction) {
      return { ...ended, original: { type: 'account-unfrozen', at } };
    }
    const type = direction === 'debit' ? 'money-deposited' : 'money-withdrawn';
    return { ...ended, original: { type, at, amount: moved.amount } };
  };
  const returnPast = (
    accountId: string,
    id: TransferId,
    { otherAccountId, amount, at, transferId }: EventOf<'transfer-sent'>,
  ): Past => {
    const isDone = once.has(`${accountId} ${names.transferReversalName(id)}`);
    const ended = isDone ? ENDED : NOTHING;
    const leg = { at, transferId, otherAccountId, amount };
    if (once.has(got(accountId, id, otherAccountId, amount))) {
      return { ...ended, original: { type: 'transfer-received', ...leg } };
    }
    const isKnown = once.has(`${accountId} ${names.transferName(id)}`);
    return isKnown ? { ...ended, original: { type: 'transfer-sent', ...leg } } : ended;
  };

  return {
    /** What the decision of this event had to ask of its account, which had this version. */
    of(accountId: string, event: AccountEvent, last: Version): Past {
      if (event.type === 'movement-reversed') return reversalPast(accountId, event, last);
      if (event.type !== 'transfer-sent' || event.reversesTransferId === undefined) return NOTHING;
      return returnPast(accountId, event.reversesTransferId, event);
    },
    moveBack,
    /** Takes each event of the account, in order. */
    remember(accountId: string, event: AccountEvent, at: Version): void {
      if (event.type === 'transfer-received') {
        once.add(got(accountId, event.transferId, event.otherAccountId, event.amount));
      }
      if (reversalOf(event) === undefined) return remember(accountId, at);
      // How much, and which way, follows from what the event did to money, so that the rule which
      // makes reversals is not checked by itself.
      remember(accountId, at, -movementOf(event).ledger);
    },
  };
}

/** Names that may occur in a log only once; a Set, or something that takes less memory. */
export interface OnceNames {
  /** Whether the name was added before. */
  has(name: string): boolean;
  /** Adds a name; adding it again changes nothing. */
  add(name: string): unknown;
}

/**
 * How far a stream was followed: its last version (0 for none), and that event's command and time.
 */
export interface StreamEnd {
  readonly version: number;
  readonly commandId: string | undefined;
  readonly at: string;
}
/** The place that the next event of a stream claims. */
export interface StreamStep {
  readonly version: number;
  readonly commandId: string;
  readonly at: string;
}
/** The result for an event at its place. */
export interface Placed {
  /** Whether it comes from the command that opened the stream, which may make two events. */
  readonly isOfOpening: boolean;
  readonly faults: readonly StreamFault[];
}
/** The broken rule and what was seen. */
export type StreamFault = readonly ['version-order' | 'command-once' | 'time-order', string];

const OPENING_EVENTS_MAX = 2;
const NO_END: StreamEnd = { version: 0, commandId: undefined, at: '' };
const SOUND: Placed = { isOfOpening: false, faults: [] };
const SECOND: Placed = { isOfOpening: true, faults: [] };

/** Every month has this many days. */
const DAYS_SURE = '28';
const TIME = /^\d{4}-(?:0[1-9]|1[0-2])-[0-3]\dT(?:[01]\d|2[0-3])(?::[0-5]\d){2}\.\d{3}Z$/;

/** The bank writes times in one form only, so that their texts sort in time order. */
function isTime(at: string): boolean {
  if (!TIME.test(at)) return false;
  const day = at.slice(8, 10);
  return (day <= DAYS_SURE && day > '00') || new Date(Date.parse(at) || 0).toISOString() === at;
}

/**
 * Invariants I3 and I6 of any stream: its versions are 1..n, its times do not decrease, and each of
 * its commands was executed once.
 */
export function createStreamCheck(once: OnceNames) {
  const ends = new Map<string, { version: number; commandId: string; at: string }>();

  const faultsOf = (before: StreamEnd, at: string, again: string | undefined): StreamFault[] => {
    const found: StreamFault[] = [];
    if (!isTime(at)) found.push(['time-order', `${at} is no time as the bank writes it`]);
    else if (at < before.at) found.push(['time-order', `${at} comes after ${before.at}`]);
    if (again !== undefined) {
      found.push(['command-once', `command ${again} was executed before`]);
    }
    return found;
  };

  return {
    /** Takes the next entry of a stream. What does not follow is not taken. */
    follow(stream: string, { version, commandId, at }: StreamStep): Placed {
      const end = ends.get(stream);
      const before = end ?? NO_END;
      if (version !== before.version + 1) {
        const detail = `follows version ${before.version}`;
        return { isOfOpening: false, faults: [['version-order', detail]] };
      }
      // Only an opening makes two events: the account and its first deposit. The same command
      // twice in a row anywhere else is the retry that was executed again.
      const isOfOpening = version === OPENING_EVENTS_MAX && before.commandId === commandId;
      let again: string | undefined;
      if (!isOfOpening) {
        const name = `${stream} ${commandId}`;
        if (once.has(name)) again = commandId;
        else once.add(name);
      }
      const isSound = again === undefined && at >= before.at && isTime(at);
      const faults = isSound ? undefined : faultsOf(before, at, again);
      if (end === undefined) ends.set(stream, { version, commandId, at });
      else {
        end.version = version;
        end.commandId = commandId;
        end.at = at;
      }
      if (faults !== undefined) return { isOfOpening, faults };
      return isOfOpening ? SECOND : SOUND;
    },
    /** How far a stream was followed. */
    end: (stream: string): StreamEnd => ends.get(stream) ?? NO_END,
    /** The names of all streams that were seen. */
    streams: (): Iterable<string> => ends.keys(),
    /** The number of streams that were seen. */
    count: (): number => ends.size,
  };
}
