import { setTimeout as sleep } from 'node:timers/promises';
import { ACTOR_TYPE, TELLER_ACTOR_PREFIX } from '../contracts/account/commands.ts';
import { PERSON_ACTOR_TYPE } from '../contracts/person/commands.ts';
import { ACCOUNT_EVENTS_TOPIC, PUBSUB } from '../contracts/log/topics.ts';
import { systemClock } from '../platform/clock.ts';
import { readConfig } from '../platform/config.ts';
import { sidecar } from '../platform/dapr.ts';
import { listenH2c } from '../platform/http/h2c.ts';
import { createLogger } from '../platform/logger.ts';
import { onShutdown } from '../platform/shutdown.ts';
import { actorHostConfig } from './config.ts';
import { createBankHost } from './host/bank-host.ts';
import { hostListener } from './host/http.ts';
import { logClient } from './host/log-client.ts';
import { pgJournal } from './journal/pg-journal.ts';
import { openPersons } from './person/person-decider.ts';
import { checkJournal, watchJournal } from './restore/journal-guard.ts';

const QUARANTINED_SHOWN_MAX = 20;
const LAST_ANSWERS_MS = 200;

const config = readConfig(actorHostConfig);
const logger = createLogger('bank-account-actor', config.LOG_LEVEL);
const dapr = sidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const log = logClient(dapr);
const journal = pgJournal(config.JOURNAL_URL, (error) =>
  logger.warn('a connection to the journal was lost', { error }),
);
const host = createBankHost({
  journal,
  log,
  publish: (message) => dapr.publish(PUBSUB, ACCOUNT_EVENTS_TOPIC, message),
  clock: systemClock,
  logger,
  host: config.ACTOR_HOST_NAME,
});

const watch = watchJournal({
  check: () => checkJournal(journal, log, () => new Date()),
  marks: journal,
  logger,
  onUnfit: () => process.exit(1),
});
let isStarted = false;
void watch.untilFit().then(() => {
  host.start();
  isStarted = true;
  logger.info('ready for commands');
});

const listener = hostListener({
  actors: {
    [ACTOR_TYPE]: host.accounts,
    [PERSON_ACTOR_TYPE]: host.persons,
    [`${TELLER_ACTOR_PREFIX}.${config.ACTOR_HOST_NAME}`]: host.teller,
  },
  openPersons: (persons) => openPersons(journal, persons),
  keysOf: async (streams) => {
    const { streams: rows } = await journal.load(streams);
    return streams.map((stream) => rows.find((row) => row.stream === stream)?.secret);
  },
  isStarted: () => isStarted,
  checks: {
    journal: async () => {
      if (!isStarted) throw new Error(watch.waitingFor());
      await journal.mark();
      return host.counts();
    },
    quarantine: async () => {
      const quarantined = await journal.quarantined(QUARANTINED_SHOWN_MAX);
      if (quarantined.length > 0) return { quarantined };
      return {};
    },
  },
  appToken: config.APP_API_TOKEN,
  logger,
});
const server = await listenH2c(listener, config.APP_PORT);
onShutdown(logger, [
  () => host.stop(),
  // What was sent to the journal a moment ago is answered before the connections end.
  () => sleep(LAST_ANSWERS_MS),
  () => server.close(),
  () => journal.end(),
  () => dapr.close(),
]);
