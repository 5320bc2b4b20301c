import { decodeAccount, encodeAccount } from '../contracts/account-state.ts';
import { decodeCommand, type CommandMessage } from '../contracts/commands.ts';
import { accountOfStream, type LoggedEvent } from '../contracts/events.ts';
import { NO_ACCOUNT, type Account, type ExistingAccount } from '../domain/account.ts';
import { readPast } from './account-past.ts';
import type { ActorKind } from './actor-kind.ts';
import { isAborted, jointTurn } from './joint-turn.ts';
import type { LogClient } from './log-client.ts';
import type { Owners } from './owners.ts';
import { withRecords, type AccountResult } from './refusals.ts';
import { decideTurn, type TurnResult } from './turn.ts';

export type AccountKind = ActorKind<Account, LoggedEvent, CommandMessage, AccountResult>;

const NO_OWNER: TurnResult = { ok: false, refusal: { code: 'owner-not-found' } };

/** What makes an actor an account. */
export const accountKind = (log: LogClient, owners: Pick<Owners, 'isRegistered'>): AccountKind => ({
  nothing: NO_ACCOUNT,
  changedAt: (account) => (account.status === 'none' ? undefined : account.changedAt),
  stateOf: (row) => {
    if (!('account' in row)) throw new Error('a row of an account holds something else');
    return decodeAccount(row.account);
  },
  // An account that has an event exists, whatever became of it.
  rowOf: (account, events) => ({
    account: encodeAccount(account as ExistingAccount),
    events: [...events],
  }),
  async decide(stream, { state, memory }, commands, at, joint) {
    const id = accountOfStream(stream);
    const past = await readPast(stream, { account: state, memory }, commands, log);
    // Who owns an account that is there already was asked when it was opened; and a request that
    // is wrong in itself is told what is wrong with it, whoever the owner is.
    const mayGoOn = await Promise.all(
      commands.map(({ command, ifMatch = 0 }) => {
        if (state.status !== 'none' || command.type !== 'open-account') return true;
        if (ifMatch !== 0 || !('type' in decodeCommand(command, command.currency))) return true;
        return owners.isRegistered(command.ownerId);
      }),
    );
    const asked = commands.filter((_command, index) => mayGoOn[index]);
    const decided = decideTurn(id, state, asked, past, at);
    const next = decided.results.values();
    const results = mayGoOn.map((may) => (may ? next.next().value! : NO_OWNER));
    const turn = jointTurn(state, { ...decided, results }, joint);
    const decision = {
      before: state,
      commands,
      results: turn.results,
      isAborted: isAborted({ results }, joint),
      isPreview: joint.dryRun === true,
      at,
    };
    return { results: withRecords(decision), events: turn.events, state: turn.account };
  },
});
