import { z } from 'zod';
import { compareBalance, compareLines, comparePositions } from './comparison.ts';
import { lineOfHistory, lineOfLog } from './comparison.ts';
import { forEach, type OpenedAccount } from './driver.ts';
import { describe, type HttpClient } from '../client/http-client.ts';

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
