import type { Request, Response } from 'express';
import { EVERY_OWNER, nameBy, senderOf, type Sender } from '../contracts/access/principal.ts';
import { transferReversalBody } from '../contracts/account/command-operations.ts';
import type { CommandBody, CommandMessage, CommandResult } from '../contracts/account/commands.ts';
import { defined, type LoggedEvent } from '../contracts/account/events.ts';
import { batchHash, type BatchContent } from '../contracts/batch/content.ts';
import { canonicalJson } from '../contracts/canonical-json.ts';
import { transactionIdFor, transactionItemIdFor, transferIdFor } from '../contracts/derived-ids.ts';
import { transactionParams } from '../contracts/http/parameters.ts';
import {
  transactionBody,
  transactionTermsOf,
  type TransactionAnswer,
  type TransactionBody,
} from '../contracts/transfer/transactions.ts';
import { seenOf, transferAnswerOf } from '../contracts/transfer/transfers.ts';
import type { SeenSides, TransferAnswer } from '../contracts/transfer/transfers.ts';
import { transactionName } from '../domain/account-events.ts';
import type { AccountId, CommandId, TransactionId, TransferId } from '../domain/ids.ts';
import { sourceOf } from '../domain/transfer-id.ts';
import { principalOf } from '../platform/http/gate.ts';
import { Failure } from '../platform/http/http.ts';
import { bodyOf, invalid, paramOf } from '../platform/http/requests.ts';
import type { Handlers } from '../platform/http/serve.ts';
import { inParallel } from '../platform/parallel.ts';
import { answerCommand } from './command-answers.ts';
import type { Actors } from './courier.ts';
import { failureOf } from './failures.ts';
import { commandIdOf, dryRunOf, ifMatchOf, traceparentOf } from './request-headers.ts';
import { begunAnswer, refusedAt, transferEvents } from './transfers.ts';

type Executed = Extract<CommandResult, { ok: true }>;
type Terms = NonNullable<ReturnType<typeof transactionTermsOf>>;

/** What is to be done as one. */
interface Wanted extends Omit<TransactionBody, 'transfers'> {
  readonly transfers: readonly (TransactionBody['transfers'][number] & {
    readonly reversesTransferId?: TransferId;
  })[];
}

/** Takes transactions, takes them back, and tells what they did. */
export function transactionHandlers(actors: Actors): Handlers {
  const execute = async (request: Request, response: Response, wanted: Wanted): Promise<void> => {
    const sender = senderOf(principalOf(request));
    const dryRun = dryRunOf(request);
    const key = commandIdOf(request);
    if (ifMatchOf(request) !== undefined) throw NO_ONE_VERSION;
    response.set('Idempotency-Key', key);
    const { batch, commands } = planTransaction(wanted, sender, key, {
      traceparent: traceparentOf(request),
    });
    const group = { ...sender, commands, atomic: true, dryRun, batch };
    const results = await actors.execute(group);
    const executed = results.filter((result): result is Executed => result.ok);
    if (executed.length < results.length) throw refusalOf(commands, results);
    const transfers = executed.map((one) => begunAnswer(one, sender.owner, dryRun));
    const terms = executed.map(({ events }) => transactionTermsOf(events[0]!)).find(Boolean);
    const isReplayed = executed.every(({ replayed }) => replayed);
    const { transferIds: _ids, ...told } = terms!;
    answerCommand(request, response, {
      status: 201,
      body: {
        ...told,
        status: dryRun && !isReplayed ? 'would-complete' : 'completed',
        transfers,
      },
      version: undefined,
      location: `/v1/transactions/${told.transactionId}`,
      isReplayed,
    });
  };

  return {
    async transact(request, response) {
      await execute(request, response, bodyOf(transactionBody, request.body));
    },
    async reverseTransaction(request, response) {
      const { reason, ...remarks } = bodyOf(transferReversalBody, request.body);
      const original = await findTransaction(actors, transactionOf(request), EVERY_OWNER);
      const description = reason ?? original.description;
      const { reference, metadata } = original;
      const transfers = original.transfers.toReversed().map((one) => ({
        ...defined({ description: reason ?? one.description, reference: one.reference }),
        fromAccountId: one.toAccountId,
        toAccountId: one.fromAccountId,
        amount: one.amount,
        reversesTransferId: one.transferId,
      }));
      const told = defined({ description, reference, metadata, ...defined(remarks) });
      await execute(request, response, { ...told, transfers });
    },
    async getTransaction(request, response) {
      for (const name of Object.keys(request.query)) {
        throw invalid(`query/${name}`, 'is not a known parameter');
      }
      const { owner } = senderOf(principalOf(request));
      response.json(await findTransaction(actors, transactionOf(request), owner));
    },
  };
}

// Not to be passed over: who sends it relies on nothing being executed at another version.
const NO_ONE_VERSION = invalid('header/If-Match', 'is for one account: a transaction has several');

/** The commands of a transaction. All ids follow from its key, so that a retry finds them. */
export function planTransaction(
  { transfers, valueDate, ...said }: Wanted,
  { by }: Sender,
  key: CommandId,
  common: Pick<CommandMessage, 'traceparent'>,
): { readonly commands: CommandMessage[]; readonly batch: BatchContent } {
  const name = nameBy(by, key);
  const transactionId = transactionIdFor(transfers[0]!.fromAccountId, name);
  const items = transfers.map((one, index) => {
    if (one.fromAccountId === one.toAccountId) {
      throw new Failure('same-account', { more: { index } });
    }
    const commandId = transactionItemIdFor(name, index);
    const transferId = transferIdFor(one.fromAccountId, nameBy(by, commandId));
    return { commandId, transferId, one };
  });
  // Of up to 64 events one is enough to keep it: they are one row, one message and one append.
  const { metadata: _ofTheWhole, ...labels } = said;
  const transaction = { ...said, transferIds: items.map(({ transferId }) => transferId) };
  const commands = items.map(({ commandId, transferId, one }, index): CommandMessage => {
    const { fromAccountId: accountId, ...terms } = one;
    const command = {
      ...defined(labels),
      valueDate,
      ...defined(terms),
      type: 'send-transfer' as const,
      transferId,
      transactionId,
      transaction: index === 0 ? transaction : undefined,
    };
    const body = defined(command) as CommandBody;
    return { ...common, accountId, commandId, causationId: key, command: body };
  });
  const content = canonicalJson({ transaction: { transfers, valueDate, ...said } });
  return { commands, batch: { key, hash: batchHash([content]) } };
}

/** Why it did not happen: the first transfer that a rule refused, with its place. */
function refusalOf(
  commands: readonly CommandMessage[],
  results: readonly CommandResult[],
): Failure {
  const refusals = results.map((result) => (result.ok ? undefined : result));
  const isCause = (one: (typeof refusals)[number]): boolean =>
    one !== undefined && one.refusal.code !== 'batch-aborted';
  const index = Math.max(refusals.findIndex(isCause), 0);
  const result = refusals[index]!;
  const { refusal } = result;
  const { code } = refusal;
  if (code === 'invalid-request') return invalid(placeOf(refusal.at, index), refusal.message);
  if (code === 'batch-key-reused' || code === 'idempotency-key-reused') {
    return new Failure('idempotency-key-reused', { detail: OTHER_TRANSACTION });
  }
  const failure = refusedAt(commands[index]!.accountId, result);
  if (code === 'service-unavailable') return failure;
  const { more } = failure.parts;
  return new Failure(failure.code, { ...failure.parts, more: { ...more, index } });
}

/** Only an account knows how many digits its currency has, so a transfer's member may be wrong. */
const placeOf = (at: string, index: number): string =>
  at.startsWith('/') ? `/transfers/${index}${at}` : at;

const OTHER_TRANSACTION =
  'This key is for something else that was executed: another transaction, or a batch. Nothing of ' +
  'this one was. Send it under a new key.';

/** Each asks two accounts: one reader of many transactions keeps no command waiting. */
const TRANSFERS_AT_ONCE = 8;

interface FoundPart {
  readonly answer: TransferAnswer;
  readonly events: readonly LoggedEvent[];
  readonly sides: SeenSides;
}

/** A transaction of the past, as far as the owner may see it. */
async function findTransaction(
  actors: Pick<Actors, 'lookup'>,
  id: TransactionId,
  owner: Sender['owner'],
): Promise<TransactionAnswer> {
  const source = sourceOf(id);
  const looked =
    source === undefined ? undefined : await firstOf(actors, source, [transactionName(id)], owner);
  const terms = looked?.event && transactionTermsOf(looked.event);
  if (terms === undefined) throw NOT_FOUND();
  const found: FoundPart[] = [];
  await inParallel(terms.transferIds.entries(), TRANSFERS_AT_ONCE, async ([at, transferId]) => {
    const { events, sides } = await transferEvents(actors, transferId, owner);
    found[at] = { answer: transferAnswerOf(events), events, sides };
  });
  const shown = found.filter(({ sides }) => sides.from || sides.to);
  if (shown.length === 0) throw NOT_FOUND();
  const first = found[0]!;
  return answerOf(looked?.isOwn === true, terms, {
    transfers: shown.map(({ answer, sides }) => seenOf(answer, sides)),
    reverses: await transactionOfTransfer(actors, first.answer.reverses),
    reversedBy: reversalOf(first.events, first.answer),
  });
}

const answerOf = (
  isOwn: boolean,
  { transferIds: _ids, transactionId, idempotencyKey, at, ...texts }: Terms,
  more: Pick<TransactionAnswer, 'transfers'> & {
    readonly reverses: TransactionId | undefined;
    readonly reversedBy: TransactionId | undefined;
  },
): TransactionAnswer =>
  defined({
    transactionId,
    status: 'completed',
    ...(isOwn ? texts : {}),
    idempotencyKey,
    at,
    ...more,
  });

/** The transaction that took the transfer back, where a whole one did. */
const reversalOf = (events: readonly LoggedEvent[], { reversedBy }: TransferAnswer) =>
  events.flatMap(({ data }) =>
    'transactionId' in data && data.transferId === reversedBy ? [data.transactionId] : [],
  )[0];

async function transactionOfTransfer(
  actors: Pick<Actors, 'lookup'>,
  id: TransferId | undefined,
): Promise<TransactionId | undefined> {
  if (id === undefined) return undefined;
  const { events } = await transferEvents(actors, id, EVERY_OWNER);
  return transferAnswerOf(events).transactionId;
}

async function firstOf(
  actors: Pick<Actors, 'lookup'>,
  account: AccountId,
  names: readonly string[],
  owner: Sender['owner'],
) {
  const looked = await actors.lookup(account, names, owner);
  if (looked !== 'unavailable') return { isOwn: looked.isOwn, event: looked.found[0]?.[0] };
  const reason = 'the transaction cannot be looked up now';
  throw failureOf({ code: 'service-unavailable', reason });
}

const NOT_FOUND = (): Failure => new Failure('transaction-not-found');
const transactionOf = (request: Request): TransactionId =>
  paramOf(request, transactionParams, 'transactionId');
