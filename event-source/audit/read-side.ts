import { streamOf, type LoggedEvent } from '../../contracts/account/events.ts';
import {
  balanceSchema,
  type Balance,
  balanceOf,
  sameBalance,
} from '../../contracts/account/money.ts';
import { READ_SIDE_ACCOUNT } from '../../contracts/log/audit.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import { inParallel } from '../../platform/parallel.ts';
import { ask, type ServiceInvoker } from '../../platform/service-client.ts';
import type { Alarms } from '../alarms.ts';
import type { EventLog } from '../log/event-log.ts';
import type { AuditBooks } from './books.ts';
import type { Finding } from './entries.ts';
import { z } from 'zod';

/**
 * The read side as the query API shows it, through the sidecars: that is what customers see, and
 * event-source needs no password for the read side's database.
 */
export const daprReadSide = (dapr: ServiceInvoker): ReadSide => ({
  account: (accountId) => ask(dapr, READ_SIDE_ACCOUNT, { accountId }),
});

/** What a reader of an account sees. */
export interface ShownAccount {
  readonly version: number;
  readonly balance: Balance;
}

/** The read side as its customers see it. */
export interface ReadSide {
  /** Undefined when it does not know the account; rejects while it is away. */
  account(accountId: string): Promise<ShownAccount | undefined>;
}

/** What the check needs. */
export interface ReadSideCheckParts {
  readonly log: Pick<EventLog, 'readStream'>;
  readonly readSide: ReadSide;
  readonly alarms: Alarms;
  readonly logger: Logger;
}

/** More than this many at once are no accounts that were lost, but a read side that is away. */
const BEHIND_MAX = 50;

export type ReadSideCheck = ReturnType<typeof readSideCheck>;

/**
 * Compares what the read side shows with the log: each event names the balance after it, which the
 * audit has verified. Being behind is no fault. But the read side applies the log in order, so once
 * it has shown an event, an account that lacks an earlier one twice has lost it.
 */
export function readSideCheck({ log, readSide, alarms, logger }: ReadSideCheckParts) {
  const behind = new Map<string, number>();
  /** The last position of the log of which the read side has shown anything. */
  let shownUpTo = 0;
  let compared = 0;
  let running = false;

  const compareOne = async (accountId: string): Promise<void> => {
    const shownBefore = shownUpTo;
    const shown = await readSide.account(accountId);
    const version = shown?.version ?? 0;
    const stream = streamOf(accountId as AccountId);
    const [first, second] = await log.readStream(stream, Math.max(1, version), 2);
    const wrong = (detail: string): void => alarms.raise('read-side', accountId, detail);
    if (shown !== undefined) {
      compared += 1;
      if (first === undefined) {
        const detail = `The read side shows version ${version} of account ${accountId}, `;
        return wrong(`${detail}which the log does not have.`);
      }
      const { data } = JSON.parse(first.json.toString()) as LoggedEvent;
      const claimed = JSON.stringify(shown.balance, ['ledger', 'held', 'available']);
      const logged = JSON.stringify(data.balance, ['ledger', 'held', 'available']);
      if (claimed !== logged) {
        const detail = `The read side shows ${claimed} for version ${version} of account `;
        return wrong(`${detail}${accountId}, but the log has ${logged}.`);
      }
      shownUpTo = Math.max(shownUpTo, first.position);
    }
    const next = shown === undefined ? first : second;
    if (next === undefined || next.position >= shownBefore) {
      behind.delete(accountId);
      alarms.lower('read-side', accountId);
      return;
    }
    if (behind.get(accountId) === version) {
      const detail = `The read side shows version ${version} of account ${accountId} and has `;
      const more = `gone on to position ${shownBefore}, but the log has a later one before that.`;
      return wrong(`${detail}${more}`);
    }
    if (behind.size < BEHIND_MAX) behind.set(accountId, version);
  };

  return {
    /** How many accounts were compared, over and over. */
    compared: (): number => compared,
    async compare(accountIds: readonly string[]): Promise<void> {
      if (running) return;
      running = true;
      try {
        for (const accountId of new Set([...accountIds, ...behind.keys()])) {
          await compareOne(accountId);
        }
      } catch (error) {
        logger.info('the read side was not compared', { reason: error });
      } finally {
        running = false;
      }
    },
  };
}

const READERS = 16;
const CALL_MS_MAX = 10_000;
const shownAccount = z.object({ version: z.int(), balance: balanceSchema });

/** How many accounts had which result; a text says why none was compared. */
export type ReadSideResult =
  | {
      readonly equal: number;
      readonly behind: number;
      readonly movedOn: number;
      /** Behind, although the read side has shown what came later in the log. */
      readonly lost: number;
    }
  | string;

/** What the comparison needs. */
export interface ReadSideParts {
  /** The query API. */
  readonly url: string;
  /** The value of the header Authorization, of somebody who may read every account. */
  readonly authorization: () => Promise<string>;
  readonly books: Pick<AuditBooks, 'ledger' | 'positionOf'>;
  readonly onFinding: (finding: Finding) => void;
  readonly onAccount: () => void;
}

/**
 * Compares every account of the books with what the query API shows. An account that is behind gets
 * the time that a query waits; one with later events than the walk is not judged. The read side
 * applies the log in order, so what it lacks from before its last event it has lost.
 */
export async function compareReadSide(parts: ReadSideParts): Promise<ReadSideResult> {
  const { url, authorization, books, onFinding, onAccount } = parts;
  const seen = { equal: 0, behind: 0, movedOn: 0, lost: 0 };
  const behind: string[] = [];
  let shownUpTo = 0;
  const read = async (path: string): Promise<Response> => {
    const headers = { authorization: await authorization() };
    return fetch(`${url}${path}`, { headers, signal: AbortSignal.timeout(CALL_MS_MAX) });
  };
  /** What is shown of an account; undefined when that is not as much as was asked for. */
  const shown = async (id: string, query: string) => {
    const answer = await read(`/v1/accounts/${id}${query}`);
    if (answer.status === 503 || answer.status === 404) return undefined;
    if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
    return shownAccount.parse(await answer.json());
  };

  const compareOne = async (id: string): Promise<void> => {
    const replayed = books.ledger.account(id);
    if (replayed.status === 'none') return;
    const account = await shown(id, `?minVersion=${replayed.version}`);
    onAccount();
    if (account === undefined) return void behind.push(id);
    if (account.version > replayed.version) return void (seen.movedOn += 1);
    const balance = balanceOf(replayed);
    if (account.version === replayed.version && sameBalance(account.balance, balance)) {
      shownUpTo = Math.max(shownUpTo, books.positionOf(id));
      return void (seen.equal += 1);
    }
    const detail =
      `The read side shows ${JSON.stringify(account.balance)} for version ${account.version} of ` +
      `account ${id}, but the log makes ${JSON.stringify(balance)}.`;
    onFinding({ kind: 'read-side', subject: id, detail });
  };
  /** Those that were behind are looked at again, now that it is known how far the rest is. */
  const lookAgain = async (id: string): Promise<void> => {
    const { version } = books.ledger.account(id);
    const account = books.positionOf(id) < shownUpTo ? await shown(id, '') : undefined;
    if (books.positionOf(id) >= shownUpTo || (account?.version ?? 0) >= version) {
      return void (seen.behind += 1);
    }
    seen.lost += 1;
    const detail =
      `The read side shows version ${account?.version ?? 0} of account ${id}, but the log has ` +
      `version ${version}, and the read side has shown what came later.`;
    onFinding({ kind: 'read-side', subject: id, detail });
  };

  const answers = await read('/health/live').catch(() => undefined);
  if (answers?.status !== 200) return `nobody answers at ${url}`;
  await inParallel(books.ledger.accountIds(), READERS, compareOne);
  await inParallel(behind, READERS, lookAgain);
  return seen;
}
