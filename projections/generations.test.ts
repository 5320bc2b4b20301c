import request from 'supertest';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOG_MESSAGE_PURPOSE } from '../contracts/log/topics.ts';
import { createSigner, signedText } from '../platform/signatures.ts';
import { isTestSigned, newKeys, testSigner } from '../platform/signer-for-tests.ts';
import { projectionApp, projectionOperator } from './app.ts';
import { randomLog, randomOf, seedOfRun, sourceOf } from './events-for-tests.ts';
import { GenerationRegistry } from './generation-registry.ts';
import { Generations } from './generations.ts';
import { memoryReadStore } from './read-store/memory-read-store.ts';
import type { ReadStore } from './read-store/read-store.ts';
import { silentLogger as logger } from '../platform/silent-logger-for-tests.ts';

const TIMES = {
  pace: { spacingMs: 1, pollMs: 20, retryMs: 2, retryMsMax: 10 },
  lookMs: 5,
  followedMs: 30,
  keptMs: 30,
  now: () => performance.now(),
};
const TOKEN = 'a token for the tests';
const OPERATOR_TOKEN = 'a token of the operator';

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 1_000) throw new Error('it never came');
    await sleep(2);
  }
}

const inUse = async (store: ReadStore): Promise<string | undefined> =>
  (await new GenerationRegistry('balances', store).newest())?.inUse;

function bank(events = 300) {
  const log = randomLog(randomOf(seedOfRun()), events, 10);
  const store = memoryReadStore();
  const generations = new Generations('balances', store, sourceOf(log), logger, TIMES);
  const app = projectionApp({
    generations,
    logger,
    appToken: TOKEN,
    isSigned: isTestSigned,
    notStarted: () => undefined,
  });
  const operator = projectionOperator(generations, OPERATOR_TOKEN, logger);
  return { log, store, generations, app, operator };
}

const running: Generations[] = [];
async function started(events?: number) {
  const made = bank(events);
  running.push(made.generations);
  await made.generations.start();
  await until(() => made.generations.status().eventsApplied === made.log.entries.length);
  return made;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((generations) => generations.end()));
});

test('a rebuild makes the next generation, publishes it and drops the one before', async () => {
  const { log, store, generations, operator } = await started();
  const before = generations.status().generation;
  const posted = await request(operator).post('/rebuild').set('dapr-api-token', OPERATOR_TOKEN);
  expect(posted.status).toBe(202);
  const built = () => generations.rebuildStatus()?.rebuild === 'done';
  await until(built);
  const { generation } = generations.status();
  expect([await inUse(store), posted.body.rebuild.generation]).toEqual([generation, generation]);
  expect(generation).toMatch(/^2-/);
  expect(generations.status()).toMatchObject({
    state: 'following',
    eventsApplied: log.entries.length,
    lagMs: 0,
  });
  const change = await (await store.accounts(generation)).change(1);
  expect(change?.accounts.length).toBeGreaterThan(0);
  log.open(log.id(1_000));
  generations.push(log.message(log.entries.length - 1));
  await until(() => generations.status().eventsApplied === log.entries.length);
  await sleep(150);
  expect(store.collections().filter((name) => name.endsWith(before))).toEqual([]);
});

test('a rebuild that fails leaves the generation in use alone and says why', async () => {
  const { log, generations, store } = await started();
  const before = await inUse(store);
  // What the log gives now is not what it gave before.
  (log.entries[5]!.event as { version: number }).version = 99;
  generations.rebuild();
  await until(() => generations.rebuildStatus()?.rebuild === 'failed');
  const { reason, generation } = generations.rebuildStatus()!;
  expect(reason).toMatch(/1 streams more are set aside: .*\/\d+ follows version/);
  expect(store.collections().filter((name) => name.endsWith(generation))).toEqual([]);
  expect(await inUse(store)).toBe(before);
  expect(generations.status()).toMatchObject({ state: 'following', rebuilding: false });
});

test('given a switch whose answer was lost, the generation that is read is followed', async () => {
  const { log, generations, store } = await started();
  const { insertRevision } = store;
  let tries = 0;
  store.insertRevision = async (name, revision) => {
    const outcome = await insertRevision(name, revision);
    tries += 1;
    if (revision.inUse?.startsWith('2-') && tries < 4) throw new Error('the answer was lost');
    return outcome;
  };
  generations.rebuild();
  await until(() => ['done', 'failed'].includes(generations.rebuildStatus()?.rebuild ?? ''));
  expect(tries).toBeGreaterThan(1);
  expect(await inUse(store)).toBe(generations.status().generation);
  expect(generations.status().generation).toMatch(/^2-/);
  log.open(log.id(1_000));
  generations.push(log.message(log.entries.length - 1));
  await until(() => generations.status().eventsApplied === log.entries.length);
});

test('a projection that stopped is ready again after a rebuild', async () => {
  const { log, generations, app } = await started();
  log.entries.splice(10);
  await until(() => generations.status().state === 'stopped');
  const sick = await request(app).get('/health/ready').set('dapr-api-token', TOKEN);
  expect(sick.status).toBe(503);
  expect(JSON.stringify(sick.body)).toMatch(/stopped: this is another log, or it was cut/);
  const metrics = await request(app).get('/metrics').expect(200);
  expect(metrics.text).toMatch(/^core_bank_projection_following 0$/m);
  generations.rebuild();
  await until(() => generations.rebuildStatus()?.rebuild === 'done');
  const well = await request(app).get('/health/ready').set('dapr-api-token', TOKEN);
  expect(well.body.checks.projection).toMatchObject({ ok: true, eventsApplied: 10, lagMs: 0 });
});

test('a push is answered at once, even one that means nothing', async () => {
  const { app, log, generations } = await started();
  const token = { 'dapr-api-token': TOKEN };
  const junk = await request(app)
    .post('/ledger')
    .set(token)
    .send({ data: { after: -1 } });
  expect([junk.status, junk.body]).toEqual([200, { status: 'SUCCESS' }]);
  log.open(log.id(1_000));
  const json = JSON.stringify(log.message(log.entries.length - 1));
  const data = signedText(testSigner, LOG_MESSAGE_PURPOSE, json);
  const push = await request(app)
    .post('/ledger')
    .set({ ...token, 'content-type': 'application/cloudevents+json' })
    .send(JSON.stringify({ specversion: '1.0', id: '1', source: 'test', type: 'x', data }));
  expect(push.body).toEqual({ status: 'SUCCESS' });
  await until(() => generations.status().eventsApplied === log.entries.length);
});

test('a rebuild is for the operator, and no sidecar reaches it', async () => {
  const { app, operator } = await started(20);
  const shown = { 'dapr-api-token': TOKEN };
  for (const method of ['get', 'post'] as const) {
    expect((await request(app)[method]('/rebuild').set(shown)).status).toBe(404);
    expect((await request(operator)[method]('/rebuild').set(shown)).status).toBe(401);
  }
});

// Review, finding 1: an invented entry at the checkpoint was shown, and stopped the projection.
test('a push that event-source did not sign changes nothing and stops nothing', async () => {
  const { app, log, store, generations } = await started();
  const push = (data: unknown) =>
    request(app)
      .post('/ledger')
      .set({ 'dapr-api-token': TOKEN, 'content-type': 'application/cloudevents+json' })
      .send(JSON.stringify({ specversion: '1.0', id: '1', source: 'test', type: 'x', data }));
  const before = generations.status();
  log.open(log.id(1_000));
  const forged = log.message(log.entries.length - 1);
  log.entries.splice(-1);
  const json = JSON.stringify(forged);
  const stranger = createSigner(newKeys().privateKey);
  for (const data of [
    forged,
    json,
    signedText(stranger, LOG_MESSAGE_PURPOSE, json),
    signedText(testSigner, 'another purpose', json),
    signedText(testSigner, LOG_MESSAGE_PURPOSE, '{}').replace('{}', json),
  ]) {
    expect((await push(data)).body).toEqual({ status: 'SUCCESS' });
  }
  await sleep(50);
  expect(generations.status()).toEqual(before);
  expect(await inUse(store)).toBeDefined();
  log.open(log.id(1_001));
  await until(() => generations.status().eventsApplied === log.entries.length);
});

test('without the token nothing but health is answered', async () => {
  const { app } = await started(20);
  expect((await request(app).post('/ledger').send({})).status).toBe(401);
  expect((await request(app).get('/health/live')).status).toBe(200);
});

test('a stream that cannot be applied is named by health, and all others go on', async () => {
  const { log, generations, app } = await started();
  const [entry] = log.open(log.id(1_000));
  (entry!.event.data as { balance: object }).balance = { ledger: '9', held: '0', available: '9' };
  log.open(log.id(1_001));
  await until(() => generations.status().eventsApplied === log.entries.length);
  const sick = await request(app).get('/health/ready').set('dapr-api-token', TOKEN);
  expect(sick.status).toBe(503);
  expect(sick.body.checks.projection).toMatchObject({
    needsPerson: true,
    reason: `1 streams are set aside: ${entry!.event.stream}/1`,
  });
});
