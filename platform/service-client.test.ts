import { z } from 'zod';
import { SidecarError } from './dapr.ts';
import { ask, type ServiceInvoker } from './service-client.ts';

const READ = {
  app: 'log',
  method: 'GET',
  path: '/streams/{stream}/events/{version}',
  input: z.strictObject({ from: z.coerce.number<number>().default(1), to: z.string().optional() }),
  answer: z.strictObject({ head: z.int() }),
} as const;
const FIND = { ...READ, mayLack: true } as const;
const WRITE = { ...READ, method: 'POST', path: '/heads' } as const;
const PLACE = { stream: 'acct/1', version: '7' };

/** A service that answers like this, and what it was asked. */
function service(status: number, body: unknown) {
  const asked: unknown[][] = [];
  const invokeService: ServiceInvoker['invokeService'] = (...call) => {
    asked.push(call);
    return Promise.resolve({ status, body });
  };
  return { asked, through: { invokeService } };
}

test('parameters go into the path, the rest into the query or the body', async () => {
  const { asked, through } = service(200, { head: 3 });
  expect(await ask(through, READ, { ...PLACE, from: 2, to: '2026-01-01T00:00:00Z' })).toEqual({
    head: 3,
  });
  await ask(through, READ, { ...PLACE, to: undefined });
  await ask(through, WRITE, { from: 2 });
  expect(asked).toEqual([
    ['log', 'GET', 'streams/acct/1/events/7?from=2&to=2026-01-01T00%3A00%3A00Z'],
    ['log', 'GET', 'streams/acct/1/events/7'],
    ['log', 'POST', 'heads', { from: 2 }],
  ]);
});

test('given 404, then it is undefined only where that is an answer', async () => {
  const { through } = service(404, { code: 'event-not-found' });
  expect(await ask(through, FIND, PLACE)).toBeUndefined();
  const said = { status: 404, body: { code: 'event-not-found' } };
  await expect(ask(through, READ, PLACE)).rejects.toMatchObject(said);
});

test('given no answer, or not the one that was described, then it rejects', async () => {
  const away = ask(service(503, undefined).through, FIND, PLACE);
  await expect(away).rejects.toThrow(SidecarError);
  await expect(away).rejects.toThrow('log answered 503 to /streams/{stream}/events/{version}');
  await expect(ask(service(200, { tail: 3 }).through, FIND, PLACE)).rejects.toThrow(z.ZodError);
});
