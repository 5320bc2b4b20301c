import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { streamOf } from '../../contracts/account/events.ts';
import { PROOF_CALLS } from '../../contracts/log/calls.ts';
import { RECEIPTS_MAX, type ReceiptsAnswer } from '../../contracts/log/entries.ts';
import { sidecar } from '../../platform/dapr.ts';
import { idOf } from '../accounts/accounts-for-tests.ts';
import { eventSourceProofs } from './proof-answers.ts';
import { logForTests } from './log-for-tests.ts';
import { proofsForTests } from './proofs-for-tests.ts';
import { Unavailable } from '../read-models/read-models.ts';

const EVENTS = 200;
const TAMPERED = 13;
const stream = streamOf(idOf(1));
const source = proofsForTests(logForTests(new Map([[1, EVENTS]])).log);
/** How many events each call asked for. */
let calls: number[] = [];
let status = 200;

const receiptsFor = async (body: string): Promise<ReceiptsAnswer> => {
  const { events } = PROOF_CALLS.receipts.input.parse(JSON.parse(body));
  calls.push(events.length);
  const receipts = events.map(async ({ stream: of, version }) =>
    version === TAMPERED
      ? { unavailable: 'it cannot be proven' }
      : ((await source.receipt(of, version)) ?? null),
  );
  return { receipts: await Promise.all(receipts) };
};
// What the sidecar hands on to event-source, and its answer back.
const server = http.createServer((request, response) => {
  void text(request).then(async (body) => {
    expect(request.url).toBe('/v1.0/invoke/event-source.default/method/log/receipts');
    response.statusCode = status;
    response.end(JSON.stringify(await receiptsFor(body)));
  });
});
let dapr: ReturnType<typeof sidecar>;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  dapr = sidecar({ httpPort: port, apiToken: 'x', host: '127.0.0.1' });
});
beforeEach(() => {
  calls = [];
  status = 200;
});
afterAll(async () => {
  await dapr.close();
  server.close();
});

test('receipts asked for together travel together, each to who asked for it', async () => {
  const proofs = eventSourceProofs(dapr);
  const versions = Array.from({ length: EVENTS }, (_, index) => index + 1);
  const asked = versions.filter((version) => version !== TAMPERED);
  const receipts = await Promise.all(asked.map((version) => proofs.receipt(stream, version)));
  expect(receipts.map((receipt) => receipt?.event.version)).toEqual(asked);
  expect(calls.length).toBeLessThanOrEqual(2 + Math.ceil(EVENTS / RECEIPTS_MAX));
  expect(Math.max(...calls)).toBe(RECEIPTS_MAX);
});

test('one that cannot be proven, or is not there, keeps no other from its receipt', async () => {
  const proofs = eventSourceProofs(dapr);
  const [first, tampered, none, last] = await Promise.allSettled(
    [1, TAMPERED, EVENTS + 1, EVENTS].map((version) => proofs.receipt(stream, version)),
  );
  expect(tampered).toMatchObject({ reason: new Unavailable('it cannot be proven') });
  expect(none).toEqual({ status: 'fulfilled', value: undefined });
  expect([first, last]).toMatchObject(
    [1, EVENTS].map((version) => ({ value: { event: { version } } })),
  );
});

test('while event-source is away, or too many wait, receipts are unavailable', async () => {
  const proofs = eventSourceProofs(dapr);
  status = 503;
  await expect(proofs.receipt(stream, 1)).rejects.toThrow(Unavailable);
  status = 200;
  const many = Array.from({ length: 1_200 }, () => proofs.receipt(stream, 1));
  const told = await Promise.allSettled(many);
  const refused = told.filter((one) => one.status === 'rejected');
  expect(refused.length).toBeGreaterThan(100);
  for (const { reason } of refused) expect(reason).toBeInstanceOf(Unavailable);
});
