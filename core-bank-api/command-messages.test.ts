import type { SeenAccess } from '../platform/access-reports.ts';
import { EVERY_RIGHT, principalFor } from '../platform/http/gate-for-tests.ts';
import { testName } from '../contracts/access/sender-for-tests.ts';
import { commandResultData, deadCommandData } from '../contracts/batch/command-messages.ts';
import type { OwnCloudEvent } from '../contracts/batch/command-messages.ts';
import type { CommandMessage, CommandResult } from '../contracts/account/commands.ts';
import { messageKeyFor, accountIdFor } from '../contracts/derived-ids.ts';
import { createLogger } from '../platform/logger.ts';
import { unavailable } from './courier.ts';
import type { ProducerOf } from './message-producers.ts';
import { commandMessages, MESSAGE_BYTES_MAX } from './command-messages.ts';

const ACCOUNT = accountIdFor(testName('a'));
const NOW = new Date('2026-11-21T12:00:00.000Z');
const logger = createLogger('test', 'error');
logger.silent = true;

const executed = ({ commandId: id }: CommandMessage): CommandResult => ({
  ok: true,
  replayed: false,
  events: [
    {
      id: `acct/${ACCOUNT}/2`,
      stream: `acct/${ACCOUNT}`,
      version: 2,
      type: 'money-deposited',
      schema: 1,
      commandId: id,
      commandHash: 'h',
      at: NOW.toISOString(),
      data: {
        amount: '1.00',
        currency: 'CZK',
        balance: { ledger: '1.00', held: '0.00', available: '1.00' },
      },
    },
  ] as unknown as Extract<CommandResult, { ok: true }>['events'],
});
const refused = (): CommandResult => ({
  ok: false,
  refusal: { code: 'insufficient-funds', available: '0.00', shortfall: '1.00' },
});

/** The subscriber with actors and a broker in memory. */
const house = (
  answer: (message: CommandMessage) => CommandResult = executed,
  produced: Awaited<ReturnType<ProducerOf>> = { principal: EVERY_RIGHT },
) => {
  const recorded: SeenAccess[] = [];
  const published: { topic: string; event: OwnCloudEvent }[] = [];
  const commands: CommandMessage[] = [];
  const steps: string[] = [];
  let [brokerIsAway, areActorsAway, now] = [false, false, NOW];
  const take = commandMessages({
    record: (seen) => void recorded.push(seen),
    producerOf: () => Promise.resolve(produced),
    actors: {
      lookup: async (_account, names) => {
        if (areActorsAway) return 'unavailable';
        const found = names.map((name) => {
          const done = commands.find(({ commandId: id }) => testName(id) === name);
          const result = done && answer(done);
          return result?.ok === true ? result.events : undefined;
        });
        return { isOwn: true, found };
      },
      execute: (group) => {
        commands.push(...group.commands);
        steps.push('execute');
        return Promise.resolve(group.commands.map(answer));
      },
    },
    publish: (topic, event) => {
      steps.push('publish');
      if (brokerIsAway) return Promise.reject(new Error('no broker'));
      published.push({ topic, event });
      return Promise.resolve();
    },
    now: () => now,
    logger,
  });
  const away = (is: boolean): void => void (brokerIsAway = is);
  const actorsAway = (is: boolean): void => void (areActorsAway = is);
  const later = (ms: number): void => void (now = new Date(now.getTime() + ms));
  return { take, published, recorded, commands, steps, away, actorsAway, later };
};
const data = { type: 'deposit', accountId: ACCOUNT, amount: '1.00' };
const event = (more: object = {}): object => ({
  specversion: '1.0',
  id: 'event-1',
  source: 'payroll',
  type: 'salary',
  data,
  ...more,
});
const causeOf = ({ source, id }: { source?: string; id?: string }) => ({
  ...(source === undefined ? {} : { causationsource: source }),
  ...(id === undefined ? {} : { causationid: id }),
});
const KEY = messageKeyFor('payroll', 'event-1');
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('a command message', () => {
  test('is executed, its result published with its cause, then acknowledged', async () => {
    const { take, published, commands, steps } = house();
    expect(await take(bytes(event()))).toBe('SUCCESS');
    expect(steps).toEqual(['execute', 'publish']);
    expect(commands[0]).toMatchObject({ accountId: ACCOUNT, commandId: KEY });
    const [{ topic, event: result } = { topic: '', event: undefined }] = published;
    expect(topic).toBe('account-command-results');
    const cause = { causationid: 'event-1', causationsource: 'payroll' };
    expect(result).toMatchObject({ ...cause, subject: ACCOUNT, specversion: '1.0' });
    expect(commandResultData.parse(result?.data)).toMatchObject({
      status: 201,
      idempotencyKey: KEY,
      accountId: ACCOUNT,
      outcome: { version: 2 },
    });
  });
  test('with a key of its own is executed under that key', async () => {
    const { take, commands } = house();
    await take(bytes(event({ data: { ...data, idempotencyKey: 'mine' } })));
    expect(commands[0]?.commandId).toBe('mine');
  });
  test.each([
    ['another source', { source: 'billing' }],
    ['another id', { id: 'event-2' }],
    ['its parts cut elsewhere', { source: 'payrollevent', id: '-1' }],
  ])('is distinguished from one with %s: each is executed and answered', async (_name, other) => {
    const { take, published, commands } = house();
    await take(bytes(event()));
    await take(bytes(event(other)));
    const [first, second] = commands.map(({ commandId: id }) => id);
    expect(second).not.toBe(first);
    expect(published[1]?.event.id).not.toBe(published[0]?.event.id);
    expect(published[1]?.event).toMatchObject({ causationsource: 'payroll', ...causeOf(other) });
  });
  test('with the key of another one is its repetition, and is answered all the same', async () => {
    const { take, published, commands } = house();
    const keyed = { data: { ...data, idempotencyKey: 'mine' } };
    await take(bytes(event(keyed)));
    await take(bytes(event({ ...keyed, source: 'billing' })));
    expect(commands.map(({ commandId: id }) => id)).toEqual(['mine', 'mine']);
    expect(published[1]?.event.id).not.toBe(published[0]?.event.id);
  });
  test.each(['a b', 'é', '\ud800', 'x'.repeat(5_000)])(
    'with the id "%.20s", which is no key, is executed: any text may be an id',
    async (id) => {
      const { take, published, commands } = house();
      expect(await take(bytes(event({ id })))).toBe('SUCCESS');
      expect(commands).toHaveLength(1);
      expect(published[0]?.event).toMatchObject({ causationid: id });
      expect(published[0]?.event.id.length).toBeLessThan(100);
    },
  );
  test('that is refused is answered with the problem and acknowledged', async () => {
    const { take, published } = house(refused);
    expect(await take(bytes(event()))).toBe('SUCCESS');
    expect(published[0]?.topic).toBe('account-command-results');
    const problem = { code: 'insufficient-funds', shortfall: '1.00' };
    expect(published[0]?.event.data).toMatchObject({ status: 422, problem });
  });
  test('whose outcome is not known comes again, and nothing is said', async () => {
    const { take, published } = house(() => unavailable('away'));
    expect(await take(bytes(event()))).toBe('RETRY');
    expect(published).toEqual([]);
  });
  test('whose result cannot be published comes again', async () => {
    const { take, published, away } = house();
    away(true);
    expect(await take(bytes(event()))).toBe('RETRY');
    away(false);
    expect(await take(bytes(event()))).toBe('SUCCESS');
    expect(published).toHaveLength(1);
  });
  test('that was executed and expired before its result was published has a result', async () => {
    const { take, published, away, later } = house();
    const message = bytes(event({ expiration: '2026-11-21T12:00:03Z' }));
    away(true);
    expect(await take(message)).toBe('RETRY');
    away(false);
    later(5_000);
    expect(await take(message)).toBe('SUCCESS');
    expect(published.map(({ topic }) => topic)).toEqual(['account-command-results']);
  });
  test('that expired comes again while nobody can tell whether it was executed', async () => {
    const { take, published, actorsAway } = house();
    actorsAway(true);
    const message = bytes(event({ expiration: '2026-11-21T11:59:59Z' }));
    expect(await take(message)).toBe('RETRY');
    expect(published).toEqual([]);
  });
  test('that comes twice has one result, by its id, unless the outcome is another', async () => {
    const ids = [];
    for (const answer of [executed, executed, refused]) {
      const { take, published } = house(answer);
      await take(bytes(event()));
      ids.push(published[0]?.event.id);
    }
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });
});

describe('poison', () => {
  test.each<[name: string, message: Buffer, reason: string]>([
    ['no JSON', Buffer.from('{"id":'), 'is no CloudEvent'],
    ['no UTF-8', Buffer.from([0xff, 0xfe, 0x00]), 'is no CloudEvent'],
    ['no object', bytes([event()]), 'is no CloudEvent'],
    ['a member twice', Buffer.from('{"id":"1","id":"2"}'), 'is no CloudEvent'],
    ['deep nesting', Buffer.from('['.repeat(30_000)), 'is no CloudEvent'],
    ['nothing', Buffer.alloc(0), 'is no CloudEvent'],
    ['bare data', bytes(data), 'is no CloudEvent'],
    ['another CloudEvents version', bytes(event({ specversion: '0.3' })), 'is no CloudEvent'],
    ['no data', bytes(event({ data: undefined })), 'is no CloudEvent'],
    ['data as text', bytes(event({ data: 'x' })), 'no valid command'],
    ['an unknown type', bytes(event({ data: { ...data, type: 'rob' } })), 'no valid command'],
    ['a bad amount', bytes(event({ data: { ...data, amount: '1e5' } })), 'no valid command'],
    ['an internal command', bytes(event({ data: { type: 'expire-hold' } })), 'no valid command'],
    ['an expired one', bytes(event({ expiration: '2026-11-21T11:59:59Z' })), 'expired'],
    ['too large', bytes(event({ data: 'x'.repeat(MESSAGE_BYTES_MAX) })), 'bytes'],
  ])('%s goes to the dead letters with its reason, whole', async (_name, message, reason) => {
    const { take, published, commands } = house();
    expect(await take(message)).toBe('SUCCESS');
    expect(commands).toEqual([]);
    expect(published[0]?.topic).toBe('account-commands-dead');
    const dead = deadCommandData.parse(published[0]?.event.data);
    expect(dead.reason).toContain(reason);
    expect(Buffer.from(dead.message, dead.encoding)).toEqual(message);
    expect(dead.cut).toBeUndefined();
  });
  test('that is huge is kept in part, and marked so', async () => {
    const { take, published } = house();
    await take(Buffer.alloc(1024 * 1024, 'x'));
    expect(published[0]?.event.data).toMatchObject({ cut: true });
    expect(JSON.stringify(published[0]).length).toBeLessThan(300 * 1024);
  });
  test('is not acknowledged before the dead letter is published', async () => {
    const { take, away } = house();
    away(true);
    expect(await take(Buffer.from('x'))).toBe('RETRY');
  });
  test('that comes again is answered again, not dropped by the broker', async () => {
    const { take, published } = house();
    await take(Buffer.from('x'));
    await take(Buffer.from('x'));
    expect(published[1]?.event.id).not.toBe(published[0]?.event.id);
  });
  test('harms nobody: the next message is executed', async () => {
    const { take, commands } = house();
    await take(Buffer.from('x'));
    await take(bytes(event()));
    expect(commands).toHaveLength(1);
  });
});

describe('on record is a message', () => {
  const operation = 'account-commands';
  test.each([
    [
      'that nobody is known to have signed',
      executed,
      { reason: 'it is not signed' },
      { outcome: 'unauthenticated', reason: 'signature', operation },
    ],
    [
      'whose sender lacks the right',
      executed,
      { principal: principalFor('auditor') },
      { outcome: 'forbidden', operation, principal: principalFor('auditor') },
    ],
  ] as const)('%s', async (_name, answer, produced, seen) => {
    const { take, recorded } = house(answer, produced);
    await take(bytes(event()));
    expect(recorded).toEqual([seen]);
  });
  test('and none that is executed, or that the rules refuse', async () => {
    for (const answer of [executed, refused]) {
      const { take, recorded } = house(answer);
      await take(bytes(event()));
      expect(recorded).toEqual([]);
    }
  });
});
