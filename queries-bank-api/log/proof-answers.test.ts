import { openDoor } from '../../platform/http/gate-for-tests.ts';
import express from 'express';
import request from 'supertest';
import { PROOF_QUERIES } from '../../contracts/log/proof-queries.ts';
import * as receipts from '../../contracts/log/receipts.ts';
import { finish } from '../../platform/http/http.ts';
import { createLogger } from '../../platform/logger.ts';
import { serve } from '../../platform/http/serve.ts';
import { idOf } from '../accounts/accounts-for-tests.ts';
import { answered, each, reached } from '../app.ts';
import { logForTests } from './log-for-tests.ts';
import { proofAnswers } from './proof-answers.ts';
import { proofsForTests } from './proofs-for-tests.ts';

const logger = createLogger('test', 'error');
logger.silent = true;
const EVENTS = 230;

function served(refusals = 3) {
  const { log, refuse } = logForTests(new Map([[1, EVENTS]]));
  refuse(1, refusals);
  const app = express();
  const { json, lines } = proofAnswers(proofsForTests(log));
  serve(app, PROOF_QUERIES, { ...each(json, answered), ...each(lines, reached) }, openDoor);
  finish(app, logger);
  return app;
}
const linesOf = (text: string): object[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
const account = `/v1/accounts/${idOf(1)}`;

test('a receipt is handed on as it is, a version that is not there is 404', async () => {
  const answer = await request(served()).get(`${account}/events/7/receipt`);
  expect(answer.status).toBe(200);
  expect(receipts.accountReceipt.parse(answer.body).event.version).toBe(7);
  const none = await request(served()).get(`${account}/events/999/receipt`);
  expect([none.status, none.body.code]).toEqual([404, 'event-not-found']);
});

test('so is the receipt of a recorded refusal, which is of its own stream', async () => {
  const answer = await request(served()).get(`${account}/refusals/3/receipt`);
  const { event } = receipts.refusalReceipt.parse(answer.body);
  expect([event.stream, event.version]).toEqual([`refusal/${idOf(1)}`, 3]);
  const none = await request(served()).get(`${account}/refusals/4/receipt`);
  expect([none.status, none.body.code]).toEqual([404, 'event-not-found']);
});

test.each([
  [`${account}/refusals/0/receipt`, 'path/version'],
  [`${account}/refusals/1/receipt?x=1`, 'query/x'],
  [`${account}/events/0/receipt`, 'path/version'],
  [`${account}/events/x/receipt`, 'path/version'],
  [`${account}/events/01/receipt`, 'path/version'],
  [`${account}/events/1/receipt?x=1`, 'query/x'],
  ['/v1/accounts/x/events/1/receipt', 'path/id'],
  [`${account}/export?from=yesterday`, 'query/from'],
  [`${account}/export?limit=1`, 'query/limit'],
  [`${account}/refusals/export?to=tomorrow`, 'query/to'],
  [`${account}/refusals/export?limit=1`, 'query/limit'],
  ['/v1/audit/consistency', 'query/fromTx'],
  ['/v1/audit/consistency?fromTx=0', 'query/fromTx'],
  ['/v1/audit/consistency?fromTx=9&toTx=8', 'query/fromTx'],
  ['/v1/audit/consistency?fromTx=9&toTx=9000', 'query/fromTx'],
  ['/v1/audit/log', 'query/toTx'],
  ['/v1/audit/log?fromTx=9&toTx=8', 'query/toTx'],
  ['/v1/audit/log?toTx=1e3', 'query/toTx'],
  ['/v1/audit/state?to=1', 'query/to'],
])('%s is refused and %s named', async (path, at) => {
  const answer = await request(served()).get(path);
  expect([answer.status, answer.body.errors[0].at]).toEqual([400, at]);
});

test('an account is exported line by line to its end, one that is nowhere is 404', async () => {
  const answer = await request(served()).get(`${account}/export`).buffer(true);
  expect(answer.headers['content-type']).toMatch('application/x-ndjson');
  const [header, ...items] = linesOf(answer.text);
  expect(receipts.exportHeader.parse(header).headVersion).toBe(EVENTS);
  const versions = items.map((line) => receipts.exportedEvent.parse(line).event.version);
  expect(versions).toEqual(Array.from({ length: EVENTS }, (_, at) => at + 1));
  const none = await request(served()).get(`/v1/accounts/${idOf(2)}/export`);
  expect([none.status, none.body.code]).toEqual([404, 'account-not-found']);
});

test('so are its refusals, a stream of their own, to their end or none', async () => {
  const path = (index: number) => `/v1/accounts/${idOf(index)}/refusals/export`;
  const answer = await request(served()).get(path(1)).buffer(true);
  expect(answer.headers['content-type']).toMatch('application/x-ndjson');
  const [header, ...items] = linesOf(answer.text);
  expect(receipts.refusalsExportHeader.parse(header).headVersion).toBe(3);
  const events = items.map((line) => receipts.exportedEvent.parse(line).event);
  expect(events.map(({ id }) => id)).toEqual([1, 2, 3].map((n) => `refusal/${idOf(1)}/${n}`));
  const none = linesOf((await request(served(0)).get(path(1)).buffer(true)).text);
  expect(none).toMatchObject([{ format: 'core-bank-refusals/1', toVersion: 0, headVersion: 0 }]);
  const nobody = await request(served()).get(path(2));
  expect([nobody.status, nobody.body.code]).toEqual([404, 'account-not-found']);
});

test('the log is walked from one transaction to another', async () => {
  const answer = await request(served()).get('/v1/audit/log?fromTx=5&toTx=15').buffer(true);
  const ids = linesOf(answer.text).map((line) => receipts.walkedTransaction.parse(line).header.id);
  expect(ids).toEqual(Array.from({ length: 11 }, (_, at) => at + 5));
});
