import type { AddressInfo } from 'node:net';
import { QUERY_API_OPERATIONS } from '../../contracts/catalogue.ts';
import { ANNA, logOf, october } from '../../queries-bank-api/log/life-for-tests.ts';
import { listen } from '../../platform/http/http.ts';
import { queryApiForTests } from '../../queries-bank-api/query-api-for-tests.ts';
import { memoryReadModels } from '../../queries-bank-api/read-models/memory-read-models.ts';
import { judgeOf } from '../bad-input/documented.ts';
import { badQueries } from '../bad-input/query-corpus.ts';
import { send } from '../bad-input/raw-http.ts';

const CASES_MIN = 1_000;

test('every bad query is answered by a documented 4xx problem', async () => {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  const server = await listen(queryApiForTests(models, logOf(october()), 50), 0);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const judge = judgeOf(QUERY_API_OPERATIONS);
  // Whose cursor it is, is looked at with an account of the read model: on the whole house.
  const cases = badQueries(ANNA).filter(({ name }) => !name.startsWith('readHistory: ?cursor='));
  expect(cases.length).toBeGreaterThan(CASES_MIN);
  const wrong: string[] = [];
  for (const bad of cases) {
    const found = judge(bad, await send(url, bad));
    if (found !== undefined) wrong.push(found);
  }
  server.close();
  expect(wrong).toEqual([]);
}, 60_000);
