import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { EVENT_SOURCE_APP } from '../contracts/log/entries.ts';
import { AUDIT_TOPIC, LOG_MESSAGE_PURPOSE, LOG_TOPIC, PUBSUB } from '../contracts/log/topics.ts';
import { JOURNAL_HEADS, JOURNAL_HEADS_MAX } from '../contracts/log/journal-heads.ts';
import { readConfig } from '../platform/config.ts';
import { sidecar } from '../platform/dapr.ts';
import { publisher } from '../platform/dapr-publisher.ts';
import { listen } from '../platform/http/http.ts';
import { listenForOperator } from '../platform/http/operator-socket.ts';
import { createLogger } from '../platform/logger.ts';
import { onShutdown } from '../platform/shutdown.ts';
import { ask } from '../platform/service-client.ts';
import {
  createSigner,
  ownSignatureCheck,
  signatureCheck,
  signedText,
} from '../platform/signatures.ts';
import { publicKeyPem } from '../proofs/signed-state.ts';
import { createAccessRecords } from './access/access-records.ts';
import { alarmBook } from './alarms.ts';
import { eventSourceApp, closedLogApp, logOperator } from './app.ts';
import { eventSourceConfig } from './config.ts';
import { appender, type AppenderParts } from './intake/appender.ts';
import { auditFeed } from './audit/feed.ts';
import { backgroundAudit } from './audit/background.ts';
import { daprReadSide, readSideCheck } from './audit/read-side.ts';
import { LogUnavailable, TamperError } from './log/event-log.ts';
import { immudbExports } from './immudb/exports.ts';
import { openImmudbLog, type ImmudbLog } from './immudb/log.ts';
import { immudbReceipts } from './immudb/receipts.ts';
import { integrationFeed } from './feeds/integration-feed.ts';
import { logFeed } from './feeds/log-feed.ts';
import { natsStream } from './feeds/nats-stream.ts';
import { openQuarantine, quarantineFile } from './quarantine.ts';
import { trustFile } from './immudb/trust-file.ts';

const RETRY_MS = 500;

const config = readConfig(eventSourceConfig);
const logger = createLogger('event-source', config.LOG_LEVEL);
const { publish, close } = publisher({
  httpPort: config.DAPR_HTTP_PORT,
  apiToken: config.DAPR_API_TOKEN,
});
const dapr = sidecar({
  httpPort: config.DAPR_HTTP_PORT,
  apiToken: config.DAPR_API_TOKEN,
  connections: 2,
});
const publicAudit = auditFeed((message) => publish(PUBSUB, AUDIT_TOPIC, message), logger);
const alarms = alarmBook(logger, (alarm) => publicAudit.offer({ type: 'alarm', alarm }));

const immudb = {
  // This file runs as dist/event-source/main.js; the definition stays with the source.
  proto: fileURLToPath(new URL('../../event-source/immudb/immudb.proto', import.meta.url)),
  address: config.IMMUDB_ADDRESS,
  user: config.IMMUDB_USER,
  password: config.IMMUDB_PASSWORD,
  database: config.IMMUDB_DATABASE,
  publicKey: publicKeyPem(config.LOG_PUBLIC_KEY),
  trust: trustFile(config.TRUSTED_STATE_FILE),
};
const appToken = config.APP_API_TOKEN;
const quarantine = await openQuarantine(
  quarantineFile(join(config.AUDIT_FOLDER, 'quarantine.jsonl')),
);
for (const { stream, reason } of quarantine.streams()) alarms.raise('fork', stream, reason);
const access = createAccessRecords({
  file: {
    folder: config.ACCESS_FOLDER,
    signer: createSigner(config.AUDIT_SIGNING_KEY),
    isSigned: ownSignatureCheck(config.AUDIT_SIGNING_KEY, config.AUDIT_EARLIER_KEYS),
    daysMax: config.ACCESS_DAYS_MAX,
    bytesMax: config.ACCESS_MIB_MAX * 1024 * 1024,
  },
  alarms,
  feed: publicAudit,
  logger,
});
const log = await openLog();
const feedSigner = createSigner(config.LOG_FEED_SIGNING_KEY);
const feed = logFeed((message) => {
  const signed = signedText(feedSigner, LOG_MESSAGE_PURPOSE, message.toString());
  return dapr.publish(PUBSUB, LOG_TOPIC, signed);
}, logger);
const stream = natsStream(config.BANK_EVENTS_URL);
const integration = integrationFeed({ log, stream, source: config.BANK_SOURCE, logger });
const { trust: _kept, ...connection } = immudb;
const audit = backgroundAudit({
  data: {
    ...connection,
    checkpointFile: join(config.AUDIT_FOLDER, 'checkpoints.jsonl'),
    auditorKey: config.AUDIT_SIGNING_KEY,
    earlierAuditorKeys: config.AUDIT_EARLIER_KEYS,
    hostKeys: config.HOST_PUBLIC_KEYS,
  },
  log,
  alarms,
  feed: publicAudit,
  journalHeads: async (after) =>
    (await ask(dapr, JOURNAL_HEADS, { after, limit: JOURNAL_HEADS_MAX })).heads,
  readSide: readSideCheck({ log, readSide: daprReadSide(dapr), alarms, logger }),
  logger,
});
const offer: AppenderParts['feed']['offer'] = (after, added) => {
  feed.offer(after, added);
  integration.offer(after, added);
  audit.news();
};
const receipts = immudbReceipts({ log, publicKey: immudb.publicKey, alarms });
const app = eventSourceApp({
  log,
  proofs: { ...receipts, ...immudbExports(log, receipts) },
  appender: appender({ log, feed: { offer }, quarantine, alarms, logger }),
  quarantine,
  isSigned: signatureCheck(config.HOST_PUBLIC_KEYS),
  integration,
  audit,
  access,
  alarms,
  logger,
  appToken,
});
const operator = logOperator({ log, quarantine, logger }, config.OPERATOR_TOKEN);
await listenForOperator(operator, EVENT_SOURCE_APP, config.OPERATOR_FOLDER);
const server = await listen(app, config.APP_PORT);
logger.info('serving the log', { port: config.APP_PORT, head: log.head() });
// What was appended before a crash may never have been published: the last entry shows
// followers that there is something to read.
feed.offer(log.head() - 1, await log.readAfter(log.head() - 1, 1));

onShutdown(logger, [
  () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    }),
  () => audit.end(),
  () => access.end(),
  () => publicAudit.end(),
  () => feed.idle(),
  () => integration.end(),
  () => log.close(),
  () => dapr.close(),
  () => close(),
]);

// The database may start at the same time as this process; a foreign one never gets better.
async function openLog(): Promise<ImmudbLog> {
  let closed: Server | undefined;
  for (;;) {
    try {
      const opened = await openImmudbLog(immudb, alarms);
      if (closed !== undefined) await endOf(closed);
      return opened;
    } catch (error) {
      logger.error('the log cannot be opened', { error });
      // Of a log that was changed the alarm must get out, so this goes on without serving it.
      const mayGetBetter = error instanceof LogUnavailable || error instanceof TamperError;
      if (!mayGetBetter) process.exit(1);
      if (error instanceof TamperError) {
        closed ??= await listen(
          closedLogApp({ alarms, access, logger, appToken }),
          config.APP_PORT,
        );
      }
      await delay(RETRY_MS);
    }
  }
}

/** Clients connected to the server that showed the alarms connect again, to the log. */
function endOf(served: Server): Promise<void> {
  return new Promise((resolve) => {
    served.close(() => resolve());
    served.closeAllConnections();
  });
}
