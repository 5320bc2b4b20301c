import { clock } from '../runtime/progress.ts';
import { connect, once, untilFound } from './connection.ts';
import type { Measured } from './house.ts';
import { latenciesOf } from './report/latencies.ts';
import { deposit, keyed } from './loads.ts';
import { watchPrograms } from './measurements.ts';
import type { LoadResult } from './report/results.ts';
import type { Opened } from './spread.ts';

const OPENERS = 64;
const PROGRESS_MS = 10_000;
/** So much that no withdrawal of a bench is ever refused. */
const FIRST_DEPOSIT = '100000000.00';

export type OpenedResult = LoadResult & { readonly opened: readonly Opened[] };

/** Opens that many accounts with 64 clients, which is a load of its own. */
export async function openAccounts(
  house: Measured,
  name: string,
  count: number,
  initialDeposit: string | null = FIRST_DEPOSIT,
): Promise<OpenedResult> {
  const opened: Opened[] = [];
  const durations: number[] = [];
  let started = 0;
  const money = initialDeposit === null ? {} : { initialDeposit };
  const terms = { ownerId: await owner(house), currency: 'CZK', ...money };
  const body = JSON.stringify(terms);
  const opener = async (): Promise<void> => {
    const connection = connect(house.url);
    while (started < count) {
      started += 1;
      const sent = performance.now();
      const reply = await connection.exchange(keyed('/v1/accounts', body));
      if (reply.status !== 201) throw new Error(`opening: ${reply.status} ${reply.text}`);
      const at = performance.now();
      durations.push(at - sent);
      opened.push({ id: (JSON.parse(reply.text) as { accountId: string }).accountId, at });
    }
    await connection.close();
  };
  const began = performance.now();
  const watch = watchPrograms(house);
  const progress = showProgress(name, count, () => opened.length);
  const clients = Math.min(OPENERS, count);
  await Promise.all(Array.from({ length: clients }, opener)).finally(() => progress.end());
  const perSecond = (count * 1_000) / (performance.now() - began);
  const latencies = latenciesOf(durations);
  const good = { errors: 0, firstError: undefined };
  return { name, clients, perSecond, latencies, ...good, ...watch.end()(count), opened };
}

/** Says from time to time how far something is, for what takes minutes. */
export function showProgress(name: string, count: number, done: () => number) {
  const began = performance.now();
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - began;
    const rate = (done() * 1_000) / elapsedMs;
    const left = clock(((count - done()) * 1_000) / Math.max(rate, 1));
    const text = `${name}: ${done()} of ${count}, ${Math.round(rate)}/s, ${left} to go`;
    process.stderr.write(`${text}\n`);
  }, PROGRESS_MS);
  return { end: () => clearInterval(timer) };
}

/** Whom the accounts belong to; the plain ledger knows no persons. */
async function owner({ url, queryUrl }: Measured): Promise<string> {
  if (url === queryUrl) return 'somebody';
  const body = JSON.stringify({ givenName: 'Bench', familyName: 'Mark' });
  return (await once<{ personId: string }>(url, keyed('/v1/persons', body), 201)).personId;
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
  const reply = await commands.exchange(deposit(accountId));
  if (reply.status !== 201) throw new Error(`a deposit was answered ${reply.status} ${reply.text}`);
  const { version } = JSON.parse(reply.text) as { version: number };
  const started = performance.now();
  await untilFound(queries, `/v1/accounts/${accountId}/balance?minVersion=${version}`);
  await untilFound(queries, `/v1/accounts/${accountId}/history?limit=1&minVersion=${version}`);
  const elapsedMs = performance.now() - started;
  await Promise.all([commands.close(), queries.close()]);
  return elapsedMs;
}
