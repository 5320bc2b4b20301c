import { setTimeout as sleep } from 'node:timers/promises';
import { connect, once, type Connection } from './connection.ts';
import { command } from './loads.ts';

const OPENERS = 32;
const POLL_MS = 20;
const CATCH_UP_LIMIT_MS = 120_000;
/** So much that no withdrawal of a bench is ever refused. */
const FIRST_DEPOSIT = '100000000.00';

/** Opens accounts and gives their ids. */
export async function openAccounts(url: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  let started = 0;
  const terms = { ownerId: await owner(url), currency: 'CZK', initialDeposit: FIRST_DEPOSIT };
  const body = JSON.stringify(terms);
  const opener = async (): Promise<void> => {
    const connection = connect(url);
    while (started < count) {
      started += 1;
      const reply = await connection.exchange({ method: 'POST', path: '/v1/accounts', body });
      if (reply.status !== 201) throw new Error(`opening: ${reply.status} ${reply.text}`);
      ids.push((JSON.parse(reply.text) as { accountId: string }).accountId);
    }
    await connection.close();
  };
  await Promise.all(Array.from({ length: Math.min(OPENERS, count) }, opener));
  return ids;
}

async function owner(url: string): Promise<string> {
  const body = JSON.stringify({ givenName: 'Bench', familyName: 'Mark' });
  const one = { method: 'POST', path: '/v1/persons', body } as const;
  return (await once<{ personId: string }>(url, one, 201)).personId;
}

/** Polls until that path answers 200; gives the time that it took. */
export async function untilFound(
  queries: Connection,
  path: string,
  limitMs = CATCH_UP_LIMIT_MS,
  pollMs = POLL_MS,
): Promise<number> {
  const started = performance.now();
  for (;;) {
    const reply = await queries.exchange({ method: 'GET', path });
    const elapsedMs = performance.now() - started;
    if (reply.status === 200) return elapsedMs;
    if (elapsedMs > limitMs) throw new Error(`${path}: still ${reply.status} ${reply.text}`);
    await sleep(pollMs);
  }
}

/**
 * Waits until the read side shows a command that is given now. The log has one order, so all
 * that was answered before is shown then too. Gives how long it took, in milliseconds.
 */
export async function readSideCaughtUp(
  url: string,
  queryUrl: string,
  accountId: string,
): Promise<number> {
  const [commands, queries] = [connect(url), connect(queryUrl)];
  const reply = await commands.exchange(command(accountId));
  if (reply.status !== 201) throw new Error(`a deposit was answered ${reply.status} ${reply.text}`);
  const { version } = JSON.parse(reply.text) as { version: number };
  const started = performance.now();
  await untilFound(queries, `/v1/accounts/${accountId}/balance?minVersion=${version}`);
  await untilFound(queries, `/v1/accounts/${accountId}/history?limit=1&minVersion=${version}`);
  const elapsedMs = performance.now() - started;
  await Promise.all([commands.close(), queries.close()]);
  return elapsedMs;
}
