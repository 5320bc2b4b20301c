import {
  type CommandMessage,
  type CommandResult,
  type CommandBody,
  commandHash,
} from '../../contracts/account/commands.ts';
import {
  decodeEvent,
  madeByCommand,
  streamOf,
  type LoggedEvent,
} from '../../contracts/account/events.ts';
import type { Account } from '../../domain/account.ts';
import { endNameOf, type Past, type TransferCommand } from '../../domain/account-commands.ts';
import {
  transferEndName,
  transferName,
  transferReversalName,
} from '../../domain/account-events.ts';
import { unreachable, version, type StreamId } from '../../domain/ids.ts';
import type { Draft } from '../turn/draft.ts';
import { unavailable } from '../turn/work.ts';

export type TransferBody = Extract<CommandBody, { type: TransferCommand['type'] }>;

/** The events of a command that was executed before: a retry always gets the same answer. */
export function replay(
  draft: Draft,
  stream: StreamId,
  first: number,
  { command }: CommandMessage,
): CommandResult | undefined {
  const events: LoggedEvent[] = [];
  const take = (from: StreamId, at: number): 'taken' | 'unavailable' | undefined => {
    const event = draft.event(from, at) as LoggedEvent | 'unavailable' | undefined;
    if (event === undefined || event === 'unavailable') return event;
    events.push(event);
    // The target of a transfer has one of its events, the account of the command all others.
    const own = from === stream ? madeByCommand(event) - companions(event) : 1;
    return at - (from === stream ? first : at) + 1 < own ? take(from, at + 1) : 'taken';
  };
  const own = take(stream, first);
  if (own === undefined) return undefined;
  if (own === 'unavailable') return unavailable('the log cannot be asked what was executed');
  if (events[0]?.commandHash !== commandHash(command)) {
    return { ok: false, refusal: { code: 'idempotency-key-reused' } };
  }
  const last = events.at(-1)!;
  if (companions(last) === 0 || !('otherAccountId' in last.data)) {
    return { ok: true, replayed: true, events };
  }
  const other = streamOf(last.data.otherAccountId);
  const at = draft.versionUnder(other, transferName(last.data.transferId));
  if (at === undefined) return undefined;
  const theirs = at === null ? 'unavailable' : take(other, at);
  if (theirs === undefined) return undefined;
  if (theirs === 'unavailable') return unavailable('the log cannot be asked what was executed');
  return { ok: true, replayed: true, events };
}

/** How many events of the command stand in the other account's stream. */
const companions = ({ type, joint }: LoggedEvent): number =>
  joint !== undefined && (type === 'transfer-sent' || type === 'transfer-captured') ? 1 : 0;

type Asked = Past | 'unavailable' | undefined;

/** What a decision may ask of the past, by the name under which it is known whether it ended. */
export function pastOf(draft: Draft, stream: StreamId, account: Account, body: CommandBody): Asked {
  if (account.status === 'none') return {};
  const name = endNameOf(body);
  if (name === undefined) return {};
  if (body.type === 'reverse') {
    return body.version > account.version ? {} : eventPast(draft, stream, body.version, name);
  }
  // What the state still holds open was not ended, so nobody needs to be asked.
  const isOpen = 'holdId' in body && account.holds.some(({ holdId }) => holdId === body.holdId);
  return isOpen ? {} : endedPast(draft.versionUnder(stream, name));
}

export function transferPast(
  draft: Draft,
  stream: StreamId,
  source: Account,
  body: TransferBody,
): Asked {
  if (source.status === 'none') return {};
  switch (body.type) {
    case 'send-transfer': {
      const { reversesTransferId } = body;
      if (reversesTransferId === undefined) return {};
      const received = draft.versionUnder(stream, transferName(reversesTransferId));
      if (received === undefined) return undefined;
      if (received === null) return {};
      return eventPast(draft, stream, received, transferReversalName(reversesTransferId));
    }
    case 'capture-transfer':
    case 'void-transfer':
    case 'expire-transfer': {
      if (source.transfers.some((open) => open.transferId === body.transferId)) return {};
      return endedPast(draft.versionUnder(stream, transferEndName(body.transferId)));
    }
    case 'reserve-transfer':
      return {};
    default:
      return unreachable(body);
  }
}

function endedPast(at: number | null | undefined): Asked {
  if (at === undefined) return undefined;
  return at === null ? {} : { ended: { version: version(at) } };
}

function eventPast(draft: Draft, stream: StreamId, at: number, name: string): Asked {
  const event = draft.event(stream, at);
  const ended = endedPast(draft.versionUnder(stream, name));
  if (event === undefined || ended === undefined) return undefined;
  if (event === 'unavailable') return event;
  return { ...(ended as Past), original: decodeEvent(event as LoggedEvent) };
}
