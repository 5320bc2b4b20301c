import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Response } from 'express';
import { principalFor, sentBy, toldGate } from '../platform/http/gate-for-tests.ts';
import { createApp, finish, listen } from '../platform/http/http.ts';
import { silentLogger as logger } from '../platform/silent-logger-for-tests.ts';
import { queryLimits } from './limits.ts';

let server: http.Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test.each([
  ['listPersons', '?name=jana', '?limit=1'],
  ['listPersons', '?email=a@b.cz', ''],
  ['listPersons', '?externalId=crm-1', ''],
  ['readOwnerBalances', '?ownerId=jana&at=2026-10-01T00:00:00Z', '?ownerId=jana'],
])('given four searches of a client, %s%s is one more, %s is none', async (id, search, plain) => {
  const waiting: Response[] = [];
  const app = createApp({ logger });
  const gate = toldGate({ scope: 'accounts:read', object: 'accounts' });
  app.get('/', gate, queryLimits()({ id }), (request, response) => {
    if (request.url.endsWith(search)) waiting.push(response);
    else response.json({});
  });
  finish(app, logger);
  server = (await listen(app, 0)) as http.Server;
  const ask = (client: string, query: string) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${query}`, {
      headers: sentBy({ ...principalFor('service', undefined, client), strength: 'client' }),
    });
  const until = async (count: number): Promise<void> => {
    while (waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  const held = Array.from({ length: 4 }, () => ask('greedy', search));
  await until(4);
  const refused = await ask('greedy', search);
  expect([refused.status, refused.headers.get('ratelimit')]).toEqual([429, '"searches";r=0']);
  expect((await ask('greedy', plain)).status).toBe(200);
  held.push(ask('modest', search));
  await until(5);
  for (const response of waiting) response.json({});
  for (const one of held) expect((await one).status).toBe(200);
});
