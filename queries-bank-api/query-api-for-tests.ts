import type { Express } from 'express';
import { openGate } from '../platform/http/gate-for-tests.ts';
import { silentLogger as logger } from '../platform/silent-logger-for-tests.ts';
import { AccountView } from './accounts/account-view.ts';
import { queryApi, type QueryApiPorts } from './app.ts';
import { ListView } from './lists/list-view.ts';
import { HistoryView } from './history/history-view.ts';
import { auditForTests } from './log/audit-for-tests.ts';
import { eventStreams } from './log/event-streams.ts';
import { proofsForTests } from './log/proofs-for-tests.ts';
import type { ReadModels } from './read-models/read-models.ts';

/** No person has data. */
const NO_DATA = { open: () => Promise.resolve([]), loggedVersion: () => Promise.resolve(0) };

/** The query API on these read models and this log, and on nothing else unless it is given. */
export function queryApiForTests(
  models: ReadModels,
  log: QueryApiPorts['log'],
  waitMs: number,
  more: Partial<QueryApiPorts> = {},
): Express {
  const accounts = new AccountView(models);
  return queryApi({
    gate: openGate,
    accounts,
    log,
    logger,
    checks: {},
    waitMs,
    audit: auditForTests().audit,
    backlog: () =>
      Promise.resolve({ waitingCommands: 0, unconfirmedEvents: 0, unconfirmedStreams: 0 }),
    version: '0.0.0',
    record: () => undefined,
    access: () => Promise.resolve({ items: [], next: 0, seal: null }),
    history: new HistoryView(models),
    lists: new ListView(models),
    persons: { models, accounts, data: NO_DATA },
    proofs: proofsForTests(log),
    streams: eventStreams({ log, logger, waitMs }),
    ...more,
  });
}
