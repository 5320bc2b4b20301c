import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bankFetch } from './bank-fetch.ts';

/** How a client means a transfer to end: at once, or what it does to a pending one. */
const WAYS = ['direct', 'direct', 'capture', 'part', 'void', 'expire'] as const;
type Way = (typeof WAYS)[number];

/** One transfer that was asked for, and what its client knows of it. */
export interface Asked {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly amount: string;
  readonly way: Way;
  readonly expiresAt?: string;
  /** 'unknown' until the client had an answer; a refusal of the request has its code. */
  state: 'unknown' | 'pending' | 'completed' | 'voided' | 'expired' | 'rejected';
  transferId?: string;
  code?: string;
  /** When it was answered by a 5xx last, on the clock of `performance`. */
  failedAt?: number;
}

const CALL_MS_MAX = 6_000;
const REST_MS = 100;
const EXPIRE_MS = 3_000;

const jsonOf = async (response: Response) => (await response.json()) as Record<string, unknown>;

/** A POST with a JSON body. */
export const post = (url: string, body: object, key: string = randomUUID()): Promise<Response> =>
  bankFetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_MS_MAX),
  });

/** Sends a transfer, ends it as it was meant, and notes the outcome; never throws. */
export async function ask(commandUrl: string, asked: Asked): Promise<void> {
  try {
    await begin(commandUrl, asked);
    if (asked.state === 'pending') await end(commandUrl, asked);
  } catch (error) {
    // No answer: only the retry at the end tells what became of it.
    asked.code = String(error);
  }
}

async function begin(commandUrl: string, asked: Asked): Promise<void> {
  const { key, from: fromAccountId, to: toAccountId, amount, way, expiresAt } = asked;
  const pending = way === 'direct' ? {} : { pending: true };
  const terms = { fromAccountId, toAccountId, amount, ...pending };
  const whole = expiresAt === undefined ? terms : { ...terms, expiresAt };
  const response = await post(`${commandUrl}/v1/transfers`, whole, key);
  const body = await jsonOf(response);
  if (response.status === 201) {
    asked.state = body['status'] as Asked['state'];
    asked.transferId = String(body['transferId']);
  } else noteFault(asked, response.status, body);
}

/** Captures or voids it; what can be captured no more is voided, and what expires is looked at. */
async function end(commandUrl: string, asked: Asked): Promise<void> {
  const { key, way, amount } = asked;
  const url = `${commandUrl}/v1/transfers/${asked.transferId}`;
  const take = async (response: Response): Promise<void> => {
    const body = await jsonOf(response);
    if (response.status === 200) asked.state = body['status'] as Asked['state'];
    else if (response.status >= 500) noteFault(asked, response.status, body);
    else if (way === 'void') asked.code = String(body['code']);
    else await take(await post(`${url}/void`, {}, `${key}/void`));
  };
  switch (way) {
    case 'direct':
    case 'expire':
      return take(await bankFetch(url, { signal: AbortSignal.timeout(CALL_MS_MAX) }));
    case 'capture':
      return take(await post(`${url}/capture`, {}, `${key}/capture`));
    case 'part': {
      const half = String(Math.ceil(Number(amount) / 2));
      return take(await post(`${url}/capture`, { amount: half }, `${key}/capture`));
    }
    case 'void':
      return take(await post(`${url}/void`, {}, `${key}/void`));
  }
}

function noteFault(asked: Asked, status: number, body: Record<string, unknown>): void {
  asked.code = `${String(body['code'])}: ${String(body['detail'])}`;
  if (status >= 500) asked.failedAt = performance.now();
  else asked.state = 'rejected';
}

/** A transfer that nobody has asked for yet. */
function newTransfer(random: () => number, from: string, to: string): Asked {
  const way = WAYS[Math.floor(random() * WAYS.length)] ?? 'direct';
  const expiresAt = new Date(Date.now() + EXPIRE_MS).toISOString();
  return {
    key: randomUUID(),
    from,
    to,
    way,
    amount: String(1 + Math.floor(random() * 40)),
    state: 'unknown',
    ...(way === 'expire' ? { expiresAt } : {}),
  };
}

export interface TransferLoad {
  readonly commandUrl: string;
  readonly sources: readonly string[];
  /** Grows and shrinks while the load runs. */
  readonly targets: readonly string[];
  readonly clients: number;
  readonly random: () => number;
}

/** Clients that transfer without a pause until `stop`; some keys are sent twice. */
export function startTransfers({ commandUrl, sources, targets, clients, random }: TransferLoad) {
  const all: Asked[] = [];
  let running = true;
  const pick = (ids: readonly string[]): string => ids[Math.floor(random() * ids.length)] ?? '';
  const client = async (): Promise<void> => {
    while (running) {
      const asked = newTransfer(random, pick(sources), pick(targets));
      all.push(asked);
      await ask(commandUrl, asked);
      if (asked.state === 'unknown') await sleep(REST_MS);
      if (random() < 0.1) await ask(commandUrl, asked);
    }
  };
  const done = Promise.all(Array.from({ length: clients }, client));
  return {
    all: all as readonly Asked[],
    async stop(): Promise<void> {
      running = false;
      await done;
    },
  };
}

export interface ClosingLoad {
  readonly commandUrl: string;
  readonly targets: string[];
  /** Where the money of a closing account goes. */
  readonly refuge: string;
  readonly ownerId: string;
}

/** Opens accounts, lets transfers come, empties and closes them, until `stop`. */
export function startClosing({ commandUrl, targets, refuge, ownerId }: ClosingLoad) {
  const opened: string[] = [];
  let running = true;

  const closeOne = async (id: string): Promise<boolean> => {
    const response = await post(`${commandUrl}/v1/accounts/${id}/close`, {});
    const body = await jsonOf(response);
    if (body['code'] === 'balance-not-zero' && body['held'] === '0.00') {
      const terms = { fromAccountId: id, toAccountId: refuge, amount: body['ledger'] };
      await post(`${commandUrl}/v1/transfers`, terms);
    }
    return response.status === 200;
  };
  const live = async (): Promise<void> => {
    const response = await post(`${commandUrl}/v1/accounts`, {
      ownerId,
      currency: 'CZK',
    });
    if (response.status !== 201) return;
    const id = String((await jsonOf(response))['accountId']);
    opened.push(id);
    targets.push(id);
    await sleep(300);
    for (let tries = 0; tries < 10 && running && !(await closeOne(id)); tries += 1) await sleep(30);
    await sleep(300);
    targets.splice(targets.indexOf(id), 1);
  };
  const done = (async (): Promise<void> => {
    while (running) await live().catch(() => sleep(REST_MS));
  })();
  return {
    opened,
    async stop(): Promise<void> {
      running = false;
      await done;
    },
  };
}
