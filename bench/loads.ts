import { randomUUID } from 'node:crypto';
import { holdIdFor } from '../contracts/commands.ts';
import { accountId, commandId, type AccountId, type CommandId } from '../domain/ids.ts';
import type { Exchange } from './connection.ts';

/** Which API a load goes to. */
export type Side = 'commands' | 'queries';

export interface Load {
  readonly name: string;
  readonly side: Side;
  readonly clients: number;
  readonly status: number | readonly number[];
  readonly next: () => Exchange;
}

/** Account ids: many for the uniform loads, one for the hot ones. */
export interface Subjects {
  readonly many: readonly string[];
  readonly hot: string;
}

const CLIENTS = [1, 16, 64] as const;
const HISTORY_LINES = 20;
const BATCH_COMMANDS = 100;
const HELLERS_MAX = 999;
const HOLDS_OPEN_MIN = 500;

/** One of them by chance. */
export const pick = (ids: readonly string[]): string =>
  ids[Math.floor(Math.random() * ids.length)] as string;

/** Gives one id after the other from a random place on, so that those near each other differ. */
function inTurn(ids: readonly string[]): () => string {
  let at = Math.floor(Math.random() * ids.length);
  return () => ids[at++ % ids.length] as string;
}

/** A deposit or a withdrawal, equally often, so that balances stay where they are. */
export function command(accountId: string, key?: string): Exchange {
  const kind = Math.random() < 0.5 ? 'deposits' : 'withdrawals';
  const hellers = 1 + Math.floor(Math.random() * HELLERS_MAX);
  const amount = `${Math.floor(hellers / 100)}.${String(hellers % 100).padStart(2, '0')}`;
  return {
    method: 'POST',
    path: `/v1/accounts/${accountId}/${kind}`,
    body: `{"amount":"${amount}"}`,
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  };
}

/** One request with 100 deposits, each for an account that `next` gives. */
export function batch(next: () => string): Exchange {
  const commands = Array.from({ length: BATCH_COMMANDS }, () => {
    return { type: 'deposit', accountId: next(), amount: '0.01' };
  });
  return { method: 'POST', path: '/v1/batches', body: JSON.stringify({ commands }) };
}

/**
 * Places holds and captures those that were placed long enough ago to be there: the key makes
 * the hold's id, so no answer has to be read.
 */
function holds(next: () => string): () => Exchange {
  const placed: [AccountId, CommandId][] = [];
  let isCapture = false;
  return () => {
    isCapture = !isCapture && placed.length > HOLDS_OPEN_MIN;
    const oldest = isCapture ? placed.shift() : undefined;
    if (oldest !== undefined) {
      const path = `/v1/accounts/${oldest[0]}/holds/${holdIdFor(...oldest)}/capture`;
      return { method: 'POST', path, body: '{}' };
    }
    const [account, key] = [accountId(next()), commandId(randomUUID())];
    placed.push([account, key]);
    const headers = { 'idempotency-key': key };
    return {
      method: 'POST',
      path: `/v1/accounts/${account}/holds`,
      body: '{"amount":"0.01"}',
      headers,
    };
  };
}

/** A transfer between two different accounts. */
function transfer(ids: readonly string[]): Exchange {
  const from = Math.floor(Math.random() * ids.length);
  const to = (from + 1 + Math.floor(Math.random() * (ids.length - 1))) % ids.length;
  const [fromAccountId, toAccountId] = [ids[from], ids[to]];
  const amount = `0.0${1 + Math.floor(Math.random() * 9)}`;
  const body = JSON.stringify({ fromAccountId, toAccountId, amount });
  return { method: 'POST', path: '/v1/transfers', body };
}

const written = (name: string, clients: number, next: () => Exchange): Load => ({
  ...{ name: `${name}, ${clients}`, side: 'commands', clients, status: 201, next },
});

const read = (name: string, clients: number, next: () => Exchange): Load => ({
  ...{ name: `${name}, ${clients}`, side: 'queries', clients, status: 200, next },
});

/** The loads of single commands and reads, in this order; the number is that of the clients. */
export function singleLoads({ many, hot }: Subjects): Load[] {
  return [
    ...CLIENTS.map((clients) => written('uniform', clients, () => command(pick(many)))),
    written('uniform keyed', 64, () => command(pick(many), randomUUID())),
    ...CLIENTS.map((clients) => written('hot account', clients, () => command(hot))),
    {
      ...written(
        'holds and captures',
        64,
        holds(() => pick(many)),
      ),
      status: [200, 201],
    },
    written('transfer', 64, () => transfer(many)),
    read('balance', 64, () => ({ method: 'GET', path: `/v1/accounts/${pick(many)}/balance` })),
    read('history', 16, () => ({
      method: 'GET',
      path: `/v1/accounts/${pick(many)}/history?limit=${HISTORY_LINES}`,
    })),
  ];
}

/** What other programs of the bank still work on for a while when it is over. */
export const batchLoads = ({ many, hot }: Subjects): Load[] => [
  { ...written('batches of 100', 16, () => batch(inTurn(many))), status: 200 },
  { ...written('hot batches of 100', 8, () => batch(() => hot)), status: 200 },
];

/** Whether that load or measurement was asked for. */
export const isWanted = (name: string, only: readonly string[]): boolean =>
  only.length === 0 || only.some((word) => name.includes(word));
