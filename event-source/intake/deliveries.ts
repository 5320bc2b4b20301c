import express, { type Express } from 'express';
import { ACCOUNT_EVENTS_TOPIC, PUBSUB } from '../../contracts/topics.ts';
import { crashPoint } from '../../platform/crash-points.ts';

const DELIVERY_ROUTE = '/events/account-events';
// NATS carries at most 64 MiB in one message when it is told to; ours stay far below.
const DELIVERY_BYTES_MAX = 64 * 1024 * 1024;

/** What the sidecar brings from the broker; all but 'done' is brought again. */
export function deliveries(app: Express, take: (body: Buffer) => Promise<'done' | 'retry'>): void {
  app.get('/dapr/subscribe', (_request, response) => {
    const subscription = { pubsubname: PUBSUB, topic: ACCOUNT_EVENTS_TOPIC, route: DELIVERY_ROUTE };
    response.json([subscription]);
  });
  const raw = express.raw({ type: () => true, limit: DELIVERY_BYTES_MAX });
  app.post(DELIVERY_ROUTE, raw, async (request, response) => {
    const body: unknown = request.body;
    const verdict = await take(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
    response.on('finish', () => crashPoint('event-source:after-ack'));
    response.json({ status: verdict === 'done' ? 'SUCCESS' : 'RETRY' });
  });
}
