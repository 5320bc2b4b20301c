import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../../contracts/account/outcomes.ts';
import { inParallel } from '../../platform/parallel.ts';
import { bankFetch } from './bank-fetch.ts';

/** One command that was sent, and what its client knows of it. */
export interface Attempt {
  readonly accountId: string;
  readonly key: string;
  readonly type: 'deposits' | 'withdrawals';
  readonly amount: string;
  /** Milliseconds since the load began. */
  readonly sentMs: number;
  doneMs?: number;
  /** 'unknown' until the client had an answer; a refusal has its code. */
  state: 'unknown' | 'acknowledged' | 'refused';
  version?: number;
  status?: number;
  code?: string;
  detail?: string;
}

export interface LoadOptions {
  readonly commandUrl: string;
  readonly accountIds: readonly string[];
  readonly clients: number;
  /** Deterministic numbers from a printed seed. */
  readonly random: () => number;
}

const CALL_MS_MAX = 4_000;
const ASKED_AT_ONCE = 32;
const ASK_AGAIN_MS = 200;

/** Sends one attempt and notes the outcome; never throws. */
export async function attempt(url: string, entry: Attempt, started: number): Promise<void> {
  try {
    const response = await bankFetch(`${url}/v1/accounts/${entry.accountId}/${entry.type}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': entry.key },
      body: JSON.stringify({ amount: entry.amount }),
      signal: AbortSignal.timeout(CALL_MS_MAX),
    });
    const body = (await response.json()) as Outcome & { code?: string; detail?: string };
    entry.status = response.status;
    if (response.status === 201) {
      entry.state = 'acknowledged';
      entry.version = body.version;
    } else if (response.status < 500) {
      entry.state = 'refused';
      entry.code = body.code ?? '';
      if (body.detail !== undefined) entry.detail = body.detail;
    } else {
      entry.code = body.code ?? '';
    }
  } catch {
    // No answer: only the retry at the end tells whether it was executed.
  }
  entry.doneMs = performance.now() - started;
}

/**
 * Asks for all that is open, and again, until nothing is or the time is over. After a long fault it
 * is thousands, more at once than the bank lets one client have under way.
 */
export async function askUntil<T>(
  all: readonly T[],
  isOpen: (one: T) => boolean,
  ask: (one: T) => Promise<void>,
  limitMs: number,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    await inParallel(all.filter(isOpen), ASKED_AT_ONCE, ask);
    if (!all.some(isOpen) || performance.now() > deadline) return;
    await sleep(ASK_AGAIN_MS);
  }
}

/** Clients that deposit and withdraw without a pause until `stop`; some keys are sent twice. */
export function startLoad({ commandUrl, accountIds, clients, random }: LoadOptions) {
  const attempts: Attempt[] = [];
  const started = performance.now();
  let running = true;

  const next = (): Attempt => {
    const accountId = accountIds[Math.floor(random() * accountIds.length)] as string;
    const type = random() < 0.6 ? 'deposits' : 'withdrawals';
    const amount = (1 + Math.floor(random() * 10_000) / 100).toFixed(2);
    const sentMs = performance.now() - started;
    return { accountId, key: randomUUID(), type, amount, sentMs, state: 'unknown' };
  };
  const client = async (): Promise<void> => {
    while (running) {
      const entry = next();
      attempts.push(entry);
      await attempt(commandUrl, entry, started);
      if (entry.state === 'unknown') await sleep(50);
      if (random() >= 0.1) continue;
      const again: Attempt = { ...entry, sentMs: performance.now() - started, state: 'unknown' };
      attempts.push(again);
      await attempt(commandUrl, again, started);
    }
  };
  const done = Promise.all(Array.from({ length: clients }, client));
  return {
    attempts,
    sinceMs: () => performance.now() - started,
    async stop(): Promise<readonly Attempt[]> {
      running = false;
      await done;
      return attempts;
    },
  };
}
