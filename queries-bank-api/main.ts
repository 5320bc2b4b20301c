import { ACCESS_CALLS } from '../contracts/access/access-records.ts';
import { accessReports } from '../platform/access-reports.ts';
import { ask } from '../platform/service-client.ts';
import { bearerBy } from '../platform/tokens/bearer.ts';
import { gate } from '../platform/http/gate.ts';
import { VERSION_WAIT_MS } from '../contracts/account/queries.ts';
import { authenticCalls } from '../platform/authentic-calls.ts';
import { readConfig } from '../platform/config.ts';
import { sidecar } from '../platform/dapr.ts';
import { listenPublic } from '../platform/http/public-listener.ts';
import { boundFailedLogins } from '../platform/limits/failed-logins.ts';
import { createLogger } from '../platform/logger.ts';
import { onShutdown } from '../platform/shutdown.ts';
import { AccountView } from './accounts/account-view.ts';
import { queryApi } from './app.ts';
import { queryApiConfig } from './config.ts';
import { eventSourceAccess } from './log/access-answers.ts';
import { eventSourceAudit } from './log/audit-answers.ts';
import { bankVersion, hostBacklog } from './log/bank-status.ts';
import { eventStreams } from './log/event-streams.ts';
import { eventSourceAccountLog } from './log/account-log.ts';
import { eventSourceProofs } from './log/proof-answers.ts';
import { ListView } from './lists/list-view.ts';
import { HistoryView } from './history/history-view.ts';
import { mongoReadModels } from './read-models/mongo-read-models.ts';
import { personData } from './persons/person-answers.ts';

/** Also without requests the view keeps up, so that the first one after a pause is fast. */
const KEEP_UP_MS = 250;

const config = readConfig(queryApiConfig);
const logger = createLogger('queries-bank-api', config.LOG_LEVEL);
const dapr = sidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const models = mongoReadModels(config.MONGODB_URL);
const accounts = new AccountView(models);
const log = eventSourceAccountLog(dapr);
const streams = eventStreams({ log, logger, waitMs: VERSION_WAIT_MS });
const identify = bearerBy(config, logger, {
  publicUrl: config.QUERIES_PUBLIC_URL,
  frontDoor: { publicUrl: config.COMMANDS_PUBLIC_URL },
});
const access = accessReports({
  send: (report) => ask(dapr, ACCESS_CALLS.record, report),
  logger,
});
const app = queryApi({
  record: access.record,
  access: eventSourceAccess(dapr),
  gate: boundFailedLogins(gate(identify), config.FAILED_LOGINS_PER_MINUTE_MAX),
  issuer: config.OIDC_ISSUER,
  appToken: config.APP_API_TOKEN,
  docs: config.DOCS,
  origins: config.CORS_ORIGINS,
  limits: config,
  accounts,
  history: new HistoryView(models),
  lists: new ListView(models),
  persons: { models, accounts, data: personData(dapr, authenticCalls(config.PERSONS_KEY)) },
  audit: eventSourceAudit(dapr),
  backlog: hostBacklog(dapr),
  version: bankVersion(),
  log,
  proofs: eventSourceProofs(dapr),
  streams,
  timeZone: config.BANK_TIME_ZONE,
  logger,
  checks: {
    'read-models': async () => {
      await accounts.fresh();
      return {};
    },
    sidecar: async () => {
      if (!(await dapr.ready())) throw new Error('the sidecar is not ready');
      return {};
    },
  },
});

const stopListening = await listenPublic(app, config, logger);
// What fails here fails again, and is reported, with the next request.
const keepUp = setInterval(() => void accounts.fresh().catch(() => undefined), KEEP_UP_MS);
onShutdown(logger, [
  () => clearInterval(keepUp),
  () => streams.close(),
  stopListening,
  () => access.end(),
  () => models.close(),
  () => dapr.close(),
]);
