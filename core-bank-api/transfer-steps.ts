import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import type { LoggedEvent } from '../contracts/events.ts';
import type { RefusalMessage } from '../contracts/refusals.ts';
import { endedAnswer, endMessage, factsOf, pendingAnswer } from '../contracts/transfers.ts';
import { receiveId, receiveMessage, releaseId, settleId } from '../contracts/transfers.ts';
import type { TransferAnswer, TransferFacts } from '../contracts/transfers.ts';
import type { Currency } from '../domain/currency.ts';
import type { AccountId, CommandId, TransferId } from '../domain/ids.ts';
import { transferReversalName } from '../domain/account-events.ts';
import { sourceOf } from '../domain/transfer-id.ts';
import { crashPoint } from '../platform/crash-points.ts';
import { unavailable, type Actors, type Joint } from './actor-client.ts';
import { freshId } from './request-headers.ts';

const CURRENCIES_MAX = 50_000;
const STEP_RETRY_MS = 200;
/** After this the actor host of the source ends the transfer without us. */
const STEP_MS_MAX = 20_000;

type Events = readonly LoggedEvent[];
type Refused = { readonly ok: false; readonly refusal: RefusalMessage };
export type Found = { readonly ok: true; readonly answer: TransferAnswer } | Refused;
/** What would come of a transfer, or came of it when it had been executed before. */
export type Preview = CommandResult | (Found & { readonly replayed?: true });

/**
 * The steps of transfers, each a command to one of the two accounts. Whoever drives a transfer,
 * and however often, the accounts keep it sound: see docs/decisions/0008-transfers.md.
 */
export function transferSteps(actors: Actors) {
  const currencies = new Map<AccountId, Currency>();

  const execute = async (
    accountId: AccountId,
    messages: readonly CommandMessage[],
    joint?: Joint,
  ): Promise<CommandResult> => {
    const results = await actors.execute(accountId, messages, joint);
    return results.find(({ ok }) => !ok) ?? (results.at(-1) as CommandResult);
  };

  /** A step that must succeed, now or when the account can be reached again. */
  const insist = async (accountId: AccountId, message: CommandMessage): Promise<Events> => {
    const until = performance.now() + STEP_MS_MAX;
    for (;;) {
      const result = await execute(accountId, [message]);
      if (result.ok) return result.events;
      const { refusal } = result;
      if (refusal.code !== 'service-unavailable' || performance.now() > until) {
        throw new Error(`${message.commandId} at ${accountId}: ${JSON.stringify(refusal)}`);
      }
      await sleep(STEP_RETRY_MS);
    }
  };

  const lookup = async (accountId: AccountId, id: CommandId): Promise<Events | undefined> => {
    const found = await actors.lookup(accountId, id);
    if (found === 'unavailable') throw new Unavailable();
    return found;
  };

  /** The final answer; of both ends at most one is there, because the target's word is final. */
  const ended = async (transferId: TransferId, at: AccountId): Promise<Found> => {
    const [settled, released] = await Promise.all([
      lookup(at, settleId(transferId)),
      lookup(at, releaseId(transferId)),
    ]);
    const source = settled ?? released;
    if (source === undefined) throw new Unavailable();
    const facts = factsOf(source);
    const [target, reversal] = await Promise.all([
      lookup(facts.toAccountId, receiveId(transferId)),
      lookup(facts.toAccountId, transferReversalName(transferId) as CommandId),
    ]);
    if (target === undefined) throw new Unavailable();
    const answer = endedAnswer(facts, source, target);
    if (reversal === undefined) return { ok: true, answer };
    return { ok: true, answer: { ...answer, reversedBy: factsOf(reversal).transferId } };
  };

  /** How the transfer stands; writes nothing. */
  const find = async (transferId: TransferId): Promise<Found> => {
    const source = sourceOf(transferId);
    if (source === undefined) return { ok: false, refusal: { code: 'transfer-not-found' } };
    const command = { type: 'settle-transfer', transferId } as const;
    const ids = { commandId: freshId(), fresh: true, dryRun: true };
    const result = await execute(source, [{ ...ids, command }]);
    if (result.ok) return { ok: true, answer: pendingAnswer(factsOf(result.events)) };
    const { code } = result.refusal;
    if (code === 'transfer-already-ended') return ended(transferId, source);
    if (code !== 'account-not-found') return result;
    return { ok: false, refusal: { code: 'transfer-not-found' } };
  };

  return {
    find,

    /** The currency of an account, which never changes; a refusal when there is no account. */
    async currencyOf(accountId: AccountId, traceparent: string): Promise<Currency | Refused> {
      const known = currencies.get(accountId);
      if (known !== undefined) return known;
      const result = await execute(accountId, [probe(accountId, traceparent)]);
      if (!result.ok) return result;
      const currency = result.events[0]?.data.currency as Currency;
      const [oldest] = currencies.keys();
      if (currencies.size >= CURRENCIES_MAX && oldest !== undefined) currencies.delete(oldest);
      currencies.set(accountId, currency);
      return currency;
    },

    /** Sets the money aside at the source, or says why not. */
    async reserve(source: AccountId, message: CommandMessage): Promise<CommandResult> {
      crashPoint('transfer-api:before-reserve');
      const result = await execute(source, [message]);
      crashPoint('transfer-api:after-reserve');
      return result;
    },

    /** Brings a reserved transfer to its end; the same end however often it is asked. */
    async finish(facts: TransferFacts, traceparent: string): Promise<TransferAnswer> {
      const target = await insist(facts.toAccountId, receiveMessage(facts, { traceparent }));
      crashPoint('transfer-api:after-receive');
      const source = await insist(facts.fromAccountId, endMessage(target, { traceparent }));
      crashPoint('transfer-api:after-end');
      return endedAnswer(facts, source, target);
    },

    /** What would come of a transfer; writes nothing. */
    async preview(source: AccountId, message: CommandMessage): Promise<Preview> {
      const dry = { dryRun: true } as const;
      const [reserved = unavailable('')] = await actors.execute(source, [message], dry);
      if (!reserved.ok) return reserved;
      const facts = factsOf(reserved.events);
      if (reserved.replayed) return { ...(await find(facts.transferId)), replayed: true };
      const received = await execute(facts.toAccountId, [receiveMessage(facts)], dry);
      if (!received.ok) return received;
      const last = await execute(source, [message, endMessage(received.events)], dry);
      if (!last.ok) return last;
      return { ok: true, answer: endedAnswer(facts, last.events, received.events) };
    },
  };
}

/** Nobody can tell now what came of the transfer. */
export class Unavailable extends Error {}

// What the account would say to a transfer tells its currency, and nothing is written for it.
function probe(accountId: AccountId, traceparent: string): CommandMessage {
  const command = {
    type: 'receive-transfer',
    transferId: accountId as string as TransferId,
    fromAccountId: accountId,
    currency: 'EUR' as Currency,
    amount: '1',
  } as const;
  return { commandId: freshId(), fresh: true, dryRun: true, traceparent, command };
}
