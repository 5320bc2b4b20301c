import { setTimeout as sleep } from 'node:timers/promises';
import { ACCESS_CALLS } from '../contracts/access/access-records.ts';
import { accessReports } from '../platform/access-reports.ts';
import { ask } from '../platform/service-client.ts';
import { ACTOR_TYPE, TELLER_ACTOR_PREFIX } from '../contracts/account/commands.ts';
import { APPROVAL_ACTOR_TYPE } from '../contracts/approval/commands.ts';
import { PERSON_ACTOR_TYPE } from '../contracts/person/commands.ts';
import { ACTOR_HOST_APP } from '../contracts/person/queries.ts';
import { ACCOUNT_EVENTS_TOPIC, PUBSUB } from '../contracts/log/topics.ts';
import { authenticCalls } from '../platform/authentic-calls.ts';
import { systemClock } from '../platform/clock.ts';
import { readConfig } from '../platform/config.ts';
import { sidecar } from '../platform/dapr.ts';
import { listenH2c } from '../platform/http/h2c.ts';
import { listenForOperator } from '../platform/http/operator-socket.ts';
import { NeedsPerson } from '../platform/http/health.ts';
import { keyRingOfFile, KeysUnavailable } from '../platform/key-ring.ts';
import { createLogger } from '../platform/logger.ts';
import { createMetrics } from '../platform/http/metrics.ts';
import { createSigner } from '../platform/signatures.ts';
import { onShutdown } from '../platform/shutdown.ts';
import { actorHostConfig, fourEyesOf } from './config.ts';
import { createBankHost } from './host/bank-host.ts';
import { hostMetrics, measuredJournal } from './host/host-metrics.ts';
import { hostListener } from './host/http.ts';
import { operatorApp } from './host/operator.ts';
import { logClient } from './host/log-client.ts';
import { pgJournal } from './journal/pg-journal.ts';
import { withWrappedKeys } from './journal/wrapped-keys.ts';
import { openPersons } from './person/person-decider.ts';
import { checkJournal, watchJournal } from './restore/journal-guard.ts';

const QUARANTINED_SHOWN_MAX = 20;
const LAST_ANSWERS_MS = 200;
const KEYS_RETRY_MS = 1_000;

const config = readConfig(actorHostConfig);
const logger = createLogger('bank-account-actor', config.LOG_LEVEL);
const dapr = sidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const log = logClient(dapr);
const stored = pgJournal(config.JOURNAL_URL, (error) =>
  logger.warn('a connection to the journal was lost', { error }),
);
const { journal, check, rewrap } = withWrappedKeys(stored, keyRingOfFile(config.KEY_RING_FILE));
const metrics = createMetrics();
const host = createBankHost({
  journal: measuredJournal(journal, metrics),
  log,
  signer: createSigner(config.HOST_SIGNING_KEY),
  publish: (message) => dapr.publish(PUBSUB, ACCOUNT_EVENTS_TOPIC, message),
  clock: systemClock,
  logger,
  host: config.ACTOR_HOST_NAME,
  fourEyes: fourEyesOf(config),
});
hostMetrics(metrics, host);

const watch = watchJournal({
  check: () => checkJournal(journal, log, () => new Date()),
  marks: journal,
  logger,
  onUnfit: () => process.exit(1),
});
let isStarted = false;
let withoutKeys: string | undefined;
/** A host that cannot open keys could answer no command to a person, so it does not start. */
async function untilKeysOpen(): Promise<void> {
  for (;;) {
    try {
      await check();
      withoutKeys = undefined;
      return;
    } catch (error) {
      if (error instanceof KeysUnavailable) {
        withoutKeys = error.message;
        logger.error('the keys of persons cannot be opened', { reason: withoutKeys });
      }
      await sleep(KEYS_RETRY_MS);
    }
  }
}
void untilKeysOpen()
  .then(watch.untilFit)
  .then(() => {
    host.start();
    isStarted = true;
    logger.info('ready for commands');
  });

const listener = hostListener({
  actors: {
    [ACTOR_TYPE]: host.accounts,
    [APPROVAL_ACTOR_TYPE]: host.approvals,
    [PERSON_ACTOR_TYPE]: host.persons,
    [`${TELLER_ACTOR_PREFIX}.${config.ACTOR_HOST_NAME}`]: host.teller,
  },
  openPersons: (persons) => openPersons(journal, persons),
  commands: authenticCalls(config.COMMAND_KEY),
  persons: authenticCalls(config.PERSONS_KEY),
  heads: (after, limit) => journal.heads(after, limit),
  metrics,
  backlog: () => {
    const { waitingCommands, unconfirmedEvents, unconfirmedStreams } = host.counts();
    return { waitingCommands, unconfirmedEvents, unconfirmedStreams };
  },
  isStarted: () => isStarted,
  checks: {
    journal: async () => {
      if (withoutKeys !== undefined) throw new NeedsPerson(withoutKeys);
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
const access = accessReports({
  send: (report) => ask(dapr, ACCESS_CALLS.record, report),
  logger,
});
const operator = operatorApp({
  record: access.record,
  keysOf: async (streams) => {
    const { streams: rows } = await journal.load(streams);
    return streams.map((stream) => rows.find((row) => row.stream === stream)?.secret);
  },
  rewrap,
  token: config.OPERATOR_TOKEN,
  logger,
});
await listenForOperator(operator, ACTOR_HOST_APP, config.OPERATOR_FOLDER);
const server = await listenH2c(listener, config.APP_PORT);
onShutdown(logger, [
  () => host.stop(),
  // What was sent to the journal a moment ago is answered before the connections end.
  () => sleep(LAST_ANSWERS_MS),
  () => server.close(),
  () => stored.end(),
  () => access.end(),
  () => dapr.close(),
]);
