import type { RequestHandler } from 'express';
import type { z } from 'zod';
import { nameBy, senderOf, type Sender } from '../contracts/access/principal.ts';
import type { commandStatus } from '../contracts/batch/operations.ts';
import { accountRefText } from '../contracts/http/scalars.ts';
import { clientKeyText } from '../contracts/account/commands.ts';
import { messageKeyFor, accountIdFor, transactionIdFor } from '../contracts/derived-ids.ts';
import { keyOf, type LoggedEvent } from '../contracts/account/events.ts';
import { answerOf } from '../contracts/account/outcomes.ts';
import { isSeen, seenOf, transferAnswerOf } from '../contracts/transfer/transfers.ts';
import { causeName, transactionName } from '../domain/account-events.ts';
import type { AccountId, CommandId, CommandName } from '../domain/ids.ts';
import { principalOf } from '../platform/http/gate.ts';
import { Failure } from '../platform/http/http.ts';
import { invalid } from '../platform/http/requests.ts';
import type { Actors } from './courier.ts';
import { failureOf } from './failures.ts';
import { transferEvents } from './transfers.ts';

const NOTHING =
  'No command of this account has this key: it was refused, or it has not come here (yet). ' +
  'Sending it again with this key is safe. Items of a batch have keys of their own: its answer ' +
  'names them, and the same batch sent again with its key tells the outcome of each.';
const NOT_OPENED =
  'No account was opened under this key. What else it may have done is known at the accounts: ' +
  'name one that it was about with accountId.';

/**
 * GET /v1/commands/{idempotencyKey}: the outcome of a command of this client, however it was sent.
 * A client never learns of the commands of another, nor a customer of those on others' accounts.
 */
export function tellCommand(actors: Pick<Actors, 'lookup'>): RequestHandler {
  return async (request, response) => {
    const { source, ...rest } = request.query;
    const commandId = commandIdIn(request.params['idempotencyKey'], source);
    const sender = senderOf(principalOf(request));
    const name = nameBy(sender.by, commandId);
    const accountId = accountOf(rest, name);
    const whole = transactionName(transactionIdFor(accountId, name));
    const names = [name, causeName(name), whole];
    const looked = await actors.lookup(accountId, names, sender.owner);
    if (looked === 'unavailable') {
      const reason = 'what the account executed cannot be looked up now';
      throw failureOf({ code: 'service-unavailable', reason });
    }
    const [own, received, begun] = looked.found;
    const events = own ?? received ?? begun;
    if (!looked.isOwn || events === undefined) {
      const detail = request.query['accountId'] === undefined ? NOT_OPENED : NOTHING;
      throw new Failure('command-not-found', { detail });
    }
    const execution = await executionOf(actors, events, accountId, sender);
    response.json({ status: 'executed', commandId, accountId, ...execution });
  };
}

type Execution = Omit<z.infer<typeof commandStatus>, 'status' | 'commandId' | 'accountId'>;

/** What the events tell; a transfer goes on after its first one, and at another account. */
async function executionOf(
  actors: Pick<Actors, 'lookup'>,
  events: readonly LoggedEvent[],
  accountId: AccountId,
  { owner }: Sender,
): Promise<Execution> {
  const [first] = events;
  if (first === undefined || !('transferId' in first.data)) {
    return { ...answerOf(events), events: events.map(stepOf) };
  }
  const { transferId } = first.data;
  const { events: all, sides } = await transferEvents(actors, transferId, owner);
  const whole = transferAnswerOf(all);
  const transfer = seenOf(whole, sides);
  const own = all.filter(
    (event) =>
      'transferId' in event.data &&
      event.data.transferId === transferId &&
      keyOf(event) === keyOf(first) &&
      isSeen(whole, sides, event.id),
  );
  const outcome = accountId === transfer.fromAccountId ? transfer.from : transfer.to;
  return { ...(outcome && { outcome }), transfer, events: own.map(stepOf) };
}

const stepOf = ({ id, type, version, at }: LoggedEvent) => ({ id, type, version, at });

/** The key itself; of a message without one, what followed from its source and id. */
function commandIdIn(text: unknown, source: unknown): CommandId {
  if (source !== undefined) {
    if (typeof source === 'string' && source !== '') return messageKeyFor(source, String(text));
    const message = 'must be the source of the CloudEvent, once';
    throw invalid('query/source', message);
  }
  const parsed = clientKeyText.safeParse(text);
  if (parsed.success) return parsed.data;
  const message = 'must be 1-128 visible ASCII characters, percent-encoded where needed';
  throw invalid('path/idempotencyKey', message);
}

/** Without a parameter it is the account that an opening command with this key makes. */
function accountOf(query: Readonly<Record<string, unknown>>, name: CommandName): AccountId {
  const [unknown] = Object.keys(query).filter((name) => name !== 'accountId');
  if (unknown !== undefined) throw invalid(`query/${unknown}`, 'is not a known parameter');
  if (query['accountId'] === undefined) return accountIdFor(name);
  const parsed = accountRefText.safeParse(query['accountId']);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues[0]?.message ?? 'is not an account';
  throw invalid('query/accountId', message);
}
