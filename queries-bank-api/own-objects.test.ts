import { queryApiForTests } from './query-api-for-tests.ts';
import request, { type Response } from 'supertest';
import { TESTER } from '../contracts/access/sender-for-tests.ts';
import type { Principal } from '../contracts/access/principal.ts';
import { mayUse } from '../contracts/access/rules.ts';
import { QUERY_API_OPERATIONS } from '../contracts/catalogue.ts';
import type { Operation } from '../contracts/http/openapi.ts';
import { principalFor, sentBy, toldGate } from '../platform/http/gate-for-tests.ts';
import { silentLogger as logger } from '../platform/silent-logger-for-tests.ts';
import { accountOf, idOf, lineOf } from './accounts/accounts-for-tests.ts';
import { eventStreams } from './log/event-streams.ts';
import { logForTests } from './log/log-for-tests.ts';
import { memoryReadModels } from './read-models/memory-read-models.ts';

const WAIT_MS = 60;
const [OWNER, EVE] = ['jana-novakova', '00000000-0000-8000-8000-00000000000e'];
const JANA = principalFor('customer', OWNER);
const STRANGERS = [principalFor('customer', EVE), principalFor('customer')];
const [OPEN, LATE, MISSING] = [1, 2, 77];

/** Account 1 is everywhere, account 2 in the log only, and 77 nowhere. */
function bank() {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  models.of('1').accounts.set(idOf(OPEN), accountOf(OPEN, 3));
  for (const version of [1, 2, 3]) {
    const line = { ...lineOf(OPEN, version), by: TESTER.by, approvedBy: TESTER.by };
    models.of('1').lines.set(`${idOf(OPEN)}/${version}`, line);
  }
  const { log, state, refuse } = logForTests(
    new Map([
      [OPEN, 3],
      [LATE, 3],
    ]),
  );
  refuse(OPEN, 2);
  const pace = { heartbeatMs: 60_000, stalledMs: 60_000, everyMs: 1, awayMsMax: 4 };
  const streams = eventStreams({ log, logger, waitMs: WAIT_MS, pace });
  const app = queryApiForTests(models, log, WAIT_MS, { gate: toldGate, streams });
  const get = (who: Principal, path: string) => request(app).get(path).set(sentBy(who)).set(NAMES);
  return { get, models, log: state, streams };
}

/** Of a request; without them each answer names its own. */
const NAMES = { 'x-request-id': 'one', traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00` };

const PARAMS: Readonly<Record<string, string>> = { version: '2' };
const QUERIES: Readonly<Record<string, string>> = { readStatement: '?from=v1&to=v3' };
const pathOf = ({ path, id }: Operation, object: string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => PARAMS[name] ?? object) +
  (QUERIES[id] ?? '');
/** The whole answer, with the id of what it is about put out of sight. */
const told = ({ status, text, headers }: Response, id: string): string => {
  const { date: _date, ...rest } = headers as Record<string, string>;
  return JSON.stringify({ status, text, rest }).replaceAll(id, 'ID');
};

const ofAccounts = QUERY_API_OPERATIONS.filter(({ access }) => access.object === 'account');

test('there are such operations, and no other objects than these are guarded', () => {
  expect(ofAccounts.length).toBeGreaterThan(9);
  const objects = new Set(QUERY_API_OPERATIONS.map(({ access }) => access.object));
  expect([...objects].sort()).toEqual(['account', 'accounts', 'bank', 'person']);
});

describe.each(ofAccounts.map((operation) => [operation.id, operation] as const))(
  '%s',
  (_id, operation) => {
    const sick = {
      'nothing is wrong': () => undefined,
      'the log is away': ({ log }: ReturnType<typeof bank>) => void (log.away = true),
      'the read side is away': ({ models }: ReturnType<typeof bank>) =>
        void (models.state.away = true),
      'it is set aside': ({ models }: ReturnType<typeof bank>) => {
        const account = { ...accountOf(OPEN, 3), setAside: 2 };
        models.of('1').accounts.set(idOf(OPEN), account);
        models.of('1').setAside.add(`acct/${idOf(LATE)}`);
      },
    };
    test.each(Object.entries(sick))(
      'given %s, a customer gets the same answer for a foreign account and for none',
      async (_name, spoil) => {
        const house = bank();
        spoil(house);
        for (const who of STRANGERS) {
          const ends = operation.query?.['minVersion'] === undefined ? [''] : ['', '?minVersion=9'];
          for (const end of [...ends, '?nonsense=1']) {
            const ask = async (index: number) => {
              const path =
                pathOf(operation, idOf(index)) +
                end.replace('?', /\?/.test(pathOf(operation, 'x')) ? '&' : '?');
              return told(await house.get(who, path), idOf(index));
            };
            const missing = await ask(MISSING);
            // Twice, because an account that was asked for is remembered.
            expect([await ask(OPEN), await ask(LATE), await ask(OPEN)]).toEqual([
              missing,
              missing,
              missing,
            ]);
            const { status } = JSON.parse(missing) as { status: number };
            expect(status).toBe(house.log.away ? 503 : 404);
          }
        }
      },
    );
    test('its owner, and anyone who may see all, is answered', async () => {
      const { get, streams } = bank();
      if (operation.id === 'streamEvents') streams.close();
      for (const who of [JANA, principalFor('teller'), principalFor('auditor')]) {
        if (!mayUse(who, operation.access)) continue;
        const { status } = await get(who, pathOf(operation, idOf(OPEN)));
        expect(status).toBe(operation.id === 'streamEvents' ? 503 : 200);
      }
    });
  },
);

test('a customer who names no owner is listed own accounts, and staff all', async () => {
  const { get, models } = bank();
  const { accounts } = models.of('1');
  accounts.clear();
  const owners = ['karel-dvorak', OWNER, 'karel-dvorak', OWNER];
  for (const [index, ownerId] of owners.entries()) {
    const ownerIndex = owners.slice(0, index).filter((other) => other === ownerId).length;
    accounts.set(idOf(index), { ...accountOf(index, 1, ownerId), ownerIndex });
  }
  const listed = async (who: Principal, query = '') => {
    const { body } = await get(who, `/v1/accounts${query}`).expect(200);
    return (body.items as { accountId: string }[]).map(({ accountId }) => accountId);
  };
  for (const query of ['', '?status=open']) {
    expect(await listed(JANA, query)).toEqual([idOf(1), idOf(3)]);
    expect(await listed(principalFor('teller'), query)).toEqual([0, 1, 2, 3].map(idOf));
    for (const who of STRANGERS) expect(await listed(who, query)).toEqual([]);
  }
});

test('a customer lists own accounts only, and reads their own person only', async () => {
  const { get } = bank();
  const list = (who: Principal, owner: string) => get(who, `/v1/accounts?ownerId=${owner}`);
  expect((await list(JANA, OWNER)).body.items).toEqual([]);
  for (const who of STRANGERS) {
    const [foreign, none] = [await list(who, OWNER), await list(who, 'no-such-owner')];
    expect(told(foreign, OWNER)).toBe(told(none, 'no-such-owner'));
    const person = (id: string) => get(who, `/v1/persons/${id}?minVersion=1`);
    const [one, other] = [idOf(5), idOf(6)];
    expect(told(await person(one), one)).toBe(told(await person(other), other));
    expect((await person(one)).status).toBe(404);
    expect((await get(who, '/v1/persons')).status).toBe(403);
  }
});

test('the people of the bank see who did it, and no customer does', async () => {
  const { get } = bank();
  for (const path of ['history', 'events', 'refusals']) {
    const items = async (who: Principal) => {
      const { body } = await get(who, `/v1/accounts/${idOf(OPEN)}/${path}`).expect(200);
      return body.items as { by?: string }[];
    };
    const teller = await items(principalFor('teller'));
    expect(teller.length).toBeGreaterThan(1);
    for (const { by } of teller) expect(by).toBe(TESTER.by);
    for (const item of await items(JANA)) {
      expect(item).not.toHaveProperty('by');
      expect(item).not.toHaveProperty('approvedBy');
    }
  }
});
