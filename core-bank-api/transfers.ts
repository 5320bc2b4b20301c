import type { Request, Response } from 'express';
import type { z } from 'zod';
import { byOf, EVERY_OWNER, nameBy, senderOf, type Sender } from '../contracts/access/principal.ts';
import type { CommandMessage, CommandResult, CommandBody } from '../contracts/account/commands.ts';
import { transferIdFor } from '../contracts/derived-ids.ts';
import { defined, type LoggedEvent } from '../contracts/account/events.ts';
import { transferParams } from '../contracts/http/parameters.ts';
import {
  captureTransferBody,
  seenOf,
  transferAnswerOf,
  transferBody,
  type SeenSides,
} from '../contracts/transfer/transfers.ts';
import { voidTransferBody, wouldBe } from '../contracts/transfer/transfers.ts';
import { transferReversalBody } from '../contracts/account/command-operations.ts';
import type { TransferAnswer } from '../contracts/transfer/transfers.ts';
import { transferEndName, transferName } from '../domain/account-events.ts';
import { transferReversalName } from '../domain/account-events.ts';
import type { AccountId, CommandId, CommandName, TransferId } from '../domain/ids.ts';
import { sourceOf } from '../domain/transfer-id.ts';
import { principalOf } from '../platform/http/gate.ts';
import { Failure } from '../platform/http/http.ts';
import { bodyOf, invalid, paramOf } from '../platform/http/requests.ts';
import type { Handlers } from '../platform/http/serve.ts';
import { answerCommand, answerPending } from './command-answers.ts';
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
    const sender = senderOf(principalOf(request));
    response.set('Idempotency-Key', message.commandId);
    const group = { ...sender, commands: [message], mayWait: true };
    const [result] = (await actors.execute(group)) as [CommandResult];
    if (!result.ok && answerPending(response, result.refusal)) return;
    if (!result.ok) throw refusedAt(source, result);
    const isPreview = message.dryRun === true;
    const whole = await answerOf(actors, result.events, isPreview);
    const answer = seenBySender(whole, sender.owner);
    answerCommand(request, response, {
      status,
      body: isPreview && !result.replayed ? wouldBe(answer) : answer,
      version: answer.from?.version,
      location: `/v1/transfers/${answer.transferId}`,
      isReplayed: result.replayed,
      needsApproval: result.needsApproval,
    });
  };

  const end = (request: Request, response: Response, id: TransferId, command: CommandBody) => {
    const accountId = sourceOf(id);
    if (accountId === undefined) throw failureOf({ code: 'transfer-not-found' });
    const commandId = commandIdOf(request);
    return execute(request, response, { accountId, commandId, command, status: 200 }).catch(
      (error: unknown) => {
        const isSource = error instanceof Failure && error.parts.more?.['accountId'] === accountId;
        // A transfer from an account that is not there, or is not the sender's, is not there.
        if (!isSource || error.code !== 'account-not-found') throw error;
        throw failureOf({ code: 'transfer-not-found' });
      },
    );
  };

  const handlers: Handlers = {
    async transfer(request, response) {
      const body = bodyOf(transferBody, request.body);
      const commandId = commandIdOf(request);
      const begun = beginning(body, nameOf(request, commandId));
      if (begun instanceof Failure) throw begun;
      await execute(request, response, { ...begun, commandId, status: 201 });
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
      const { reason, ...remarks } = bodyOf(transferReversalBody, request.body);
      const original = await findTransfer(actors, transferOf(request), EVERY_OWNER);
      if (original.status !== 'completed') {
        const detail = `The transfer is ${original.status}: only a completed one moved money.`;
        throw new Failure('not-reversible', { detail });
      }
      const { toAccountId: payer, fromAccountId, captured, amount } = original;
      const accountId = payer as AccountId;
      const commandId = commandIdOf(request);
      const command = defined({
        type: 'send-transfer' as const,
        transferId: transferIdFor(accountId, nameOf(request, commandId)),
        toAccountId: fromAccountId,
        amount: captured ?? amount,
        reversesTransferId: original.transferId,
        description: reason ?? original.description,
        reference: original.reference,
        ...defined(remarks),
      }) as CommandBody;
      await execute(request, response, { accountId, commandId, command, status: 201 });
    },
    async getTransfer(request, response) {
      for (const name of Object.keys(request.query)) {
        throw invalid(`query/${name}`, 'is not a known parameter');
      }
      const { owner } = senderOf(principalOf(request));
      response.json(await findTransfer(actors, transferOf(request), owner));
    },
  };
  return handlers;
}

/** The command to the source that begins a transfer; a Failure when both accounts are one. */
export function beginning(
  { fromAccountId: accountId, pending, ...terms }: z.infer<typeof transferBody>,
  name: CommandName,
): Pick<CommandMessage, 'accountId' | 'command'> | Failure {
  if (accountId === terms.toAccountId) return new Failure('same-account');
  const type = pending === true ? ('reserve-transfer' as const) : ('send-transfer' as const);
  const transferId = transferIdFor(accountId, name);
  return { accountId, command: defined({ ...terms, type, transferId }) as CommandBody };
}

/** A command to the source of a transfer, and the status of its success. */
interface Wanted extends Pick<CommandMessage, 'accountId' | 'commandId' | 'command'> {
  readonly status: 200 | 201;
}

const nameOf = (request: Request, key: CommandId): CommandName =>
  nameBy(byOf(principalOf(request)), key);

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

/** Who moves money sees the account that it leaves. The other may be anybody's. */
const seenBySender = (whole: TransferAnswer, owner: Sender['owner']): TransferAnswer =>
  seenOf(whole, { from: true, to: owner === EVERY_OWNER });

/** The transfer that a command began, as its sender sees it. */
export function begunAnswer(
  { events, replayed }: Extract<CommandResult, { ok: true }>,
  owner: Sender['owner'],
  isPreview: boolean,
) {
  const answer = seenBySender(transferAnswerOf(events), owner);
  return isPreview && !replayed ? wouldBe(answer) : answer;
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
  const { events: found } = await transferEvents(actors, first.data.transferId, EVERY_OWNER);
  return transferAnswerOf(isPreview ? [...found, ...events] : merge(found, events));
}

const merge = (found: readonly LoggedEvent[], more: readonly LoggedEvent[]): LoggedEvent[] => [
  ...found,
  ...more.filter(({ id }) => found.every((one) => one.id !== id)),
];

interface FoundTransfer {
  readonly events: readonly LoggedEvent[];
  /** Which of its accounts are of the owner who asks. */
  readonly sides: SeenSides;
}

/** Every event of a transfer, at both accounts, and the one that took it back. */
export async function transferEvents(
  actors: Pick<Actors, 'lookup'>,
  id: TransferId,
  owner: Sender['owner'],
): Promise<FoundTransfer> {
  const lookup = async (account: AccountId, names: readonly string[]) => {
    const looked = await actors.lookup(account, names, owner);
    if (looked !== 'unavailable') {
      return { isOwn: looked.isOwn, events: looked.found.flatMap((events) => events ?? []) };
    }
    throw failureOf({
      code: 'service-unavailable',
      reason: 'the transfer cannot be looked up now',
    });
  };
  const source = sourceOf(id);
  if (source === undefined) return NO_TRANSFER;
  const from = await lookup(source, [transferName(id), transferEndName(id)]);
  const first = from.events.find((event) => 'otherAccountId' in event.data)?.data;
  const isThere = first !== undefined && 'otherAccountId' in first;
  // Also of one that does not exist, so that the time of a 404 does not tell it from a foreign one.
  if (!isThere && owner === EVERY_OWNER) return NO_TRANSFER;
  const target = isThere ? first.otherAccountId : source;
  const to = await lookup(target, [transferName(id), transferReversalName(id)]);
  if (!isThere) return NO_TRANSFER;
  return {
    events: [...from.events, ...to.events],
    sides: { from: from.isOwn, to: to.isOwn },
  };
}

const NO_TRANSFER: FoundTransfer = { events: [], sides: { from: false, to: false } };

/** How a transfer stands; a 404 of one that the bank never made, and of one between others. */
async function findTransfer(
  actors: Pick<Actors, 'lookup'>,
  id: TransferId,
  owner: Sender['owner'],
): Promise<TransferAnswer> {
  const { events, sides } = await transferEvents(actors, id, owner);
  const isShown = events.length > 0 && (sides.from || sides.to);
  if (!isShown) throw failureOf({ code: 'transfer-not-found' });
  return seenOf(transferAnswerOf(events), sides);
}

/** A refusal, and which of the two accounts it is about. */
export function refusedAt(
  source: AccountId,
  result: Extract<CommandResult, { ok: false }>,
): Failure {
  const { refusal, refusalId } = result;
  const failure = failureOf(refusal, refusalId);
  if (refusal.code === 'service-unavailable' || refusal.code === 'invalid-request') return failure;
  if (refusal.code === 'transfer-not-found') return failureOf(refusal);
  const accountId = result.accountId ?? source;
  return new Failure(failure.code, {
    ...failure.parts,
    more: { ...failure.parts.more, accountId },
  });
}

const transferOf = (request: Request): TransferId => paramOf(request, transferParams, 'transferId');
