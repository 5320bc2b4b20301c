import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { sidecar } from './dapr.ts';

const CONTEXT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-`;
const OTHER = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`;
const BODY = JSON.stringify({ items: [{ traceparent: `${CONTEXT}00` }, { traceparent: OTHER }] });

let shown: (string | undefined)[];
const server = http.createServer((request, response) => {
  shown.push(request.headers['traceparent'] as string | undefined);
  request.resume();
  request.on('end', () => response.end('{}'));
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());
beforeEach(() => (shown = []));

const sendTo = async (traced: boolean | undefined, body: string): Promise<void> => {
  const httpPort = (server.address() as AddressInfo).port;
  const options = { httpPort, apiToken: 'x', host: '127.0.0.1' };
  const dapr = sidecar(traced === undefined ? options : { ...options, traced });
  await dapr.publish('pubsub', 'topic', body);
  await dapr.invokeActor('Type', 'id', 'method', body);
  await dapr.close();
};

test('given a sidecar that records traces, the first of a body is named and sampled', async () => {
  await sendTo(true, BODY);
  expect(shown).toEqual([`${CONTEXT}01`, `${CONTEXT}01`]);
  await sendTo(true, JSON.stringify({ one: { traceparent: 'not one' } }));
  expect(shown.slice(2)).toEqual([undefined, undefined]);
});

test('given one that does not, no trace is named', async () => {
  await sendTo(false, BODY);
  await sendTo(undefined, BODY);
  expect(shown).toEqual([undefined, undefined, undefined, undefined]);
});
