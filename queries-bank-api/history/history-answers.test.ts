import express from 'express';
import request from 'supertest';
import { historyAnswer } from '../../contracts/account/queries.ts';
import { AccountView } from '../accounts/account-view.ts';
import { openGate } from '../../platform/http/gate-for-tests.ts';
import { accountOf, idOf, lineOf } from '../accounts/accounts-for-tests.ts';
import { writeCursor } from '../cursors.ts';
import { readHistory } from './history-answers.ts';
import { HistoryView } from './history-view.ts';
import { logForTests } from '../log/log-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';

const VERSIONS = 40;
const REVERSED = 3;

/** An account whose last event takes the third one back; generation 2 lacks that event yet. */
function bank() {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  models.of('1').accounts.set(idOf(1), { ...accountOf(1, VERSIONS), reversals: 1 });
  for (let version = 1; version < VERSIONS; version += 1) {
    for (const generation of ['1', '2']) {
      models.of(generation).lines.set(`${idOf(1)}/${version}`, lineOf(1, version));
    }
  }
  const reverse = (generation: string) => {
    const reversal = { ...lineOf(1, VERSIONS), type: 'movement-reversed', reverses: REVERSED };
    models.of(generation).lines.set(`${idOf(1)}/${VERSIONS}`, reversal);
  };
  const clock = { time: 0 };
  const history = new HistoryView(models, () => clock.time);
  const { log } = logForTests(new Map([[1, VERSIONS]]));
  const answer = readHistory({ accounts: new AccountView(models), history, log, waitMs: 200 });
  const app = express();
  app.use(openGate({ scope: 'accounts:read', object: 'account' }));
  app.get('/:id', async (asked, response) => void response.json(await answer(asked, response)));
  /** By which version the lines say that the third event was taken back. */
  const reversedBy = async () => {
    const cursor = writeCursor(`history/${idOf(1)}`, VERSIONS / 2);
    const { body } = await request(app).get(`/${idOf(1)}?limit=${VERSIONS}&cursor=${cursor}`);
    const lines = historyAnswer.parse(body).items;
    return lines.find(({ version }) => version === REVERSED)?.reversedBy;
  };
  return { models, clock, reverse, reversedBy };
}

test('given a switch to a generation that lacks a reversal, it is shown all the same', async () => {
  const { models, clock, reverse, reversedBy } = bank();
  reverse('1');
  const { historyLines } = models;
  models.historyLines = async (...asked) => {
    const lines = await historyLines(...asked);
    if (models.use.history === '1') clock.time += 1_001;
    models.use.history = '2';
    return lines;
  };
  expect(await reversedBy()).toBe(VERSIONS);
  setTimeout(() => reverse('2'), 40);
  expect(await reversedBy()).toBe(VERSIONS);
});
