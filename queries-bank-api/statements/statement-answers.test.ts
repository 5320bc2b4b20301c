import request from 'supertest';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import { statementAnswer } from '../../contracts/account/statements.ts';
import { personId } from '../../domain/ids.ts';
import { minor } from '../../domain/money.ts';
import { createApp, finish } from '../../platform/http/http.ts';
import type { SeenAccess } from '../../platform/access-reports.ts';
import { openGate } from '../../platform/http/gate-for-tests.ts';
import { AccountView } from '../accounts/account-view.ts';
import { reached } from '../app.ts';
import {
  ANNA,
  BEN,
  deposited,
  lifeOf,
  logOf,
  october,
  opened,
  OWNER,
} from '../log/life-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';
import { camt053Faults } from './camt053-for-tests.ts';
import { statementAnswers } from './statement-answers.ts';
import { HOLDER, SIGNED } from './statement-for-tests.ts';
import { silentLogger as logger } from '../../platform/silent-logger-for-tests.ts';

const NOW = Date.parse('2026-10-05T12:00:00Z');
const OCTOBER = 'from=2026-10-01&to=2026-10-03';

function bank(
  events: LoggedEvent[] = october(),
  log = logOf(events),
  state = () => SIGNED,
  timeZone?: string,
) {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1' });
  models.of('1').persons.set(OWNER, {
    personId: personId(OWNER),
    status: 'registered',
    version: 1,
    position: 1,
    index: 0,
    registeredAt: 'then',
    at: 'now',
    profile: { version: 1, sealed: 'c2VhbGVk' },
  });
  const erased = { value: false };
  const data = {
    open: (persons: readonly object[]) =>
      Promise.resolve(persons.map(() => (erased.value ? null : HOLDER))),
    loggedVersion: () => Promise.resolve(1),
  };
  const app = createApp({ logger });
  const proofs = { state: () => Promise.resolve(state()) };
  const recorded: SeenAccess[] = [];
  const record = (seen: SeenAccess): void => void recorded.push(seen);
  const persons = { models, accounts: new AccountView(models), data, record };
  const zone = timeZone === undefined ? {} : { timeZone };
  const ports = { log, proofs, persons, logger, now: () => NOW, signedWaitMs: 50, ...zone };
  app.use(openGate({ scope: 'accounts:read', object: 'account' }));
  app.get('/v1/accounts/:id/statements', reached(statementAnswers(ports)));
  finish(app, logger);
  const get = (query: string, id: string = ANNA) =>
    request(app).get(`/v1/accounts/${id}/statements?${query}`).buffer();
  return { get, erased, recorded };
}

test.each([
  ['text/csv', 'text/csv; charset=utf-8; header=present'],
  ['application/pdf', 'application/pdf'],
  ['application/json;q=0.5, application/xml', 'application/xml; charset=utf-8'],
  ['image/png', 'application/json; charset=utf-8'],
  ['text/html, */*;q=0.1', 'application/json; charset=utf-8'],
])('given no format, Accept: %s is answered with %s', async (accepted, type) => {
  const { headers } = await bank().get(OCTOBER).set('Accept', accepted).expect(200);
  expect([headers['content-type'], headers['vary']]).toEqual([type, 'Accept']);
  const named = await bank().get(`${OCTOBER}&format=csv`).set('Accept', accepted).expect(200);
  expect(named.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
});

test('JSON is what the contract says, and the default', async () => {
  const { get } = bank();
  const answer = await get(OCTOBER);
  expect([answer.status, answer.headers['content-type']]).toEqual([
    200,
    'application/json; charset=utf-8',
  ]);
  const statement = statementAnswer.parse(answer.body);
  expect([statement.from, statement.to]).toEqual([
    '2026-10-01T00:00:00.000Z',
    '2026-10-04T00:00:00.000Z',
  ]);
  expect([statement.closing.ledger, statement.final]).toEqual(['717.00', true]);
  expect((await get(`${OCTOBER}&format=json`)).body).toEqual(answer.body);
});

test.each([
  ['csv', 'text/csv; charset=utf-8; header=present', 'attachment', 'csv', '\ufeffrecord,date,'],
  ['camt.053', 'application/xml; charset=utf-8', 'attachment', 'xml', '<?xml version="1.0"'],
  ['pdf', 'application/pdf', 'attachment', 'pdf', '%PDF-1.7'],
  ['json', 'application/json; charset=utf-8', 'inline', 'json', '{"statementId"'],
])('%s has its type and a name', async (format, type, place, ending, start) => {
  const { get } = bank();
  const answer = await get(`${OCTOBER}&format=${format}`).responseType('blob');
  expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
  const name = `statement-00000000000090000190-2026-10-01-to-2026-10-03.${ending}`;
  expect(answer.headers['content-disposition']).toBe(`${place}; filename="${name}"`);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect((answer.body as Buffer).toString('utf8').startsWith(start)).toBe(true);
});

test.each([
  ['from=2026-10-01&to=2026-10-05', '2026-10-01T000000Z-to-2026-10-05T120000Z'],
  ['from=2026-10-01&to=2026-10-02T10:00:00Z', '2026-10-01T000000Z-to-2026-10-02T100000Z'],
  ['from=2026-10-01&to=2026-10-02T00:00:00Z', '2026-10-01-to-2026-10-01'],
])('%s is a file of its own name', async (query, period) => {
  const { headers } = await bank().get(`${query}&format=csv`);
  expect(headers['content-disposition']).toContain(`-${period}.csv"`);
});

test.each(['json', 'csv', 'camt.053', 'pdf'])(
  'versions bound a %s as times do, and name its file',
  async (format) => {
    const { get } = bank();
    const answer = await get(`from=v3&to=v9&format=${format}`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-disposition']).toContain(`-v3-to-v8.`);
    const { body } = await get('from=v3&to=v9');
    expect([body.from, body.to]).toEqual(['2026-10-01T23:59:59.999Z', '2026-10-02T09:00:00.001Z']);
    expect([body.opening, body.closing.version]).toEqual([{ ledger: '1000.00', version: 2 }, 8]);
  },
);

test('the name of the holder is where a bank writes it, unless it was erased', async () => {
  const { get, erased } = bank();
  const xml = async () => (await get(`${OCTOBER}&format=camt.053`)).text;
  expect(await xml()).toContain('<Nm>Žofie');
  erased.value = true;
  expect(await xml()).not.toContain('<Ownr>');
  expect(camt053Faults(await xml())).toEqual([]);
});

test('the present day ends now, and its statement is not final', async () => {
  const { get } = bank();
  const { body } = await get('from=2026-10-05&to=2026-10-05');
  expect(body).toMatchObject({ to: '2026-10-05T12:00:00.000Z', final: false });
  expect(body.entries).toHaveLength(1);
});

test.each([
  ['', 'query/from'],
  ['from=2026-10-01', 'query/to'],
  ['to=2026-10-01', 'query/from'],
  ['from=2026-10-02&to=2026-10-01', 'query/to'],
  ['from=2026-10-02T00:00:00Z&to=2026-10-02T00:00:00Z', 'query/to'],
  ['from=2026-10-01&to=2026-10-06', 'query/to'],
  ['from=2026-10-05T12:00:00Z&to=2026-10-05', 'query/from'],
  ['from=2026-02-30&to=2026-10-01', 'query/from'],
  ['from=1969-12-31&to=2026-10-01', 'query/from'],
  ['from=2026-10-01T00:00:00&to=2026-10-02', 'query/from'],
  ['from=v0&to=v2', 'query/from'],
  ['from=v2&to=v01', 'query/to'],
  ['from=v2&to=v2', 'query/to'],
  ['from=2026-10-01&to=v1', 'query/to'],
  [`${OCTOBER}&format=xml`, 'query/format'],
  [`${OCTOBER}&format=pdf&format=csv`, 'query/format'],
  [`${OCTOBER}&minVersion=1`, 'query/minVersion'],
])('%s is refused at %s', async (query, at) => {
  const answer = await bank().get(query);
  expect([answer.status, answer.body.code]).toEqual([400, 'invalid-request']);
  expect(answer.body.errors.map((error: { at: string }) => error.at)).toContain(at);
});

test('nobody has no statement, and nobody has one of before the opening', async () => {
  const { get } = bank();
  expect((await get(OCTOBER, BEN)).body.code).toBe('account-not-found');
  const early = await get('from=2026-09-01&to=2026-09-30');
  expect([early.status, early.body.code, early.body.openedAt]).toEqual([
    404,
    'account-not-opened-yet',
    '2026-10-01T09:00:00.000Z',
  ]);
});

test('a PDF has a lower limit, and the problem says what fits', async () => {
  const life = lifeOf([
    ['2026-10-01T00:00:00.000Z', opened()],
    ...Array.from({ length: 2_001 }, (_, at) => {
      const time = new Date(Date.parse('2026-10-01T00:00:00Z') + at * 60_000).toISOString();
      return [time, deposited(1n)] as const;
    }),
  ]);
  const { get } = bank(life);
  const answer = await get(`${OCTOBER}&format=pdf`);
  expect([answer.status, answer.body.code]).toEqual([422, 'statement-too-long']);
  const fits = await get(`from=2026-10-01&to=${answer.body.fitsTo}&format=csv`);
  expect(fits.text.split('\r\n')).toHaveLength(1 + 1 + 1_999 + 1 + 1);
  expect((await get(`${OCTOBER}&format=json`)).status).toBe(200);
});

test('events that do not add up are a 500 in every format, and no statement', async () => {
  const events = october();
  const spoilt = { ...events[2]!, data: { ...events[2]!.data, amount: '1.00' } } as LoggedEvent;
  const { get } = bank(events.with(2, spoilt));
  for (const format of ['json', 'csv', 'camt.053', 'pdf']) {
    const answer = await get(`${OCTOBER}&format=${format}`);
    expect([answer.status, answer.body.code]).toEqual([500, 'statement-unsound']);
    expect(answer.headers['content-disposition']).toBeUndefined();
  }
});

test('a state that the log does not sign in time is no statement', async () => {
  const { get } = bank(october(), undefined, () => ({ ...SIGNED, txId: 12 }));
  for (const format of ['json', 'csv', 'camt.053', 'pdf']) {
    const answer = await get(`${OCTOBER}&format=${format}`);
    expect([answer.status, answer.body.code]).toEqual([503, 'service-unavailable']);
    expect(answer.headers['retry-after']).toBe('1');
  }
});

test('a statement is not made before the log has signed all of it', async () => {
  const late = [{ ...SIGNED, txId: 12 }, SIGNED];
  const { get } = bank(october(), undefined, () => late.shift() ?? SIGNED);
  const { log } = statementAnswer.parse((await get(OCTOBER)).body);
  expect([log.signedState, late]).toEqual([SIGNED, []]);
});

test.each([
  ['json', false],
  ['csv', false],
  ['camt.053', true],
  ['pdf', true],
])('that the holder was named in a statement as %s is on record: %s', async (format, isNamed) => {
  const { get, recorded, erased } = bank();
  expect((await get(`${OCTOBER}&format=${format}`)).status).toBe(200);
  const seen = { outcome: 'read', operation: 'readStatement', objects: [OWNER] };
  expect(recorded).toMatchObject(isNamed ? [seen] : []);
  erased.value = true;
  await get(`${OCTOBER}&format=${format}`);
  expect(recorded).toHaveLength(isNamed ? 1 : 0);
});

describe('in the time zone of the bank', () => {
  // In Prague the last hour of UTC belongs to the next day, in summer the last two.
  const events = lifeOf([
    ['2026-10-01T08:00:00.000Z', opened()],
    ['2026-10-01T21:59:59.999Z', deposited(1_00n)],
    [
      '2026-10-01T22:00:00.000Z',
      { type: 'money-deposited', amount: minor(2_00n), valueDate: '2026-09-30' },
    ],
    ['2026-10-02T22:00:00.000Z', deposited(4_00n)],
  ]);
  const prague = () => bank(events, logOf(events), () => SIGNED, 'Europe/Prague');

  test('a day is a day there', async () => {
    const { body } = await prague().get('from=2026-10-02&to=2026-10-02');
    const statement = statementAnswer.parse(body);
    expect(statement).toMatchObject({
      timeZone: 'Europe/Prague',
      from: '2026-10-01T22:00:00.000Z',
      to: '2026-10-02T22:00:00.000Z',
      opening: { ledger: '1.00' },
      closing: { ledger: '3.00' },
    });
    expect(statement.entries).toMatchObject([
      { amount: '2.00', date: '2026-10-02', valueDate: '2026-09-30' },
    ]);
    const all = statementAnswer.parse((await prague().get(OCTOBER)).body);
    expect(all.entries.map(({ date, valueDate }) => [date, valueDate])).toEqual([
      ['2026-10-01', '2026-10-01'],
      ['2026-10-02', '2026-09-30'],
      ['2026-10-03', '2026-10-03'],
    ]);
  });
  test('every format says so', async () => {
    const of = (format: string) => prague().get(`from=2026-10-02&to=2026-10-02&format=${format}`);
    const { headers, text: csv } = await of('csv');
    expect(headers['content-disposition']).toContain('2026-10-02-to-2026-10-02.csv');
    expect(csv).toContain('entry,2026-10-02,2026-09-30,2026-10-01T22:00:00.000Z');
    const { text: xml } = await of('camt.053');
    expect(xml).toContain('<BookgDt><Dt>2026-10-02</Dt></BookgDt>');
    expect(xml).toContain('<ValDt><Dt>2026-09-30</Dt></ValDt>');
    expect(camt053Faults(xml)).toEqual([]);
    expect((await of('pdf')).status).toBe(200);
  });
  test('tomorrow there is tomorrow', async () => {
    expect((await prague().get('from=2026-10-05&to=2026-10-05')).status).toBe(200);
    const late = await prague().get('from=2026-10-05&to=2026-10-06');
    expect([late.status, late.body.errors[0].message]).toEqual([
      400,
      'must not be after today (Europe/Prague)',
    ]);
  });
});
