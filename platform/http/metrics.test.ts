import { EventEmitter, once } from 'node:events';
import express from 'express';
import request from 'supertest';
import { listen } from './http.ts';
import { createMetrics, measureRequests, serveMetrics } from './metrics.ts';

/** Answers with the status that the path names; `/none` never does. */
function house(mayKnow = true) {
  const metrics = createMetrics();
  const measure = measureRequests(metrics);
  const app = express();
  const seen = new EventEmitter();
  app.get('/things/:status', measure({ id: 'readThing' }), ({ params }, response) => {
    response.once('close', () => setImmediate(() => seen.emit('closed')));
    seen.emit('came');
    if (params['status'] !== 'none') response.status(Number(params['status'])).json({});
  });
  app.get('/stream', measure({ id: 'readStream' }), (_request, response) => {
    response.type('text/event-stream').send('data: 1\n\n');
  });
  serveMetrics(app, metrics, () => mayKnow);
  const counts = async (): Promise<Record<string, number>> => {
    const { text } = await request(app).get('/metrics').expect(200);
    const lines = text.matchAll(/core_bank_request_seconds_count\{(.*)\} (\d+)/g);
    return Object.fromEntries([...lines].map(([, labels, count]) => [labels, Number(count)]));
  };
  return { app, seen, counts };
}
const of = (outcome: string): string => `operation="readThing",outcome="${outcome}"`;

test('requests are counted by operation and outcome', async () => {
  const { app, counts } = house();
  for (const status of [200, 204, 404, 422, 500, 503]) await request(app).get(`/things/${status}`);
  expect(await counts()).toEqual({ [of('ok')]: 2, [of('refused')]: 2, [of('failed')]: 2 });
});

test('given a client that does not wait, then its request is counted as gone', async () => {
  const { app, seen, counts } = house();
  const server = await listen(app, 0);
  const { port } = server.address() as { port: number };
  const controller = new AbortController();
  const came = once(seen, 'came');
  const sent = fetch(`http://127.0.0.1:${port}/things/none`, { signal: controller.signal });
  await came;
  const closed = once(seen, 'closed');
  controller.abort();
  await expect(sent).rejects.toThrow();
  await closed;
  expect(await counts()).toEqual({ [of('gone')]: 1 });
  server.close();
});

test('a live stream is not measured: it lasts as long as somebody listens', async () => {
  const { app, counts } = house();
  await request(app).get('/stream').expect(200);
  expect(await counts()).toEqual({});
});

test('to those who may not know, the path is not there', async () => {
  const { app } = house(false);
  app.use(((error, _request, response, _next) => {
    response.status(404).json({ code: (error as { code: string }).code });
  }) as express.ErrorRequestHandler);
  const { body } = await request(app).get('/metrics').expect(404);
  expect(body).toEqual({ code: 'route-not-found' });
});
