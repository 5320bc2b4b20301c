import { setTimeout as sleep } from 'node:timers/promises';
import type { Express, Request, RequestHandler, Response } from 'express';
import type { CommandMessage } from '../contracts/commands.ts';
import { transferIdFor } from '../contracts/commands.ts';
import { defined } from '../contracts/events.ts';
import type { RefusalMessage } from '../contracts/refusals.ts';
import { factsOf, pendingAnswer, transferBody } from '../contracts/transfers.ts';
import { transferReversalBody, type TransferAnswer } from '../contracts/transfers.ts';
import type { TransferFacts } from '../contracts/transfers.ts';
import { ACCOUNT_ID_PATTERN, transferId, type TransferId } from '../domain/ids.ts';
import { Failure } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import type { Actors } from './actor-client.ts';
import { failureOf, invalid, invalidBy } from './failures.ts';
import { commandIdOf, dryRunOf, ifMatchOf, traceparentOf } from './request-headers.ts';
import { transferSteps, Unavailable, type Found } from './transfer-steps.ts';

/** A transfer that takes longer is answered as pending and goes on. */
const ANSWER_MS_MAX = 2_000;
const UNDER_WAY_MAX = 5_000;

type Wish = Omit<TransferFacts, 'transferId'>;

/** POST and GET of transfers and of their reversals. */
export function transferRoutes(
  app: Express,
  actors: Actors,
  body: RequestHandler,
  logger: Logger,
): void {
  const steps = transferSteps(actors);
  let underWay = 0;

  /** The end of the transfer, or undefined when it is not there in time. */
  const endOf = async (
    facts: TransferFacts,
    traceparent: string,
    until: number,
  ): Promise<TransferAnswer | undefined> => {
    const timer = new AbortController();
    underWay += 1;
    const end = steps.finish(facts, traceparent).finally(() => {
      underWay -= 1;
      timer.abort();
    });
    end.catch((error: unknown) => {
      // The actor host of the source brings it to its end.
      logger.warn('a transfer is left pending', {
        transferId: facts.transferId,
        error: String(error),
      });
    });
    const late = sleep(Math.max(0, until - performance.now()), undefined, timer);
    return Promise.race([end.catch(() => undefined), late.catch(() => end)]).catch(() => undefined);
  };

  const transfer = async (request: Request, response: Response, wish: Wish): Promise<void> => {
    const until = performance.now() + ANSWER_MS_MAX;
    const { fromAccountId } = wish;
    if (underWay >= UNDER_WAY_MAX) throw busy('too many transfers are under way');
    const message = reservation(request, wish);
    response.set('Idempotency-Key', message.commandId);
    if (message.dryRun === true) {
      const preview = await found(steps.preview(fromAccountId, { ...message, dryRun: false }));
      if (!preview.ok) throw refusedAt(fromAccountId, preview.refusal);
      if (preview.replayed) response.set('Idempotency-Replayed', 'true');
      if ('answer' in preview) answer(response, preview.answer, 201);
      return;
    }
    const reserved = await steps.reserve(fromAccountId, message);
    if (!reserved.ok) throw refusedAt(fromAccountId, reserved.refusal, reserved.refusalId);
    if (reserved.replayed) response.set('Idempotency-Replayed', 'true');
    const facts = factsOf(reserved.events);
    const end = await endOf(facts, message.traceparent ?? '', until);
    answer(response, end ?? pendingAnswer(facts), 201);
  };

  app.post('/v1/transfers', body, async (request, response) => {
    const parsed = transferBody.safeParse(request.body);
    if (!parsed.success) throw invalidBy(parsed.error);
    const { fromAccountId, toAccountId } = parsed.data;
    if (fromAccountId === toAccountId) throw new Failure('same-account');
    const currency = await steps.currencyOf(toAccountId, traceparentOf(request));
    if (typeof currency !== 'string') throw refusedAt(toAccountId, currency.refusal);
    await transfer(request, response, { ...parsed.data, currency });
  });

  app.post('/v1/transfers/:transferId/reversals', body, async (request, response) => {
    const parsed = transferReversalBody.safeParse(request.body);
    if (!parsed.success) throw invalidBy(parsed.error);
    const original = answerOf(await found(steps.find(transferIdOf(request))));
    if (original.status !== 'completed') {
      const detail = `The transfer is ${original.status}: only a completed one moved money.`;
      throw new Failure('not-reversible', { detail });
    }
    const { transferId: reverses, amount, currency, toAccountId, fromAccountId } = original;
    const sides = { fromAccountId: toAccountId, toAccountId: fromAccountId };
    const { reason: description } = parsed.data;
    await transfer(request, response, { ...sides, amount, currency, reverses, description });
  });

  app.get('/v1/transfers/:transferId', async (request, response) => {
    for (const name of Object.keys(request.query)) {
      throw invalid([{ at: `query/${name}`, message: 'is not a known parameter' }]);
    }
    response.json(answerOf(await found(steps.find(transferIdOf(request)))));
  });
}

/** The command to the source; the client's key and If-Match belong to that account. */
function reservation(request: Request, { currency, ...wish }: Wish): CommandMessage {
  const { commandId, fresh } = commandIdOf(request);
  const { fromAccountId, reverses: reversesTransferId, ...told } = wish;
  const id = transferIdFor(fromAccountId, commandId);
  const command = defined({
    ...told,
    type: 'reserve-transfer' as const,
    transferId: id,
    toCurrency: currency,
    reversesTransferId,
  });
  const traceparent = traceparentOf(request);
  const ifMatch = ifMatchOf(request);
  const conditions = { dryRun: dryRunOf(request), ...(ifMatch === undefined ? {} : { ifMatch }) };
  return { commandId, fresh, traceparent, ...conditions, command };
}

const busy = (reason: string): Failure => failureOf({ code: 'service-unavailable', reason });

async function found<Result>(looking: Promise<Result>): Promise<Result> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof Unavailable) throw busy('the transfer cannot be looked up now');
    throw error;
  }
}

function answerOf(result: Found): TransferAnswer {
  if (!result.ok) throw failureOf(result.refusal);
  return result.answer;
}

function answer(response: Response, transfer: TransferAnswer, status: number): void {
  response.location(`/v1/transfers/${transfer.transferId}`);
  if (transfer.from !== undefined) response.set('ETag', `"${transfer.from.version}"`);
  response.status(transfer.status === 'pending' ? 202 : status).json(transfer);
}

/** Which of the two accounts a refusal is about. */
function refusedAt(accountId: string, refusal: RefusalMessage, refusalId?: string | null): Failure {
  const failure = failureOf(refusal, refusalId);
  if (refusal.code === 'service-unavailable' || refusal.code === 'invalid-request') return failure;
  return new Failure(failure.code, {
    ...failure.parts,
    more: { ...failure.parts.more, accountId },
  });
}

function transferIdOf(request: Request): TransferId {
  const text = String(request.params['transferId']);
  if (ACCOUNT_ID_PATTERN.test(text)) return transferId(text);
  throw invalid([{ at: 'path/transferId', message: 'must be a lower-case UUID' }]);
}
