import { decodeAccount, encodeAccount } from '../contracts/account-state.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import { accountOfStream, type LoggedEvent } from '../contracts/events.ts';
import { NO_ACCOUNT, type Account, type OpenAccount } from '../domain/account.ts';
import type { ActorKind } from './actor-kind.ts';
import type { LogClient } from './log-client.ts';
import { readLogged } from './logged-commands.ts';
import { decideTurn } from './turn.ts';

export type AccountKind = ActorKind<Account, LoggedEvent, CommandMessage, CommandResult>;

/** What makes an actor an account. */
export const accountKind = (log: LogClient): AccountKind => ({
  nothing: NO_ACCOUNT,
  changedAt: (account) => (account.status === 'none' ? undefined : account.changedAt),
  stateOf: (row) => decodeAccount(row.account),
  // An account that has an event is open, or was once.
  rowOf: (account, events) => ({
    account: encodeAccount(account as OpenAccount),
    events: [...events],
  }),
  async decide(stream, { state, memory }, commands, at) {
    const id = accountOfStream(stream);
    // An account that was never opened has executed nothing.
    const asked = state.status === 'none' ? [] : commands;
    const logged = await readLogged(stream, memory, asked, log);
    const turn = decideTurn(id, { account: state, memory }, commands, logged, at);
    return { results: turn.results, events: turn.events, state: turn.account };
  },
});
