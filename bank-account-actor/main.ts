import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ACCOUNT_EVENTS_TOPIC, LEDGER_TOPIC, PUBSUB } from '../contracts/topics.ts';
import { commonConfig, readConfig } from '../platform/config.ts';
import { sidecar } from '../platform/dapr.ts';
import { publisher } from '../platform/dapr-publisher.ts';
import { health } from '../platform/health.ts';
import { createApp, finish, jsonBody, listen } from '../platform/http.ts';
import { createLogger } from '../platform/logger.ts';
import { onShutdown } from '../platform/shutdown.ts';
import { createAccounts } from './accounts.ts';
import { stamp } from './activation.ts';
import { ACTOR_CONFIG, actorHost } from './actor-host.ts';
import { daprJournal } from './dapr-journal.ts';
import { logClient } from './log-client.ts';
import { createOutbox } from './outbox.ts';

const LEDGER_BYTES_MAX = 8 * 1024 * 1024;

const config = readConfig({
  ...commonConfig,
  /** Names this host for ever; each of several hosts has its own. */
  ACTOR_HOST_NAME: z.string().regex(/^[a-z0-9-]{1,40}$/).default('host-0'),
});
const logger = createLogger('bank-account-actor', config.LOG_LEVEL);
const dapr = sidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const bus = publisher({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const log = logClient(dapr);
const journal = daprJournal(dapr, config.ACTOR_HOST_NAME);
const outbox = createOutbox({
  publish: (message) => bus.publish(PUBSUB, ACCOUNT_EVENTS_TOPIC, message),
  head: log.head,
  now: () => performance.now(),
  logger,
});
const now = () => new Date();
const accounts = createAccounts({ journal, outbox, log, logger, now, stamp });

/** What of a ledger message confirms events; the rest is for the projections. */
const confirmation = z.object({
  data: z.object({
    entries: z.array(z.object({ event: z.object({ stream: z.string(), version: z.number() }) })),
  }),
});

let isStarted = false;
const start = async (): Promise<void> => {
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1_000)) {
    try {
      await accounts.start();
      break;
    } catch (error) {
      logger.info('waiting for the journal', { error: String(error).slice(0, 200) });
      await sleep(waitMs);
    }
  }
  outbox.start();
  isStarted = true;
  logger.info('ready for commands');
};

const app = createApp({ logger, appToken: config.APP_API_TOKEN });
health(app, {
  journal: () => {
    if (!isStarted) throw new Error('the journal has not been read yet');
    return accounts.counts();
  },
  outbox: () => ({ unconfirmedEvents: outbox.size() }),
});
app.get('/dapr/config', (_request, response) => void response.json(ACTOR_CONFIG));
app.get('/dapr/subscribe', (_request, response) => {
  response.json([{ pubsubname: PUBSUB, topic: LEDGER_TOPIC, route: '/events/ledger' }]);
});
app.post('/events/ledger', jsonBody(LEDGER_BYTES_MAX), (request, response) => {
  const message = confirmation.safeParse(request.body);
  if (message.success) {
    const versions = new Map<string, number>();
    for (const { event } of message.data.data.entries) versions.set(event.stream, event.version);
    for (const [stream, version] of versions) outbox.confirm(stream, version);
  } else {
    // Nothing is lost: the outbox asks the log for what is not confirmed in time.
    logger.error('a ledger message cannot be read', { issues: message.error.issues.slice(0, 3) });
  }
  response.json({ status: 'SUCCESS' });
});
finish(app, logger);

const started = start();
const server = await listen(
  actorHost({ accounts, started, appToken: config.APP_API_TOKEN, logger, otherwise: app }),
  config.APP_PORT,
);
onShutdown(logger, [
  () => void server.close(),
  () => accounts.stop(),
  () => outbox.stop(),
  () => bus.close(),
]);
