import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** One transfer that was asked for, and what its client knows of it. */
export interface Asked {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly amount: string;
  /** 'unknown' until the client was told; a refusal of the request has its code. */
  state: 'unknown' | 'pending' | 'completed' | 'refused' | 'rejected';
  transferId?: string;
  code?: string;
}

const CALL_MS_MAX = 6_000;
const REST_MS = 100;

const jsonOf = async (response: Response) => (await response.json()) as Record<string, unknown>;

/** A POST with a JSON body. */
export const post = (url: string, body: object, key: string = randomUUID()): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_MS_MAX),
  });

/** Sends a transfer and notes what came of it; never throws. */
export async function ask(commandUrl: string, asked: Asked): Promise<void> {
  const { key, from: fromAccountId, to: toAccountId, amount } = asked;
  try {
    const terms = { fromAccountId, toAccountId, amount };
    const response = await post(`${commandUrl}/v1/transfers`, terms, key);
    const body = await jsonOf(response);
    if (response.status === 201 || response.status === 202) {
      asked.state = body['status'] as Asked['state'];
      asked.transferId = String(body['transferId']);
    } else {
      asked.code = String(body['code']);
      if (response.status < 500) asked.state = 'rejected';
    }
  } catch (error) {
    // No answer: only the retry at the end tells what became of it.
    asked.code = String(error);
  }
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
      const amount = String(1 + Math.floor(random() * 40));
      const [from, to] = [pick(sources), pick(targets)];
      const asked: Asked = { key: randomUUID(), from, to, amount, state: 'unknown' };
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
