import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ExpectedAccount, Line } from './expected-accounts.ts';
import { describe, type HttpClient } from '../client/http-client.ts';
import { crowns, type Transaction } from './transaction-file.ts';

/** An account of the file that the bank has opened. */
export interface OpenedAccount {
  readonly account: ExpectedAccount;
  /** The bank's id of it. */
  readonly id: string;
}

export interface Driven {
  readonly opened: readonly OpenedAccount[];
  /** Answers that were not what the file says. */
  readonly differences: readonly string[];
  /** Commands that the bank had executed before this run. */
  readonly replayed: number;
}

export interface DriveOptions {
  readonly url: string;
  readonly client: HttpClient;
  readonly accountsAtOnce: number;
  /** Commands per second, Infinity for as many as the bank takes. */
  readonly speed: number;
  readonly advance: () => void;
}

const openAnswer = z.looseObject({ accountId: z.string(), version: z.int() });
const personAnswer = z.looseObject({ personId: z.string() });
const outcome = z.looseObject({ version: z.int(), balance: z.looseObject({ ledger: z.string() }) });

/** Runs work over all items, so many at once; the first failure ends it. */
export async function forEach<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

/** Lets at most `perSecond` pass, evenly spaced. */
export function pacer(perSecond: number): () => Promise<void> {
  if (perSecond === Infinity) return async () => {};
  const gapMs = 1_000 / perSecond;
  let next = Date.now();
  return async () => {
    const due = Math.max(next, Date.now());
    next = due + gapMs;
    const waitMs = due - Date.now();
    if (waitMs > 0) await sleep(waitMs);
  };
}

function remarks({ operation, purpose, transactionId, date, ...row }: Transaction): object {
  const { counterpartyBank, counterpartyAccount } = row;
  const known = { date, operation, purpose, counterpartyBank, counterpartyAccount };
  const metadata = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== ''));
  const description = purpose === '' ? operation : `${operation}: ${purpose}`;
  return { description, reference: transactionId, metadata };
}

/**
 * Opens every account and sends its rows one after the other, many accounts at once. A key is
 * never used for two requests, so a second run finds done what the first had done.
 */
export async function drive(
  accounts: readonly ExpectedAccount[],
  options: DriveOptions,
): Promise<Driven> {
  const { client, url, advance } = options;
  const opened: OpenedAccount[] = [];
  const differences: string[] = [];
  let replayed = 0;
  const pace = pacer(options.speed);

  const send = async (path: string, key: string, body: object): Promise<unknown> => {
    await pace();
    const headers = { 'idempotency-key': key };
    const answer = await client.send({ method: 'POST', url: `${url}${path}`, body, headers });
    if (answer.headers['idempotency-replayed'] === 'true') replayed += 1;
    if (answer.status === 201) return answer.body;
    differences.push(`${path} with key ${key} was answered ${describe(answer)}`);
    return undefined;
  };

  const sendRow = async (id: string, row: Transaction, line: Line): Promise<boolean> => {
    const kind = row.direction === 'credit' ? 'deposits' : 'withdrawals';
    const body = { amount: crowns(row.amount), ...remarks(row) };
    const answer = await send(`/v1/accounts/${id}/${kind}`, line.commandId, body);
    if (answer === undefined) return false;
    const { version, balance } = outcome.parse(answer);
    if (version === line.version && balance.ledger === line.ledger) return true;
    const said = `version ${version} with ${balance.ledger}`;
    const right = `version ${line.version} with ${line.ledger}`;
    differences.push(`row ${row.transactionId} was answered ${said}, not ${right}`);
    return false;
  };

  const register = async ({ name, openingKey }: ExpectedAccount): Promise<string | undefined> => {
    await pace();
    const headers = { 'idempotency-key': `${openingKey}-owner` };
    const body = { givenName: 'Client', familyName: name };
    const answer = await client.send({ method: 'POST', url: `${url}/v1/persons`, body, headers });
    if (answer.status === 201) return personAnswer.parse(answer.body).personId;
    differences.push(`the owner of account ${name} was answered ${describe(answer)}`);
    return undefined;
  };

  await forEach(accounts, options.accountsAtOnce, async (account) => {
    const ownerId = await register(account);
    if (ownerId === undefined) return;
    const terms = { ownerId, currency: 'CZK', overdraftLimit: account.overdraftLimit };
    const answer = await send('/v1/accounts', account.openingKey, terms);
    if (answer === undefined) return;
    const { accountId: id } = openAnswer.parse(answer);
    opened.push({ account, id });
    for (const [at, row] of account.transactions.entries()) {
      const line = account.lines[at + 1];
      // After one wrong answer every further one would be wrong too.
      if (line === undefined || !(await sendRow(id, row, line))) return;
      advance();
    }
  });
  return { opened, differences, replayed };
}
