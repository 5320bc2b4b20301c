import type { LoggedEvent } from '../../contracts/account/events.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { accountPage, LOG_PAGE_EVENTS_MAX, type AccountPage } from '../../contracts/log/entries.ts';
import type { AccountId } from '../../domain/ids.ts';
import { Refusal } from '../../runtime/progress.ts';

const ANSWER_MS_MAX = 30_000;

/** Where event-source answers, and the tokens that it may want to see, likeliest first. */
export interface EventSourceAddress {
  readonly url: string;
  readonly tokens: readonly string[];
}

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
 * The events of an account up to a version, or all of them. Throws a Refusal when no bank answers,
 * when the log has no such account, and when it has no such version.
 */
export async function accountEvents(
  address: EventSourceAddress,
  id: AccountId,
  to?: number,
  pageEvents: number = LOG_PAGE_EVENTS_MAX,
): Promise<AccountEvents> {
  const read = async (from: number, until: number): Promise<AccountPage> => {
    const limit = Math.min(pageEvents, until - from + 1);
    const path = `log/streams/${streamOf(id)}/events?fromVersion=${from}&limit=${limit}`;
    return accountPage.parse(await ask(address, path));
  };
  const { headVersion: lastVersion } = await read(1, 1);
  if (lastVersion === 0) {
    throw new Refusal(`The log has no account ${id}. A new one is there after a moment.`);
  }
  const last = to ?? lastVersion;
  if (last > lastVersion) {
    throw new Refusal(
      `The log has no version ${last} of this account: its last one is ${lastVersion}.`,
    );
  }
  return {
    lastVersion,
    to: last,
    async *pages() {
      for (let from = 1; from <= last;) {
        const { entries } = await read(from, last);
        if (entries.length === 0) throw new Refusal(`The log gave no event of version ${from}.`);
        yield entries.map(({ event }) => event);
        from += entries.length;
      }
    },
  };
}

async function ask({ url, tokens }: EventSourceAddress, path: string): Promise<unknown> {
  for (const token of tokens) {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const headers = { 'dapr-api-token': token };
    const answer = await fetch(`${url}/${path}`, { headers, signal }).catch((cause: unknown) => {
      throw new Refusal(`No log answers at ${url}: start the bank with "npm start".`, { cause });
    });
    if (answer.status === 401) continue;
    if (answer.ok) return answer.json();
    throw new Refusal(`The log cannot answer now (${answer.status}): ${await answer.text()}`);
  }
  throw new Refusal(
    `The log at ${url} takes no token of this data folder: ` +
      'does CORE_BANK_DATA name that of another bank?',
  );
}
