import { ACCESS_CALLS } from '../contracts/access/access-records.ts';
import { accessReports } from '../platform/access-reports.ts';
import { ask } from '../platform/service-client.ts';
import { bearerBy } from '../platform/tokens/bearer.ts';
import { gate } from '../platform/http/gate.ts';
import { PUBSUB } from '../contracts/log/topics.ts';
import { authenticCalls } from '../platform/authentic-calls.ts';
import { readConfig } from '../platform/config.ts';
import { sidecar } from '../platform/dapr.ts';
import { publisher } from '../platform/dapr-publisher.ts';
import { listenPublic } from '../platform/http/public-listener.ts';
import { boundFailedLogins } from '../platform/limits/failed-logins.ts';
import { createLogger } from '../platform/logger.ts';
import { onShutdown } from '../platform/shutdown.ts';
import { actorCalls } from './actor-calls.ts';
import { commandApi } from './app.ts';
import { approvalClient } from './approvals.ts';
import { commandMessages } from './command-messages.ts';
import { commandApiConfig, queriesUrlOf } from './config.ts';
import { courier } from './courier.ts';
import { frontDoor } from './front-door.ts';
import { keysIn, signedBy } from './message-producers.ts';
import { personClient } from './persons.ts';

const config = readConfig(commandApiConfig);
const logger = createLogger('core-bank-api', config.LOG_LEVEL);
const dapr = sidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const bus = publisher({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const callActor = actorCalls(dapr, authenticCalls(config.COMMAND_KEY), logger);
const actors = courier(callActor);
const access = accessReports({
  send: (report) => ask(dapr, ACCESS_CALLS.record, report),
  logger,
});
const take = commandMessages({
  actors,
  record: access.record,
  producerOf: signedBy(keysIn(config.COMMAND_PRODUCERS_FILE, logger)),
  publish: (topic, event) => bus.publish(PUBSUB, topic, event, 'application/cloudevents+json'),
  now: () => new Date(),
  logger,
});
const identify = bearerBy(config, logger, { publicUrl: config.COMMANDS_PUBLIC_URL });
const queriesUrl = queriesUrlOf(config);
if (queriesUrl === undefined) logger.warn('queries are not passed on: QUERIES_URL is not set');
const app = commandApi({
  gate: boundFailedLogins(gate(identify), config.FAILED_LOGINS_PER_MINUTE_MAX),
  record: access.record,
  issuer: config.OIDC_ISSUER,
  docs: config.DOCS,
  origins: config.CORS_ORIGINS,
  limits: config,
  ...(queriesUrl === undefined ? {} : { queries: frontDoor({ queriesUrl, logger }) }),
  actors,
  executePerson: personClient(callActor),
  approvals: approvalClient(callActor),
  messages: { appToken: config.APP_API_TOKEN, topics: config.COMMAND_TOPICS, take },
  checks: {
    sidecar: async () => {
      if (!(await dapr.ready())) throw new Error('the Dapr sidecar is not ready');
      return {};
    },
  },
  logger,
});
const stopListening = await listenPublic(app, config, logger);
onShutdown(logger, [stopListening, access.end, () => dapr.close(), () => bus.close()]);
