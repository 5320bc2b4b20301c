import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadModelName } from '../contracts/account/read-models.ts';
import { readConfig } from '../platform/config.ts';
import { sidecar } from '../platform/dapr.ts';
import { listen } from '../platform/http/http.ts';
import { listenForOperator } from '../platform/http/operator-socket.ts';
import { createLogger } from '../platform/logger.ts';
import { signatureCheck } from '../platform/signatures.ts';
import { onShutdown } from '../platform/shutdown.ts';
import { projectionApp, projectionOperator } from './app.ts';
import { projectionConfig } from './config.ts';
import { eventSourceLog } from './follower/event-source-log.ts';
import { Generations } from './generations.ts';
import { mongoReadStore } from './read-store/mongo-read-store.ts';

const START_RETRY_MS = 500;

const name = process.argv[2] as ReadModelName;
if (name !== 'balances' && name !== 'history') {
  process.stderr.write('Say which projection: "balances" or "history".\n');
  process.exit(2);
}

const config = readConfig(projectionConfig);
const appId = name === 'balances' ? 'projection-balances' : 'projection-history';
const logger = createLogger(appId, config.LOG_LEVEL);
const dapr = sidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const store = mongoReadStore(config.MONGODB_URL);
const generations = new Generations(name, store, eventSourceLog(dapr), logger);
let notStarted: string | undefined = 'the read store was not reached yet';

const app = projectionApp({
  generations,
  logger,
  appToken: config.APP_API_TOKEN,
  isSigned: signatureCheck(config.LOG_FEED_PUBLIC_KEYS),
  notStarted: () => notStarted,
});
const operator = projectionOperator(generations, config.OPERATOR_TOKEN, logger);
await listenForOperator(operator, appId, config.OPERATOR_FOLDER);
const server = await listen(app, config.APP_PORT);
let stopping = false;
onShutdown(logger, [
  () => void (stopping = true),
  () => void server.close(),
  () => generations.end(),
  () => store.close(),
  () => dapr.close(),
]);

while (notStarted !== undefined && !stopping) {
  try {
    await generations.start();
    notStarted = undefined;
  } catch (error) {
    notStarted = String(error);
    logger.warn('the read store is not reached yet', { reason: notStarted });
    await sleep(START_RETRY_MS);
  }
}
