import { decodeAccount } from '../contracts/account-state.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import type { LoggedEvent } from '../contracts/events.ts';
import type { AccountId, CommandId } from '../domain/ids.ts';
import { createAccountActor, type AccountActor, type ActorPorts } from './account-actor.ts';
import { createAgenda } from './agenda.ts';
import { eventsOf } from './activation.ts';
import type { Joint } from './joint-turn.ts';

const SWEEP_EVERY_MS = 1_000;
const SETTLE_EVERY_SWEEPS = 3;
const RECOVER_AT_ONCE_MAX = 16;
/** A write whose answer was lost may still be applied for as long as the store may take. */
const DOUBT_MS = 45_000;

export type Accounts = ReturnType<typeof createAccounts>;

/** All accounts that are active on this host, and those that a crash left in doubt. */
export function createAccounts(
  ports: Omit<ActorPorts, 'onUnknown' | 'onAccount'>,
  agenda = createAgenda(),
) {
  const { journal, outbox, logger } = ports;
  const actors = new Map<AccountId, AccountActor>();
  const doubtfulUntil = new Map<AccountId, number>();
  const recovered = new Set<AccountId>();
  let timer: NodeJS.Timeout | undefined;
  let sweeps = 0;

  const doubt = (accountId: AccountId): void => {
    doubtfulUntil.set(accountId, performance.now() + DOUBT_MS);
  };
  const actorOf = (accountId: AccountId): AccountActor => {
    const known = actors.get(accountId);
    if (known !== undefined) return known;
    const actor = createAccountActor(accountId, {
      ...ports,
      onUnknown: doubt,
      onAccount: agenda.note,
    });
    actors.set(accountId, actor);
    return actor;
  };

  /** Brings what the journal has and the log may lack to the outbox. Reads only. */
  const recover = async (accountId: AccountId): Promise<void> => {
    const loaded = await journal.load(accountId);
    outbox.restore(accountId, eventsOf(loaded));
    const last = loaded.rows.at(-1);
    if (last !== undefined) agenda.note(accountId, decodeAccount(last.account));
    recovered.add(accountId);
    if ((doubtfulUntil.get(accountId) ?? 0) < performance.now()) doubtfulUntil.delete(accountId);
  };
  const sweep = async (): Promise<void> => {
    const doubtful = [...doubtfulUntil.keys()];
    for (let at = 0; at < doubtful.length; at += RECOVER_AT_ONCE_MAX) {
      await Promise.all(doubtful.slice(at, at + RECOVER_AT_ONCE_MAX).map(recover));
    }
    sweeps += 1;
    if (sweeps % SETTLE_EVERY_SWEEPS !== 0) return;
    await journal.settle(
      (accountId) =>
        outbox.firstUnconfirmed(accountId) === undefined &&
        agenda.isEmpty(accountId) &&
        !doubtfulUntil.has(accountId) &&
        // A turn that was just committed may not have told the outbox yet.
        actors.get(accountId)?.isBusy() !== true,
    );
  };
  const sweepForEver = (): void => {
    timer = setTimeout(() => {
      sweep()
        .catch((error) => logger.warn('a sweep failed', { error: String(error) }))
        .finally(sweepForEver);
    }, SWEEP_EVERY_MS);
  };

  return {
    /** Must end before the first command: it reads what a crash of this host left behind. */
    async start(): Promise<void> {
      const unsettled = await journal.unsettled();
      if (unsettled.length > 0) logger.info('recovering accounts', { count: unsettled.length });
      // One look suffices for these: the host that wrote them is gone, and so are its calls.
      for (const accountId of unsettled) doubtfulUntil.set(accountId, performance.now() + 5_000);
      sweepForEver();
    },
    execute: (
      accountId: AccountId,
      commands: readonly CommandMessage[],
      joint?: Joint,
    ): Promise<CommandResult[]> => actorOf(accountId).execute(commands, joint),
    /**
     * What the account executed under each id. Throws as long as a write of this host may still
     * be applied, because then "nothing" could turn out wrong.
     */
    async lookup(
      accountId: AccountId,
      commandIds: readonly CommandId[],
    ): Promise<(LoggedEvent[] | undefined)[]> {
      const found = await actorOf(accountId).lookup(commandIds);
      const inDoubt = (doubtfulUntil.get(accountId) ?? 0) >= performance.now();
      if (!inDoubt || found.every((events) => events !== undefined)) return found;
      throw new Error(`the last commit of ${accountId} is in doubt`);
    },
    /** Forgets the account when its turns are over; its journal has everything. */
    async deactivate(accountId: AccountId): Promise<void> {
      await actors.get(accountId)?.idle();
      actors.delete(accountId);
    },
    counts: () => ({ active: actors.size, inDoubt: doubtfulUntil.size, recovered: recovered.size }),
    stop: (): void => clearTimeout(timer),
  };
}
