import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';
import { VERSION_WAIT_MS } from '../contracts/account/queries.ts';
import type { AccountModel } from '../contracts/account/read-models.ts';
import type { AccountId } from '../domain/ids.ts';
import { Failure } from '../platform/http/http.ts';
import type { AccountLog } from './log/account-log.ts';
import type { AccountView } from './accounts/account-view.ts';

const LOOK_AGAIN_MS = 20;
/** Requests that may wait for a version at the same time; more are answered at once. */
const WAITING_MAX = 1_000;
/** The header that says when to try again, in seconds. */
export const RETRY_AFTER = { 'Retry-After': '1' };

/** What waiting needs; `waitMs` is VERSION_WAIT_MS when missing. */
export interface WaitingPorts {
  readonly accounts: AccountView;
  readonly log: AccountLog;
  readonly waitMs?: number;
}

let waiting = 0;

/** Looks repeatedly until there is something; undefined after `waitMs` milliseconds. */
export async function waited<T>(
  waitMs: number,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + waitMs;
  let found = await look();
  if (found !== undefined || waiting >= WAITING_MAX) return found;
  waiting += 1;
  try {
    while (found === undefined && performance.now() < deadline) {
      await sleep(LOOK_AGAIN_MS);
      found = await look();
    }
    return found;
  } finally {
    waiting -= 1;
  }
}

/** The failure (503) about a version that the read side does not show yet. */
export const notReached = (version: number): Failure =>
  new Failure(
    'version-not-reached',
    { detail: `Version ${version} is not there yet. Retry after Retry-After seconds.` },
    RETRY_AFTER,
  );

/**
 * The failure about an account that the read side could not follow beyond a version (0: not at
 * all).
 */
export const setAside = (version: number): Failure =>
  new Failure('account-set-aside', { more: { version } });

/**
 * The account, at `minVersion` or later.
 * @returns rejects with a Failure (account-not-found, account-set-aside, version-not-reached).
 */
export async function accountAt(
  { accounts, log, waitMs = VERSION_WAIT_MS }: WaitingPorts,
  id: AccountId,
  minVersion = 0,
): Promise<AccountModel> {
  const look = async (): Promise<AccountModel | undefined> => {
    const account = await accounts.account(id);
    if (account?.setAside !== undefined) throw setAside(account.version);
    return account !== undefined && account.version >= minVersion ? account : undefined;
  };
  const reached = minVersion === 0 ? await look() : await waited(waitMs, look);
  if (reached !== undefined) return reached;
  const known = await accounts.account(id);
  if (known === undefined && (await accounts.isSetAside(id))) throw setAside(0);
  if (minVersion === 0) throw new Failure('account-not-found');
  // Only the log can tell an account that is late from one that is not.
  const isThere = known !== undefined || (await log.latestVersions([id]))[0] !== 0;
  throw isThere ? notReached(minVersion) : new Failure('account-not-found');
}

/** Sets the account's version as the ETag, which If-Match accepts. */
export const tag = (response: Response, version: number): void => {
  response.set('ETag', `"${version}"`);
};
