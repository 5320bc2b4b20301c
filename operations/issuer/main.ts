import http from 'node:http';
import { z } from 'zod';
import { readConfig } from '../../platform/config.ts';
import { foreignCheck } from '../../platform/http/cross-origin-request.ts';
import { createLogger } from '../../platform/logger.ts';
import { onShutdown } from '../../platform/shutdown.ts';
import { LOOPBACK } from '../../runtime/ports.ts';
import { people } from './people.ts';
import { issuer } from './provider.ts';
import { rotateSigningKey, signingKeys } from './signing-keys.ts';

const secret = z.string().min(16);

/** The local issuer as a program; runtime/programs/issuer.ts sets all of it. */
const config = readConfig({
  ISSUER_PORT: z.coerce.number().int(),
  ISSUER_FOLDER: z.string(),
  ISSUER_LOCAL_SECRET: secret,
  ISSUER_SERVICE_SECRET: secret,
  OIDC_AUDIENCE: z.string(),
  LOG_LEVEL: z.string(),
});
const { ISSUER_PORT: port, ISSUER_FOLDER: folder } = config;
const logger = createLogger('issuer', config.LOG_LEVEL);
const whyForeign = foreignCheck();
const signIn = people(folder);

const answerWith = (keys: ReturnType<typeof signingKeys>) => {
  const made = issuer({
    url: `http://${LOOPBACK}:${port}`,
    audience: config.OIDC_AUDIENCE,
    keys,
    people: signIn,
    secrets: { local: config.ISSUER_LOCAL_SECRET, service: config.ISSUER_SERVICE_SECRET },
  });
  made.on('server_error', (_ctx, error) => logger.error('a request failed', { error }));
  return made.callback();
};

let answer = answerWith(signingKeys(folder));
const server = http.createServer((request, response) => {
  const foreign = whyForeign(request);
  if (foreign === undefined) return void answer(request, response);
  response.writeHead(421).end();
});
server.listen(port, LOOPBACK);
// What was signed before stays good: the old key is still published.
process.on('SIGHUP', () => {
  answer = answerWith(rotateSigningKey(folder));
  logger.info('there is a new signing key');
});
onShutdown(logger, [() => void server.close(), () => server.closeAllConnections()]);
