import type * as receipts from '../contracts/receipts.ts';
import type { Sidecar } from '../platform/dapr.ts';
import { called } from './event-source-account-log.ts';
import type { LogProofs } from './log-proofs.ts';

const given = (parts: Readonly<Record<string, string | number | undefined>>): string => {
  const known = Object.entries(parts).filter(([, value]) => value !== undefined);
  return new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
};

/** Proofs from event-source, through the sidecars. Nothing is checked here. */
export function eventSourceProofs(dapr: Sidecar): LogProofs {
  const get = async <Answer>(path: string): Promise<Answer> =>
    (await called(dapr, 'GET', path)) as Answer;
  return {
    publicKey: async () => (await get<{ publicKey: string }>('log/public-key')).publicKey,
    state: () => get('log/state'),
    consistency: (from, to) => get(`log/consistency?${given({ from, to })}`),
    receipt: (stream, version) => get(`log/streams/${stream}/events/${version}/receipt`),
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
