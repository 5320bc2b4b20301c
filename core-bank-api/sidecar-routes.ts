import express, { Router, type Express, type RequestHandler } from 'express';
import { z } from 'zod';
import { ACCOUNT_COMMANDS_TOPIC, PUBSUB } from '../contracts/topics.ts';
import { Failure, sameToken } from '../platform/http.ts';

const ROUTE = '/sidecar/account-commands';
// What the broker carries at most (8 MiB) in base64, and its frame.
const DELIVERY_BYTES_MAX = 12 * 1024 * 1024;

const delivery = z.looseObject({ data_base64: z.base64() });

export type TakeMessage = (message: Buffer) => Promise<'SUCCESS' | 'RETRY'>;

/**
 * What the sidecar calls on the port that clients use too, so each call must show the token.
 * Messages come raw: the sidecar would try one that is not JSON again for ever, and drop one
 * that expired without telling anybody.
 */
export function sidecarRoutes(app: Express, appToken: string, take: TakeMessage): void {
  const onlySidecar: RequestHandler = (request, _response, next) => {
    if (sameToken(appToken, request.headers['dapr-api-token'])) next();
    else next(new Failure('route-not-found'));
  };
  // Routes of a router are not told by OPTIONS and 405: to clients they are not there.
  const routes = Router({ caseSensitive: true, strict: true });
  routes.get('/dapr/subscribe', onlySidecar, (_request, response) => {
    const metadata = { rawPayload: 'true' };
    const subscription = { topic: ACCOUNT_COMMANDS_TOPIC, route: ROUTE, metadata };
    response.json([{ pubsubname: PUBSUB, ...subscription }]);
  });
  const raw = express.raw({ type: () => true, limit: DELIVERY_BYTES_MAX });
  routes.post(ROUTE, onlySidecar, raw, async (request, response) => {
    const { data_base64: message } = delivery.parse(JSON.parse(String(request.body)));
    response.json({ status: await take(Buffer.from(message, 'base64')) });
  });
  app.use(routes);
}
