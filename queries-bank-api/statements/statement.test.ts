import { SIGNED } from './statement-for-tests.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import { statementAnswer, type StatementBound } from '../../contracts/account/statements.ts';
import { currencyOf, type Currency } from '../../domain/currency.ts';
import { minor, readAmount } from '../../domain/money.ts';
import { randomOf } from '../accounts/accounts-for-tests.ts';
import {
  ANNA,
  deposited,
  lifeOf,
  logOf,
  october,
  opened,
  withdrawn,
} from '../log/life-for-tests.ts';
import { readPeriod } from './statement-reader.ts';
import { statementOf, UnsoundStatement } from './statement.ts';

const NOW = Date.parse('2026-12-01T00:00:00Z');
const ms = (time: string) => Date.parse(time);
const boundOf = (text: string): StatementBound =>
  text.startsWith('v') ? { version: Number(text.slice(1)) } : { ms: ms(text) };
const read = (events: LoggedEvent[], from: string, to: string, eventsMax = 100, page = 1_000) => {
  const period = { from: boundOf(from), to: boundOf(to) };
  return readPeriod(logOf(events, page), ANNA, period, eventsMax, NOW);
};
const made = async (events: LoggedEvent[], from: string, to: string, page?: number) =>
  statementAnswer.parse(statementOf(await read(events, from, to, 10_000, page), SIGNED));

test('given a life, then only what moved money is booked, and it adds up', async () => {
  const statement = await made(october(), '2026-10-01T00:00:00Z', '2026-10-04T00:00:00Z');
  expect(statement.opening).toEqual({ ledger: '0.00', version: 0 });
  expect(statement.entries.map(({ type, direction, amount }) => [type, direction, amount])).toEqual(
    [
      ['money-deposited', 'credit', '1000.00'],
      ['money-withdrawn', 'debit', '100.00'],
      ['hold-captured', 'debit', '250.00'],
      ['movement-reversed', 'credit', '100.00'],
      ['transfer-captured', 'debit', '40.00'],
      ['transfer-received', 'credit', '7.00'],
    ],
  );
  expect(statement.credits).toEqual({ count: 3, amount: '1107.00' });
  expect(statement.debits).toEqual({ count: 3, amount: '390.00' });
  expect(statement.totals).toEqual([
    { type: 'hold-captured', direction: 'debit', count: 1, amount: '250.00' },
    { type: 'money-deposited', direction: 'credit', count: 1, amount: '1000.00' },
    { type: 'money-withdrawn', direction: 'debit', count: 1, amount: '100.00' },
    { type: 'movement-reversed', direction: 'credit', count: 1, amount: '100.00' },
    { type: 'transfer-captured', direction: 'debit', count: 1, amount: '40.00' },
    { type: 'transfer-received', direction: 'credit', count: 1, amount: '7.00' },
  ]);
  const closing = { ledger: '717.00', held: '0.00', available: '767.00', version: 13 };
  expect(statement.closing).toEqual({ ...closing, at: '2026-10-03T10:00:00.020Z' });
  const last = { eventId: `acct/${ANNA}/13`, position: 65_536 * 13 + 1 };
  expect(statement.log).toEqual({ ...last, signedState: SIGNED });
  expect(statement.final).toBe(true);
  const [first] = statement.entries;
  expect(first?.receipt).toBe(`/v1/accounts/${ANNA}/events/2/receipt`);
});

test('given bounds at events, then the first instant is in it and the last is not', async () => {
  const versions = async (from: string, to: string) =>
    (await made(october(), from, to)).entries.map(({ version }) => version);
  expect(await versions('2026-10-01T09:00:00Z', '2026-10-02T08:00:00Z')).toEqual([2, 3]);
  expect(await versions('2026-10-01T09:00:00.001Z', '2026-10-02T08:00:00.001Z')).toEqual([3, 5]);
  expect(await versions('2026-10-06T00:00:00Z', '2026-10-07T00:00:00Z')).toEqual([]);
});

test('given money that is held, then the statement says so and does not book it', async () => {
  const statement = await made(october(), '2026-10-02T00:00:00Z', '2026-10-02T01:00:00Z');
  expect([statement.opening.ledger, statement.closing]).toMatchObject([
    '900.00',
    { ledger: '900.00', held: '300.00', available: '650.00' },
  ]);
  expect(statement.entries).toEqual([]);
});

test('the same content has the same id, another one has another', async () => {
  const [a, b, c] = await Promise.all([
    made(october(), '2026-10-01T00:00:00Z', '2026-10-04T00:00:00Z'),
    made(october(), '2026-10-01T00:00:00Z', '2026-10-04T00:00:00Z', 2),
    made(october(), '2026-10-01T00:00:00Z', '2026-10-05T00:00:00Z'),
  ]);
  expect(a).toEqual(b);
  expect(a.statementId).toMatch(/^[0-9a-f]{32}$/);
  expect(c.statementId).not.toBe(a.statementId);
});

const balance = (event: LoggedEvent, changes: object): LoggedEvent =>
  ({
    ...event,
    data: { ...event.data, balance: { ...event.data.balance, ...changes } },
  }) as LoggedEvent;
const wrongs: [string, (events: LoggedEvent[]) => LoggedEvent[]][] = [
  [
    'an amount',
    (all) => all.with(2, { ...all[2]!, data: { ...all[2]!.data, amount: '99.00' } } as LoggedEvent),
  ],
  ['a balance', (all) => all.with(4, balance(all[4]!, { ledger: '650.01' }))],
  ['the last balance', (all) => all.with(12, balance(all[12]!, { ledger: '0.00' }))],
  ['what is held', (all) => all.with(3, balance(all[3]!, { held: '0.00' }))],
  ['a time that goes back', (all) => all.with(5, { ...all[5]!, at: '2026-10-02T07:00:00.000Z' })],
  [
    'another account',
    (all) => all.with(5, { ...all[5]!, stream: `acct/${ANNA.replace('0', '1')}` }),
  ],
  ['a version that is missing', (all) => all.with(5, { ...all[5]!, version: 7 })],
  [
    'another currency',
    (all) =>
      all.with(2, {
        ...all[2]!,
        data: { ...all[2]!.data, currency: 'EUR' as Currency },
      } as LoggedEvent),
  ],
];
test.each(wrongs)(
  'given a log in which %s is wrong, then there is no statement',
  async (_w, spoil) => {
    const log = logOf(spoil(october()));
    const period = { from: boundOf('2026-10-01T00:00:00Z'), to: boundOf('2026-10-04T00:00:00Z') };
    const source = await readPeriod(log, ANNA, period, 100, NOW);
    expect(() => statementOf(source, SIGNED)).toThrow(UnsoundStatement);
  },
);

test('given more events than may be, then the problem says which period fits', async () => {
  const from = '2026-10-01T00:00:00Z';
  const failure = await read(october(), from, '2026-11-01T00:00:00Z', 7).catch((error) => error);
  expect(failure.code).toBe('statement-too-long');
  const { fitsTo } = failure.parts.more;
  expect(failure.parts.detail).toContain(fitsTo);
  expect((await read(october(), from, fitsTo, 7)).events).toHaveLength(7);
  const next = await read(october(), fitsTo, '2026-11-01T00:00:00Z', 7);
  expect(next.events).toHaveLength(7);
  const instant = read(october(), '2026-10-03T10:00:00.020Z', '2026-11-01T00:00:00Z', 2);
  const other = await instant.catch((error) => error);
  const more = { eventsMax: 2, fitsTo: 'v13' };
  expect([other.code, other.parts.more]).toEqual(['statement-too-long', more]);
  const part = await read(october(), '2026-10-03T10:00:00.020Z', 'v13', 2);
  expect(part.events.map(({ event }) => event.version)).toEqual([11, 12]);
});

test('given any life in any currency, then statements side by side make the whole', async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  console.log(`SEED=${seed}`);
  const below = randomOf(seed);
  for (let run = 0; run < 40; run += 1) {
    const code = ['CZK', 'JPY', 'KWD', 'CLF'][below(4)] as string;
    const currency = currencyOf(code) as Currency;
    let time = ms('2026-10-01T00:00:00Z');
    const deeds = Array.from({ length: 60 }, () => {
      time += [0, 1, 7_200_000][below(3)] as number;
      const units = BigInt(1 + below(5_000));
      const deed = below(3) === 0 ? withdrawn(units) : deposited(units);
      return [new Date(time).toISOString(), deed] as const;
    });
    const events = lifeOf([['2026-10-01T00:00:00.000Z', opened(code)], ...deeds]);
    const cut = new Date(ms('2026-10-01T00:00:01Z') + below(60) * 3_600_000).toISOString();
    const end = '2026-11-30T00:00:00Z';
    const page = 1 + below(30);
    const whole = await made(events, '2026-09-01T00:00:00Z', end, page);
    const early = await made(events, '2026-09-01T00:00:00Z', cut, page);
    const late = await made(events, cut, end, page);
    expect([...early.entries, ...late.entries]).toEqual(whole.entries);
    expect(late.opening).toEqual({ ledger: early.closing.ledger, version: early.closing.version });
    expect(late.closing).toEqual(whole.closing);
    const sum = whole.entries.reduce((total, { direction, amount }) => {
      const units = readAmount(amount, currency);
      return minor(direction === 'credit' ? total + units : total - units);
    }, minor(0n));
    expect(sum).toBe(readAmount(whole.closing.ledger, currency));
    for (const way of ['credit', 'debit'] as const) {
      const own = whole.totals.filter(({ direction }) => direction === way);
      const units = own.reduce((total, { amount }) => total + readAmount(amount, currency), 0n);
      const [all] = [way === 'credit' ? whole.credits : whole.debits];
      expect(units).toBe(readAmount(all.amount, currency));
      expect(own.reduce((total, { count }) => total + count, 0)).toBe(all.count);
    }
    expect(whole.entries).toHaveLength(60);
  }
});
