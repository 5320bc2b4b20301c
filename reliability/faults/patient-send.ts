import { setTimeout as sleep } from 'node:timers/promises';
import { bankFetch } from './bank-fetch.ts';

const PATIENCE_MS = 20_000;
const CALL_MS_MAX = 8_000;

export interface Reply {
  readonly status: number;
  readonly replayed: boolean;
  readonly body: Record<string, unknown>;
}

/** Answers that say nothing of the command: it is sent again. */
const AGAIN = [408, 503];

/** Sends until there is another answer, as a client with a key does. */
export async function patientSend(
  method: string,
  url: string,
  key: string,
  body: object,
): Promise<Reply> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      const response = await bankFetch(url, {
        method,
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(CALL_MS_MAX),
      });
      const replayed = response.headers.get('idempotency-replayed') === 'true';
      const answer = (await response.json()) as Record<string, unknown>;
      if (!AGAIN.includes(response.status) || performance.now() > deadline) {
        return { status: response.status, replayed, body: answer };
      }
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(200);
  }
}
