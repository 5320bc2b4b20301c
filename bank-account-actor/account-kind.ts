import { decodeAccount, encodeAccount } from '../contracts/account-state.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import { accountOfStream, type LoggedEvent } from '../contracts/events.ts';
import { NO_ACCOUNT, type Account, type ExistingAccount } from '../domain/account.ts';
import { readPast } from './account-past.ts';
import type { ActorKind } from './actor-kind.ts';
import { jointTurn } from './joint-turn.ts';
import type { LogClient } from './log-client.ts';
import { decideTurn } from './turn.ts';

export type AccountKind = ActorKind<Account, LoggedEvent, CommandMessage, CommandResult>;

/** What makes an actor an account. */
export const accountKind = (log: LogClient): AccountKind => ({
  nothing: NO_ACCOUNT,
  changedAt: (account) => (account.status === 'none' ? undefined : account.changedAt),
  stateOf: (row) => decodeAccount(row.account),
  // An account that has an event exists, whatever became of it.
  rowOf: (account, events) => ({
    account: encodeAccount(account as ExistingAccount),
    events: [...events],
  }),
  async decide(stream, { state, memory }, commands, at, joint) {
    const id = accountOfStream(stream);
    const past = await readPast(stream, { account: state, memory }, commands, log);
    const turn = jointTurn(state, decideTurn(id, state, commands, past, at), joint);
    return { results: turn.results, events: turn.events, state: turn.account };
  },
});
