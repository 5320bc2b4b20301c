import { commonConfig, readConfig } from '../platform/config.ts';
import { sidecar } from '../platform/dapr.ts';
import { listen } from '../platform/http.ts';
import { createLogger } from '../platform/logger.ts';
import { onShutdown } from '../platform/shutdown.ts';
import { actorClient } from './actor-client.ts';
import { commandApi } from './app.ts';
import { personClient } from './person-client.ts';

const config = readConfig(commonConfig);
const logger = createLogger('core-bank-api', config.LOG_LEVEL);
const dapr = sidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const app = commandApi({
  execute: actorClient(dapr),
  executePerson: personClient(dapr),
  checks: {
    sidecar: async () => {
      if (!(await dapr.ready())) throw new Error('the Dapr sidecar is not ready');
      return {};
    },
  },
  logger,
});
const server = await listen(app, config.APP_PORT);
onShutdown(logger, [() => void server.close(), () => dapr.close()]);
