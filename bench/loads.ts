import { randomUUID } from 'node:crypto';
import { holdIdFor } from '../contracts/derived-ids.ts';
import {
  accountId,
  commandId,
  commandName,
  type AccountId,
  type CommandName,
} from '../domain/ids.ts';
import { LOCAL_CLIENT } from '../runtime/programs/issuer.ts';
import type { Exchange } from './connection.ts';
import type { Part } from './parts.ts';

/** Which API a load goes to. */
type Side = 'commands' | 'queries';

export interface Load {
  /** As results and targets name it. */
  readonly name: string;
  /** The word that asks for it. */
  readonly part: Part;
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

const HISTORY_LINES = 20;
const BATCH_COMMANDS = 100;
const TRANSACTION_TRANSFERS = 8;
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

/** A request with a body and a new key, as clients send it almost always. */
export const keyed = (path: string, body: string, key: string = randomUUID()): Exchange => ({
  method: 'POST',
  path,
  body,
  headers: { 'idempotency-key': key },
});

/** The same request without its key. */
const unkeyed = ({ method, path, body = '' }: Exchange): Exchange => ({ method, path, body });

function someAmount(): string {
  const hellers = 1 + Math.floor(Math.random() * HELLERS_MAX);
  return `${Math.floor(hellers / 100)}.${String(hellers % 100).padStart(2, '0')}`;
}

export const deposit = (account: string): Exchange =>
  keyed(`/v1/accounts/${account}/deposits`, `{"amount":"${someAmount()}"}`);

/** A deposit or a withdrawal, equally often, so that balances stay where they are. */
export function command(account: string): Exchange {
  if (Math.random() < 0.5) return deposit(account);
  return keyed(`/v1/accounts/${account}/withdrawals`, `{"amount":"${someAmount()}"}`);
}

/** One request with that many deposits, each for an account that `next` gives. */
export function batch(next: () => string, count = BATCH_COMMANDS): Exchange {
  const commands = Array.from({ length: count }, () => {
    return { type: 'deposit', accountId: next(), amount: '0.01' };
  });
  return keyed('/v1/batches', JSON.stringify({ commands }));
}

/**
 * Places holds and captures those that were placed long enough ago to be there: the key makes
 * the hold's id, so no answer has to be read.
 */
function holds(next: () => string): () => Exchange {
  const placed: [AccountId, CommandName][] = [];
  let isCapture = false;
  return () => {
    isCapture = !isCapture && placed.length > HOLDS_OPEN_MIN;
    const oldest = isCapture ? placed.shift() : undefined;
    if (oldest !== undefined) {
      return keyed(`/v1/accounts/${oldest[0]}/holds/${holdIdFor(...oldest)}/capture`, '{}');
    }
    const [account, key] = [accountId(next()), commandId(randomUUID())];
    placed.push([account, commandName(LOCAL_CLIENT, key)]);
    return keyed(`/v1/accounts/${account}/holds`, '{"amount":"0.01"}', key);
  };
}

/** What a transfer between two different accounts says. */
function leg(ids: readonly string[]): object {
  const from = Math.floor(Math.random() * ids.length);
  const to = (from + 1 + Math.floor(Math.random() * (ids.length - 1))) % ids.length;
  const [fromAccountId, toAccountId] = [ids[from], ids[to]];
  const amount = `0.0${1 + Math.floor(Math.random() * 9)}`;
  return { fromAccountId, toAccountId, amount };
}

/** A transfer between two different accounts. */
export const transfer = (ids: readonly string[]): Exchange =>
  keyed('/v1/transfers', JSON.stringify(leg(ids)));

/** So many transfers as one. */
export const transaction = (ids: readonly string[], count = TRANSACTION_TRANSFERS): Exchange => {
  const transfers = Array.from({ length: count }, () => leg(ids));
  return keyed('/v1/transactions', JSON.stringify({ transfers }));
};

/** A load of commands. */
export const written = (part: Part, clients: number, next: () => Exchange): Load => ({
  name: part,
  part,
  side: 'commands',
  clients,
  status: 201,
  next,
});

const read = (part: Part, clients: number, next: () => Exchange): Load => ({
  name: part,
  part,
  side: 'queries',
  clients,
  status: 200,
  next,
});

/** What the plain ledger can do as well, so that both are measured right after each other. */
export const comparedLoads = ({ many, hot }: Subjects): Load[] => [
  written('uniform', 64, () => command(pick(many))),
  written('transfers', 64, () => transfer(many)),
  written('hot', 64, () => command(hot)),
  written('deposit1', 1, () => deposit(pick(many))),
];

/** The other loads of single commands and reads. */
export function singleLoads({ many }: Subjects): Load[] {
  const placed = holds(() => pick(many));
  return [
    written('transfers1', 1, () => transfer(many)),
    written('unkeyed', 64, () => unkeyed(command(pick(many)))),
    { ...written('holds', 64, placed), status: [200, 201] },
    read('balance', 64, () => ({ method: 'GET', path: `/v1/accounts/${pick(many)}/balance` })),
    read('history', 16, () => ({
      method: 'GET',
      path: `/v1/accounts/${pick(many)}/history?limit=${HISTORY_LINES}`,
    })),
  ];
}

/** What other programs of the bank still work on for a while when it is over. */
export const batchLoads = ({ many, hot }: Subjects): Load[] => [
  written('transactions', 16, () => transaction(many)),
  { ...written('batches', 16, () => batch(inTurn(many))), status: 200 },
  { ...written('hotBatches', 8, () => batch(() => hot)), status: 200 },
];
