import type { Request, Response } from 'express';
import type { CommandMessage, CommandResult, CommandBody } from '../contracts/account/commands.ts';
import { transferIdFor } from '../contracts/derived-ids.ts';
import { defined, type LoggedEvent } from '../contracts/account/events.ts';
import { transferParams } from '../contracts/http/parameters.ts';
import {
  captureTransferBody,
  transferAnswerOf,
  transferBody,
} from '../contracts/transfer/transfers.ts';
import {
  transferReversalBody,
  voidTransferBody,
  wouldBe,
} from '../contracts/transfer/transfers.ts';
import type { TransferAnswer } from '../contracts/transfer/transfers.ts';
import { transferEndName, transferName } from '../domain/account-events.ts';
import { transferReversalName } from '../domain/account-events.ts';
import type { AccountId, TransferId } from '../domain/ids.ts';
import { sourceOf } from '../domain/transfer-id.ts';
import { Failure } from '../platform/http/http.ts';
import { bodyOf, invalid, paramOf } from '../platform/http/requests.ts';
import type { Handlers } from '../platform/http/serve.ts';
import { answerCommand } from './command-answers.ts';
import type { Actors } from './courier.ts';
import { failureOf } from './failures.ts';
import { commandIdOf, dryRunOf, ifMatchOf, traceparentOf } from './request-headers.ts';

/** Takes transfers, what ends pending ones and reversals, and tells how a transfer stands. */
export function transferHandlers(actors: Actors) {
  const execute = async (
    request: Request,
    response: Response,
    { status, ...told }: Wanted,
  ): Promise<void> => {
    const message = messageOf(request, told);
    const source = told.accountId;
    response.set('Idempotency-Key', message.commandId);
    const [result] = (await actors.execute({ commands: [message] })) as [CommandResult];
    if (!result.ok) throw refusedAt(source, result);
    const isPreview = message.dryRun === true;
    const answer = await answerOf(actors, result.events, isPreview);
    answerCommand(request, response, {
      status,
      body: isPreview && !result.replayed ? wouldBe(answer) : answer,
      version: answer.from.version,
      location: `/v1/transfers/${answer.transferId}`,
      isReplayed: result.replayed,
    });
  };

  const end = (request: Request, response: Response, id: TransferId, command: CommandBody) => {
    const accountId = sourceOf(id);
    if (accountId === undefined) throw failureOf({ code: 'transfer-not-found' });
    const commandId = commandIdOf(request);
    return execute(request, response, { accountId, commandId, command, status: 200 });
  };

  const handlers: Handlers = {
    async transfer(request, response) {
      const { fromAccountId, pending, ...told } = bodyOf(transferBody, request.body);
      if (fromAccountId === told.toAccountId) throw new Failure('same-account');
      const commandId = commandIdOf(request);
      const id = transferIdFor(fromAccountId, commandId);
      const type = pending === true ? 'reserve-transfer' : 'send-transfer';
      const command = defined({ ...told, type, transferId: id }) as CommandBody;
      const wanted = { accountId: fromAccountId, commandId, command, status: 201 as const };
      await execute(request, response, wanted);
    },
    async captureTransfer(request, response) {
      const id = transferOf(request);
      const data = bodyOf(captureTransferBody, request.body);
      await end(request, response, id, { ...data, type: 'capture-transfer', transferId: id });
    },
    async voidTransfer(request, response) {
      const id = transferOf(request);
      bodyOf(voidTransferBody, request.body);
      await end(request, response, id, { type: 'void-transfer', transferId: id });
    },
    async reverseTransfer(request, response) {
      const { reason } = bodyOf(transferReversalBody, request.body);
      const original = await findTransfer(actors, transferOf(request));
      if (original.status !== 'completed') {
        const detail = `The transfer is ${original.status}: only a completed one moved money.`;
        throw new Failure('not-reversible', { detail });
      }
      const { toAccountId: payer, fromAccountId, captured, amount } = original;
      const accountId = payer as AccountId;
      const commandId = commandIdOf(request);
      const command = defined({
        type: 'send-transfer' as const,
        transferId: transferIdFor(accountId, commandId),
        toAccountId: fromAccountId,
        amount: captured ?? amount,
        reversesTransferId: original.transferId,
        description: reason ?? original.description,
        reference: original.reference,
      }) as CommandBody;
      await execute(request, response, { accountId, commandId, command, status: 201 });
    },
    async getTransfer(request, response) {
      for (const name of Object.keys(request.query)) {
        throw invalid(`query/${name}`, 'is not a known parameter');
      }
      response.json(await findTransfer(actors, transferOf(request)));
    },
  };
  return handlers;
}

/** A command to the source of a transfer, and the status of its success. */
interface Wanted extends Pick<CommandMessage, 'accountId' | 'commandId' | 'command'> {
  readonly status: 200 | 201;
}

/** The command to the source; the client's key and If-Match belong to that account. */
function messageOf(request: Request, wanted: Omit<Wanted, 'status'>): CommandMessage {
  const ifMatch = ifMatchOf(request);
  return {
    ...wanted,
    traceparent: traceparentOf(request),
    dryRun: dryRunOf(request),
    ...(ifMatch === undefined ? {} : { ifMatch }),
  };
}

/** How the transfer of these events stands: what they do not tell is looked up. */
async function answerOf(
  actors: Pick<Actors, 'lookup'>,
  events: readonly LoggedEvent[],
  isPreview: boolean,
): Promise<TransferAnswer> {
  const [first] = events;
  const isWhole = first?.type === 'transfer-sent' || first?.type === 'transfer-reserved';
  if (isWhole) return transferAnswerOf(events);
  if (first === undefined || !('transferId' in first.data)) throw new Error('no transfer');
  const found = await transferEvents(actors, first.data.transferId);
  return transferAnswerOf(isPreview ? [...found, ...events] : merge(found, events));
}

const merge = (found: readonly LoggedEvent[], more: readonly LoggedEvent[]): LoggedEvent[] => [
  ...found,
  ...more.filter(({ id }) => found.every((one) => one.id !== id)),
];

/** Every event of a transfer, at both accounts, and the one that took it back. */
export async function transferEvents(
  actors: Pick<Actors, 'lookup'>,
  id: TransferId,
): Promise<readonly LoggedEvent[]> {
  const lookup = async (account: AccountId, names: readonly string[]): Promise<LoggedEvent[]> => {
    const found = await actors.lookup(account, names);
    if (found !== 'unavailable') return found.flatMap((events) => events ?? []);
    throw failureOf({
      code: 'service-unavailable',
      reason: 'the transfer cannot be looked up now',
    });
  };
  const source = sourceOf(id);
  if (source === undefined) return [];
  const own = await lookup(source, [transferName(id), transferEndName(id)]);
  const target = own.find((event) => 'otherAccountId' in event.data);
  if (target === undefined || !('otherAccountId' in target.data)) return [];
  const names = [transferName(id), transferReversalName(id)];
  return [...own, ...(await lookup(target.data.otherAccountId, names))];
}

/** How a transfer stands; of one that the bank never made a 404. */
async function findTransfer(
  actors: Pick<Actors, 'lookup'>,
  id: TransferId,
): Promise<TransferAnswer> {
  const events = await transferEvents(actors, id);
  if (events.length === 0) throw failureOf({ code: 'transfer-not-found' });
  return transferAnswerOf(events);
}

/** Which of the two accounts a refusal is about. */
function refusedAt(source: AccountId, result: Extract<CommandResult, { ok: false }>): Failure {
  const { refusal, refusalId } = result;
  const failure = failureOf(refusal, refusalId);
  if (refusal.code === 'service-unavailable' || refusal.code === 'invalid-request') return failure;
  const accountId = result.accountId ?? source;
  return new Failure(failure.code, {
    ...failure.parts,
    more: { ...failure.parts.more, accountId },
  });
}

const transferOf = (request: Request): TransferId => paramOf(request, transferParams, 'transferId');
