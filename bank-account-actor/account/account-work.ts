import { EVERY_OWNER, type Sender } from '../../contracts/access/principal.ts';
import {
  commandHash,
  type CommandBody,
  type CommandMessage,
} from '../../contracts/account/commands.ts';
import { streamOf } from '../../contracts/account/events.ts';
import type { BatchContent } from '../../contracts/batch/content.ts';
import { clockOf, type Account, type ExistingAccount } from '../../domain/account.ts';
import type { AccountEvent } from '../../domain/account-events.ts';
import type { Currency } from '../../domain/currency.ts';
import { needsApproval } from '../../domain/four-eyes.ts';
import { ownCommandId, type AccountId, type CommandId } from '../../domain/ids.ts';
import type { Asked, Grant, Review } from '../approval/proposal.ts';
import type { RefusableWork } from './refusal-record.ts';

/** A command to an account. */
export interface AccountWork extends RefusableWork {
  /** Whose accounts its sender may reach. */
  readonly owner: Sender['owner'];
  /** The batch that it belongs to. */
  readonly batch?: BatchContent;
  /** Missing: nobody has to approve it, or somebody has. */
  readonly review?: Review;
  readonly approval?: Grant;
}

/** A command, its sender, and the batch that its first event records, if none has yet. */
export type Given = CommandMessage &
  Pick<AccountWork, 'by' | 'owner' | 'batch' | 'review' | 'approval'>;

/** Whether a second person has to approve what would make these events. */
export const isReviewed = (
  { review }: Given,
  events: readonly AccountEvent[],
  currency: Currency,
): boolean => review !== undefined && needsApproval(review.fourEyes, events, currency);

/** What a second person would be asked; undefined for what must not wait for one. */
export function askedBy(given: Given): Asked | undefined {
  const { accountId, commandId, command, by, owner, review, ifMatch, traceparent } = given;
  if (review?.mayWait !== true || by === undefined) return undefined;
  const { waitMs } = review.fourEyes;
  const named = { about: streamOf(accountId), commandId, commandHash: commandHash(command) };
  return { ...named, asked: command, by, owner, ifMatch, traceparent, waitMs };
}

/** The clock of the account at the host's time `now`. */
export const timeOf = (now: string, account: Account): string =>
  account.status === 'none' ? now : clockOf(account.changedAt, now);

/** Many may fall due at once, and must fit into one commit. */
export const DUE_AT_ONCE_MAX = 100;

/** What has ended by time, without a client: the first holds and transfers due. */
export function dueWork(account: ExistingAccount, id: AccountId, now: string): AccountWork[] {
  const isDue = ({ expiresAt }: { readonly expiresAt?: string }): boolean =>
    expiresAt !== undefined && Date.parse(expiresAt) <= Date.parse(timeOf(now, account));
  const own = (commandId: CommandId, command: CommandBody): AccountWork => ({
    message: { accountId: id, commandId, command },
    by: undefined,
    owner: EVERY_OWNER,
    recordId: commandId,
  });
  return [
    ...account.holds
      .filter(isDue)
      .map(({ holdId }) => own(ownCommandId(`expire ${holdId}`), { type: 'expire-hold', holdId })),
    ...account.transfers
      .filter(isDue)
      .map(({ transferId }) =>
        own(ownCommandId(`expire ${transferId}`), { type: 'expire-transfer', transferId }),
      ),
  ].slice(0, DUE_AT_ONCE_MAX);
}
