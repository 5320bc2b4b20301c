import request from 'supertest';
import {
  collections,
  metadataId,
  ofHistoryDocuments,
} from '../../contracts/account/read-models.ts';
import type { ListDocument } from '../../contracts/account/lists.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { PositionedAccountEvent } from '../../contracts/log/topics.ts';
import { balanceProjection } from '../../projections/balances/balance-projection.ts';
import { QUIET } from '../../projections/events-for-tests.ts';
import { SetAside } from '../../projections/follower/set-aside.ts';
import { historyProjection } from '../../projections/history/history-projection.ts';
import { memoryReadStore } from '../../projections/read-store/memory-read-store.ts';
import { logOf } from '../../queries-bank-api/log/life-for-tests.ts';
import { queryApiForTests } from '../../queries-bank-api/query-api-for-tests.ts';
import { memoryReadModels } from '../../queries-bank-api/read-models/memory-read-models.ts';

/** How a test chooses. */
interface Choice {
  readonly seed: number;
  readonly below: (bound: number) => number;
}

/** Both projections of a log in memory, written in parts and some again, and the query API. */
export async function readSideOf(
  entries: readonly PositionedAccountEvent[],
  { seed, below }: Choice,
) {
  const store = memoryReadStore();
  const parts = async (name: 'balances' | 'history') => {
    const setAside = new SetAside(await store.setAside(name, '1'), QUIET);
    return { setAside };
  };
  const projections = [
    balanceProjection({
      ...(await parts('balances')),
      accounts: await store.accounts('1'),
      persons: await store.persons('1'),
    }),
    historyProjection({ ...(await parts('history')), history: await store.history('1') }),
  ];
  for (const projection of projections) {
    await projection.restore();
    for (let at = 0; at < entries.length;) {
      const size = 1 + below(30);
      await projection.apply(entries.slice(at, at + size));
      // Now and then a writer begins again where it had saved, and writes some again.
      if (below(5) === 0) await projection.flush();
      const isAgain = below(8) === 0;
      const reached = isAgain ? await projection.restore() : undefined;
      at = reached === undefined ? at + size : placeAfter(entries, reached.position);
    }
    await projection.flush();
  }
  const events = entries.map(({ event }) => event);
  return queriesOn(store, events, { seed, below });
}
const placeAfter = (entries: readonly { readonly position: number }[], position: number) => {
  const place = entries.findIndex((entry) => entry.position > position);
  return place < 0 ? entries.length : place;
};

/** The query API on what is stored. */
async function queriesOn(
  store: ReturnType<typeof memoryReadStore>,
  events: LoggedEvent[],
  { seed, below }: Choice,
) {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  const into = models.of('1');
  for (const account of store.accountsOf('1')) {
    into.accounts.set(account.accountId, account);
    const { accountId, metadataVersion: version } = account;
    if (version === undefined) continue;
    into.metadata.set(metadataId(accountId, version), store.metadataOf('1', accountId, version)!);
  }
  for (const document of await store.documents(collections.lists('1'))) {
    into.lists.set((document as ListDocument)._id, document as ListDocument);
  }
  for (const line of ofHistoryDocuments(await store.documents(collections.history('1')))) {
    into.lines.set(line.eventId.slice('acct/'.length), line);
  }
  const app = queryApiForTests(models, logOf(events), 100);
  const ask = (path: string, query: object) => request(app).get(path).query(query).expect(200);
  /** All items of all pages. */
  const get = async <Item>(path: string, query: Record<string, unknown>): Promise<Item[]> => {
    const items: Item[] = [];
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const limit = 1 + below(60);
    for (let cursor: string | null = ''; cursor !== null;) {
      const asked = { ...Object.fromEntries(given), limit, ...(cursor === '' ? {} : { cursor }) };
      const { status, body } = await request(app).get(path).query(asked);
      expect([seed, query, status]).toEqual([seed, query, 200]);
      items.push(...(body.items as Item[]));
      expect((body.items as Item[]).length).toBeLessThanOrEqual(limit);
      cursor = body.nextCursor as string | null;
    }
    return items;
  };
  return { ask, get };
}
