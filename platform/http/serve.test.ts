import express, { type RequestHandler } from 'express';
import request from 'supertest';
import { openDoor } from './gate-for-tests.ts';
import { serve, type Served } from './serve.ts';

const access = { scope: 'proofs:read', object: 'bank' } as const;

const READ: Served = {
  id: 'readThing',
  access,
  method: 'get',
  path: '/v1/things/{id}/parts/{part}',
};
const WRITE: Served = {
  id: 'writeThing',
  access,
  method: 'put',
  path: '/v1/things/{id}',
  body: {},
};
const told: RequestHandler = ({ params, body }, response) => void response.json({ params, body });
const reads = (): RequestHandler => (asked, _response, next) => {
  asked.body = 'read';
  next();
};

test('each operation is served at its path, and only one with a body has it read', async () => {
  const app = express();
  serve(
    app,
    [READ, WRITE],
    { readThing: told, writeThing: told },
    { ...openDoor, readBody: reads },
  );
  const read = await request(app).get('/v1/things/7/parts/x');
  expect(read.body).toEqual({ params: { id: '7', part: 'x' } });
  expect((await request(app).put('/v1/things/7')).body).toEqual({
    params: { id: '7' },
    body: 'read',
  });
});

test.each([
  ['an operation without a handler', [READ, WRITE], { readThing: told }],
  ['an operation that is there twice', [READ, READ], { readThing: told }],
  ['a handler without an operation', [READ], { readThing: told, writeThing: told }],
  ['a body that nothing reads', [WRITE], { writeThing: told }],
])('%s ends the start', (_name, operations, handlers) => {
  expect(() => serve(express(), operations, handlers, openDoor)).toThrow(/readThing|writeThing/);
});
