import { describe, type HttpClient } from '../client/http-client.ts';
import {
  compareBalance,
  compareLines,
  comparePositions,
  lineOfHistory,
  lineOfLog,
} from './comparison.ts';
import { forEach, type OpenedAccount, type Driven } from './driver.ts';
import type { ExpectedAccount } from './expected-accounts.ts';
import { z } from 'zod';

export interface Audit {
  readonly differences: readonly string[];
  /** How many were really compared: nothing compared proves nothing. */
  readonly balances: number;
  readonly historyLines: number;
  readonly logLines: number;
}

export interface AuditOptions {
  /** The query API. */
  readonly url: string;
  readonly client: HttpClient;
  readonly accountsAtOnce: number;
  readonly advance: () => void;
}

const PAGE_LINES = 100;
const PAGES_MAX = 10_000;
const page = z.looseObject({
  items: z.array(z.unknown()),
  nextCursor: z.string().nullish(),
});

/** Reads every account back, from the read side and from the log, and compares line by line. */
export async function audit(
  opened: readonly OpenedAccount[],
  { url, client, accountsAtOnce, advance }: AuditOptions,
): Promise<Audit> {
  const differences: string[] = [];
  const seen = { balances: 0, historyLines: 0, logLines: 0 };

  const read = async (path: string): Promise<unknown> => {
    const answer = await client.send({ method: 'GET', url: `${url}${path}` });
    if (answer.status === 200) return answer.body;
    throw new Error(`GET ${path} was answered ${describe(answer)}`);
  };

  const historyOf = async (id: string, minVersion: number): Promise<unknown[]> => {
    const items: unknown[] = [];
    let cursor = '';
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const query = `limit=${PAGE_LINES}&minVersion=${minVersion}${cursor}`;
      const found = page.parse(await read(`/v1/accounts/${id}/history?${query}`));
      items.push(...found.items);
      if (found.nextCursor === undefined || found.nextCursor === null) return items;
      cursor = `&cursor=${encodeURIComponent(found.nextCursor)}`;
    }
    throw new Error(`the history of ${id} has no end`);
  };

  const logOf = async (id: string): Promise<unknown[]> => {
    const entries: unknown[] = [];
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const query = `fromVersion=${entries.length + 1}&limit=${PAGE_LINES}`;
      const { items } = page.parse(await read(`/v1/accounts/${id}/events?${query}`));
      entries.push(...items);
      if (items.length < PAGE_LINES) return entries;
    }
    throw new Error(`the log of ${id} has no end`);
  };

  await forEach(opened, accountsAtOnce, async ({ account, id }) => {
    const minVersion = account.lines.length;
    const balance = await read(`/v1/accounts/${id}/balance?minVersion=${minVersion}`);
    differences.push(...compareBalance(account, balance));
    const history = (await historyOf(id, minVersion)).map(lineOfHistory).reverse();
    differences.push(...compareLines('history', account, history));
    const log = (await logOf(id)).map(lineOfLog);
    differences.push(...compareLines('log', account, log));
    const positions = log.map((line) => line.position);
    differences.push(...comparePositions(account.name, positions));
    seen.balances += 1;
    seen.historyLines += history.length;
    seen.logLines += log.length;
    advance();
  });
  return { differences, ...seen };
}

export interface Replayed {
  readonly accounts: readonly ExpectedAccount[];
  readonly driven: Driven;
  readonly audit: Audit;
  readonly retries: number;
  readonly driveMs: number;
  readonly auditMs: number;
}

export interface Verdict {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

const DIFFERENCES_SHOWN_MAX = 20;

const count = (value: number): string => value.toLocaleString('en');

/** Comparing less than the file holds is a difference too: it would prove nothing. */
function shortfalls({ accounts, audit }: Replayed): string[] {
  const lines = accounts.reduce((sum, account) => sum + account.lines.length, 0);
  const wanted = [
    ['balances', audit.balances, accounts.length],
    ['history lines', audit.historyLines, lines],
    ['log lines', audit.logLines, lines],
  ] as const;
  return wanted
    .filter(([, seen, total]) => seen < total)
    .map(([what, seen, total]) => `only ${count(seen)} of ${count(total)} ${what} were compared`);
}

/** What a replay came to, for people and for the exit code. */
export function verdictOf(replayed: Replayed): Verdict {
  const { accounts, driven, audit, retries, driveMs, auditMs } = replayed;
  const rows = accounts.reduce((sum, account) => sum + account.transactions.length, 0);
  const differences = [...driven.differences, ...audit.differences, ...shortfalls(replayed)];
  const shown = differences.slice(0, DIFFERENCES_SHOWN_MAX).map((text) => `  ${text}`);
  const hidden = differences.length - shown.length;
  const commands = rows + accounts.length;
  const seconds = (driveMs / 1_000).toFixed(1);
  const rate = count(Math.round((commands * 1_000) / Math.max(driveMs, 1)));
  return {
    ok: differences.length === 0,
    lines: [
      ...shown,
      ...(hidden > 0 ? [`  and ${count(hidden)} more`] : []),
      `driven    ${count(rows)} rows, ${count(accounts.length)} accounts opened, ${seconds} s, ` +
        `${rate} commands/s (${count(driven.replayed)} done before, ${count(retries)} retries)`,
      `compared  ${count(audit.balances)} balances, ${count(audit.historyLines)} history lines, ` +
        `${count(audit.logLines)} log lines, ${(auditMs / 1_000).toFixed(1)} s`,
      `verdict   ${count(rows)} rows, ${count(accounts.length)} accounts, ` +
        `${count(differences.length)} differences`,
    ],
  };
}
