import type { LoggedEvent } from '../../contracts/account/events.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { LOG_CALLS } from '../../contracts/log/calls.ts';
import { accountPage, LOG_PAGE_EVENTS_MAX, type AccountPage } from '../../contracts/log/entries.ts';
import type { AccountId } from '../../domain/ids.ts';
import { ask } from '../../platform/service-client.ts';
import { CannotRun } from '../../runtime/progress.ts';
import { appClient, type AppAddress } from '../client/app-client.ts';

const READ_EVENTS = { ...LOG_CALLS.streamEvents, answer: accountPage };

/** Events of an account in the log. */
export interface AccountEvents {
  /** Version of the account's last event in the log. */
  readonly lastVersion: number;
  /** The last version that is read. */
  readonly to: number;
  /** Events 1 to `to`, oldest first, a page at a time. */
  readonly pages: () => AsyncGenerator<readonly LoggedEvent[], void, undefined>;
}

/**
 * The events of an account up to a version, or all of them. Throws CannotRun when no bank answers,
 * when the log has no such account, and when it has no such version.
 */
export async function accountEvents(
  address: AppAddress,
  id: AccountId,
  to?: number,
  pageEvents: number = LOG_PAGE_EVENTS_MAX,
): Promise<AccountEvents> {
  const client = appClient(() => address);
  const read = (fromVersion: number, until: number): Promise<AccountPage> => {
    const limit = Math.min(pageEvents, until - fromVersion + 1);
    return ask(client, READ_EVENTS, { stream: streamOf(id), fromVersion, limit });
  };
  const { headVersion: lastVersion } = await read(1, 1);
  if (lastVersion === 0) {
    throw new CannotRun(`The log has no account ${id}. A new one is there after a moment.`);
  }
  const last = to ?? lastVersion;
  if (last > lastVersion) {
    throw new CannotRun(
      `The log has no version ${last} of this account: its last one is ${lastVersion}.`,
    );
  }
  return {
    lastVersion,
    to: last,
    async *pages() {
      for (let from = 1; from <= last;) {
        const { entries } = await read(from, last);
        if (entries.length === 0) throw new CannotRun(`The log gave no event of version ${from}.`);
        yield entries.map(({ event }) => event);
        from += entries.length;
      }
    },
  };
}
