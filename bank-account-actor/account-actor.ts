import { randomUUID } from 'node:crypto';
import { encodeAccount } from '../contracts/account-state.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import type { ExistingAccount } from '../domain/account.ts';
import type { AccountId } from '../domain/ids.ts';
import { crashPoint } from '../platform/crash-points.ts';
import type { Logger } from '../platform/logger.ts';
import { activate, advance, elapsedMs, eventsOf, nextHead } from './activation.ts';
import { PRUNE_AGE_MS, TRUST_MS, type Activation, type Stamp } from './activation.ts';
import { readPast } from './account-past.ts';
import type { Journal } from './journal.ts';
import type { LogClient } from './log-client.ts';
import { UNCONFIRMED_EVENTS_MAX, type Outbox } from './outbox.ts';
import { decideTurn, type Turn } from './turn.ts';

const COMMIT_TRIES_MAX = 4;

export interface ActorPorts {
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly log: LogClient;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly stamp: () => Stamp;
  /** A write's outcome is unknown: its events, if there are any, must still reach the log. */
  readonly onUnknown: (accountId: AccountId) => void;
}

export type AccountActor = ReturnType<typeof createAccountActor>;

const unavailable = (reason: string): CommandResult => ({
  ok: false,
  refusal: { code: 'service-unavailable', reason },
});

/**
 * One account: decides commands one turn at a time and answers only what is committed. Its
 * own queue keeps turns apart, because Dapr's turn lock opens when a caller gives up.
 */
export function createAccountActor(accountId: AccountId, ports: ActorPorts) {
  const { journal, outbox, log, logger, stamp } = ports;
  let activation: Activation | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const load = async (): Promise<Activation> => {
    const asked = stamp();
    const loaded = await journal.load(accountId);
    outbox.restore(accountId, eventsOf(loaded));
    activation = activate(loaded, asked);
    return activation;
  };
  const trusted = async (): Promise<Activation> =>
    activation === undefined || elapsedMs(activation.trustedAt, stamp()) > TRUST_MS
      ? load()
      : activation;

  /** Commits a turn. False when another host was first: then everything is decided again. */
  const commit = async (current: Activation, turn: Turn): Promise<boolean> => {
    const sent = stamp();
    const newHead = nextHead(current, outbox.firstUnconfirmed(accountId), sent);
    const account = turn.account as ExistingAccount;
    const outcome = await journal.commit({
      accountId,
      commit: current.commit + 1,
      row: { writer: randomUUID(), account: encodeAccount(account), events: turn.events },
      head: current.head,
      newHead,
    });
    if (outcome === 'conflict') return false;
    crashPoint('actor:after-commit');
    // A write that slept past PRUNE_AGE_MS may have found its rival's row pruned and so proves
    // nothing. It is not acknowledged and not published; the log refuses forks besides.
    if (elapsedMs(current.trustedAt, stamp()) > PRUNE_AGE_MS / 2) return false;
    advance(current, account, newHead, sent);
    outbox.add(accountId, turn.events);
    current.memory.remember(turn.events, outbox.firstUnconfirmed(accountId));
    return true;
  };

  const execute = async (commands: readonly CommandMessage[]): Promise<CommandResult[]> => {
    for (let tries = 1; tries <= COMMIT_TRIES_MAX; tries += 1) {
      const current = await trusted();
      const past = await readPast(accountId, current, commands, log);
      const at = laterOf(ports.now(), current);
      const turn = decideTurn(accountId, current.account, commands, past, at);
      if (turn.events.length === 0 || (await commit(current, turn))) return turn.results;
      logger.info('another host was first, deciding again', { accountId, commit: current.commit });
      activation = undefined;
    }
    return commands.map(() => unavailable('several hosts hold this account'));
  };

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  return {
    /** Answers one result for each command, in order; never throws for a refusal. */
    execute: (commands: readonly CommandMessage[]): Promise<CommandResult[]> =>
      inTurn(async () => {
        if (outbox.size() > UNCONFIRMED_EVENTS_MAX) {
          return commands.map(() => unavailable('the log is too far behind'));
        }
        try {
          return await execute(commands);
        } catch (error) {
          activation = undefined;
          ports.onUnknown(accountId);
          logger.warn('a turn ended without a known outcome', { accountId, error: String(error) });
          return commands.map(() => unavailable('the outcome could not be confirmed'));
        }
      }),

    /** Resolves when no turn is under way or waiting. */
    idle: (): Promise<unknown> => queue,
  };
}

// The actor's clock never runs backwards within an account.
function laterOf(now: Date, { account }: Activation): string {
  const at = now.toISOString();
  return account.status === 'none' || at > account.changedAt ? at : account.changedAt;
}
