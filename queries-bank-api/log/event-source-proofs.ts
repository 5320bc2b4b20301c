import {
  RECEIPTS_MAX,
  type ReceiptsAnswer,
  type ReceiptsRequest,
} from '../../contracts/log/entries.ts';
import type * as receipts from '../../contracts/log/receipts.ts';
import { batcher, QueueFull } from '../../platform/batcher.ts';
import type { Sidecar } from '../../platform/dapr.ts';
import { called } from './event-source-account-log.ts';
import type { LogProofs } from './log-proofs.ts';
import { Unavailable } from '../read-models/read-models.ts';

type Wanted = ReceiptsRequest['events'][number];

const given = (parts: Readonly<Record<string, string | number | undefined>>): string => {
  const known = Object.entries(parts).filter(([, value]) => value !== undefined);
  return new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
};

const RECEIPT_CALLS_AT_ONCE_MAX = 2;
const RECEIPTS_WAITING_MAX = 1_000;

/**
 * Proofs from event-source, through the sidecars. Nothing is checked here. Receipts that are asked
 * for while others are under way travel together, because the call costs as much as the proof.
 */
export function eventSourceProofs(dapr: Sidecar): LogProofs {
  const get = async <Answer>(path: string): Promise<Answer> =>
    (await called(dapr, 'GET', path)) as Answer;
  const limits = {
    itemsMax: RECEIPTS_MAX,
    inFlightMax: RECEIPT_CALLS_AT_ONCE_MAX,
    waitingMax: RECEIPTS_WAITING_MAX,
  };
  const receiptOf = batcher<Wanted, ReceiptsAnswer['receipts'][number]>(limits, async (events) => {
    return ((await called(dapr, 'POST', 'log/receipts', { events })) as ReceiptsAnswer).receipts;
  });
  return {
    publicKey: async () => (await get<{ publicKey: string }>('log/public-key')).publicKey,
    state: () => get('log/state'),
    consistency: (from, to) => get(`log/consistency?${given({ from, to })}`),
    async receipt(stream, version) {
      const answer = await receiptOf({ stream, version }).catch((error: unknown) => {
        throw error instanceof QueueFull ? new Unavailable(error.message) : error;
      });
      if (answer !== null && 'unavailable' in answer) throw new Unavailable(answer.unavailable);
      return answer ?? undefined;
    },
    exportHead: (stream, period) => get(`log/streams/${stream}/export?${given({ ...period })}`),
    async exported(stream, fromVersion, limit, at) {
      const path = `log/streams/${stream}/export/events`;
      type Page = { items: receipts.ExportedEvent[] };
      return (await get<Page>(`${path}?${given({ fromVersion, limit, at })}`)).items;
    },
    async walk(from) {
      type Page = { transactions: receipts.WalkedTransaction[] };
      return (await get<Page>(`log/transactions?${given({ from })}`)).transactions;
    },
  };
}
