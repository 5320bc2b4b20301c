import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ACTOR_TYPE, executeAnswer } from '../contracts/commands.ts';
import { accountOfStream } from '../contracts/events.ts';
import { PERSON_ACTOR_TYPE } from '../contracts/person-commands.ts';
import { ACCOUNT_EVENTS_TOPIC, PUBSUB } from '../contracts/topics.ts';
import { commonConfig, readConfig } from '../platform/config.ts';
import { sidecar } from '../platform/dapr.ts';
import { publisher } from '../platform/dapr-publisher.ts';
import { listenH2c } from '../platform/h2c.ts';
import { createLogger } from '../platform/logger.ts';
import { onShutdown } from '../platform/shutdown.ts';
import { createAgenda } from './agenda.ts';
import { accountKind } from './account-kind.ts';
import { createActors } from './actors.ts';
import { stamp } from './activation.ts';
import { actorHost } from './actor-host.ts';
import { commandLookup } from './command-lookup.ts';
import { daprJournal } from './dapr-journal.ts';
import { daprJournalFilling } from './dapr-journal-filling.ts';
import { checkJournal } from './journal-guard.ts';
import { watchJournal } from './journal-watch.ts';
import { openWork } from './open-work.ts';
import { logClient } from './log-client.ts';
import { logPages } from './log-pages.ts';
import { createOutbox } from './outbox.ts';
import { journalOwners } from './owners.ts';
import { personKind } from './person-kind.ts';
import { openPersons } from './person-reader.ts';
import { refusalKind } from './refusal-kind.ts';
import { recordingAccounts } from './refusals.ts';
import { servedAccounts, servedPersons } from './served-actors.ts';

const config = readConfig({
  ...commonConfig,
  ACTOR_HOST_NAME: z
    .string()
    .regex(/^[a-zA-Z0-9]{1,40}$/)
    .default('host1'),
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
const owners = journalOwners(journal);
const now = () => new Date();
const agenda = createAgenda();
const actors = createActors({ journal, outbox, logger, now, stamp, openWork: agenda });
const deciding = actors.family(accountKind(log, owners));
const accounts = recordingAccounts(deciding, actors.family(refusalKind));
const work = openWork({
  agenda,
  own: accounts,
  any: async (stream, commands) => {
    const id = accountOfStream(stream);
    const answer = await dapr.invokeActor(ACTOR_TYPE, id, 'execute', { commands });
    return executeAnswer.parse(answer).results;
  },
  now,
  logger,
});

/** What of a ledger message confirms events; the rest is for the projections. */
const confirmation = z.object({
  data: z.object({
    entries: z.array(z.object({ event: z.object({ stream: z.string(), version: z.number() }) })),
  }),
});

const filling = daprJournalFilling(dapr);
const watch = watchJournal({
  check: () => checkJournal({ load: journal.load, ...filling }, logPages(dapr), now),
  marks: filling,
  logger,
  onUnfit: () => process.exit(1),
});
let isStarted = false;
const start = async (): Promise<void> => {
  await watch.untilFit();
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1_000)) {
    try {
      await actors.start();
      break;
    } catch (error) {
      logger.info('waiting for the journal', { error: String(error).slice(0, 200) });
      await sleep(waitMs);
    }
  }
  outbox.start();
  work.start();
  isStarted = true;
  logger.info('ready for commands');
};

const onLedger = (cloudEvent: unknown): void => {
  const message = confirmation.safeParse(cloudEvent);
  if (!message.success) {
    // Nothing is lost: the outbox asks the log for what is not confirmed in time.
    logger.error('a ledger message cannot be read', { issues: message.error.issues.slice(0, 3) });
    return;
  }
  const versions = new Map<string, number>();
  for (const { event } of message.data.data.entries) versions.set(event.stream, event.version);
  for (const [stream, version] of versions) outbox.confirm(stream, version);
};

const host = actorHost({
  actors: {
    [ACTOR_TYPE]: servedAccounts(accounts, commandLookup(accounts, actors.inDoubt, log)),
    [PERSON_ACTOR_TYPE]: servedPersons(actors.family(personKind(journal, log, owners))),
  },
  openPersons: (persons) => openPersons(journal, persons),
  keysOf: journal.secrets,
  started: start(),
  onLedger,
  checks: {
    journal: () => {
      if (!isStarted) throw new Error(watch.waitingFor());
      return actors.counts();
    },
    openWork: () => work.counts(),
    outbox: () => ({ unconfirmedEvents: outbox.size() }),
  },
  appToken: config.APP_API_TOKEN,
  logger,
});
const server = await listenH2c(host, config.APP_PORT);
onShutdown(logger, [
  () => work.stop(),
  () => actors.stop(),
  () => outbox.stop(),
  () => server.close(),
  () => bus.close(),
]);
