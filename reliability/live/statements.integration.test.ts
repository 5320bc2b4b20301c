import { eventsAnswer } from '../../contracts/account/queries.ts';
import { statementAnswer } from '../../contracts/account/statements.ts';
import { executed } from '../faults/executed.ts';
import { bankUnderTest, violationsWithin, type BankUnderTest } from '../faults/bank-under-test.ts';
import { bankFetch } from '../faults/bank-fetch.ts';

const ARRIVED_MS_MAX = 10_000;

jest.setTimeout(90_000);

let house: BankUnderTest;
let anna: string;
let ben: string;

const post = (path: string, body: object): Promise<Record<string, unknown>> =>
  executed(`${house.commandUrl}/v1/${path}`, body, [200, 201]);
const get = (path: string, id = anna): Promise<Response> =>
  bankFetch(`${house.queryUrl}/v1/accounts/${id}${path}`);
const eventsOf = async (id = anna) =>
  eventsAnswer.parse(await (await get('/events?limit=100', id)).json()).items;

/** Ledger 500 + 100 - 30 (captured of 50) + 30 (reversed) - 70 (transfer) - 10 = 520. */
async function live(): Promise<void> {
  await post(`accounts/${anna}/deposits`, {
    amount: '100.00',
    description: 'Příliš žluťoučký <kůň> & "=1+1"',
  });
  const { holdId } = await post(`accounts/${anna}/holds`, {
    amount: '50.00',
    description: 'Hotel',
  });
  const { version } = await post(`accounts/${anna}/holds/${String(holdId)}/capture`, {
    amount: '30.00',
  });
  await post(`accounts/${anna}/reversals`, { version });
  await post('transfers', { fromAccountId: anna, toAccountId: ben, amount: '70.00' });
  await post(`accounts/${anna}/withdrawals`, { amount: '10.00' });
}

beforeAll(async () => {
  house = await bankUnderTest();
  [anna, ben] = (await house.openAccounts(2)) as [string, string];
  await live();
  const late = await violationsWithin(ARRIVED_MS_MAX, async () => {
    const { length } = await eventsOf();
    return length === 8 ? [] : [`${length} events are in the log`];
  });
  expect(late).toEqual([]);
});
afterAll(() => house.close());

test('every moment of the account has the balance that its event left', async () => {
  const events = await eventsOf();
  for (const { version, at, data, position } of events) {
    const left = { currency: 'CZK', version, at, ...data.balance, position, final: true };
    const byVersion = await (await get(`/balance?version=${version}`)).json();
    expect(byVersion).toEqual({ accountId: anna, ...left });
    const last = events.findLast((event) => event.at <= at);
    const byTime = await (await get(`/balance?at=${at}`)).json();
    expect(byTime).toMatchObject({ version: last?.version, ...last?.data.balance });
  }
  expect((await get(`/balance?at=${new Date(0).toISOString()}`)).status).toBe(404);
  expect((await get('/balance?version=10')).status).toBe(404);
});

test('the statement of the day is the same in every format, and adds up', async () => {
  const events = await eventsOf();
  const days = `from=${events[0]?.at.slice(0, 10)}&to=${events.at(-1)?.at.slice(0, 10)}`;
  const statement = statementAnswer.parse(await (await get(`/statements?${days}`)).json());
  expect(statement.opening).toEqual({ ledger: '0.00', version: 0 });
  expect(statement.closing).toMatchObject({ ledger: '520.00', held: '0.00', version: 8 });
  const booked = statement.entries.map(({ direction, amount }) => `${direction} ${amount}`);
  expect(booked).toEqual([
    'credit 500.00',
    'credit 100.00',
    'debit 30.00',
    'credit 30.00',
    'debit 70.00',
    'debit 10.00',
  ]);
  expect(statement.log.position).toBe(events.at(-1)?.position);
  const signedTo = statement.log.signedState.txId;
  expect(signedTo).toBeGreaterThanOrEqual(Math.floor(statement.log.position / 65_536));
  const csv = await (await get(`/statements?${days}&format=csv`)).text();
  expect(csv.split('\r\n')).toHaveLength(1 + 1 + 6 + 1 + 1);
  const xml = await (await get(`/statements?${days}&format=camt.053`)).text();
  expect(xml).toContain('<Nm>Faulty Test</Nm>');
  expect(xml).toContain('<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CZK">520.00</Amt>');
  const pdf = await get(`/statements?${days}&format=pdf`);
  expect(pdf.headers.get('content-type')).toBe('application/pdf');
  expect(Buffer.from(await pdf.arrayBuffer()).toString('latin1', 0, 8)).toBe('%PDF-1.7');
  const other = statementAnswer.parse(await (await get(`/statements?${days}`, ben)).json());
  expect(other.entries.at(-1)).toMatchObject({ direction: 'credit', amount: '70.00' });
});

test('a reversal bears the text of what it takes back, which lies before the period', async () => {
  const statement = statementAnswer.parse(await (await get('/statements?from=v6&to=v7')).json());
  expect(statement.opening).toEqual({ ledger: '570.00', version: 5 });
  expect(statement.closing).toMatchObject({ ledger: '600.00', version: 6 });
  const [entry] = statement.entries;
  expect(entry).toMatchObject({ type: 'movement-reversed', reverses: 5, description: 'Hotel' });
  expect((await get('/statements?from=v6&to=v10')).status).toBe(404);
});

test('while commands come in, statements of today are had in every format and add up', async () => {
  const [busy] = (await house.openAccounts(1)) as [string];
  await violationsWithin(ARRIVED_MS_MAX, async () =>
    (await get('/events', busy)).status === 200 ? [] : ['it is not in the log yet'],
  );
  const today = new Date().toISOString().slice(0, 10);
  const days = `from=${today}&to=${today}`;
  let isOver = false;
  const deposits = Array.from({ length: 4 }, async () => {
    while (!isOver) await post(`accounts/${busy}/deposits`, { amount: '1.00' });
  });
  const versions: number[] = [];
  try {
    for (const format of ['json', 'csv', 'camt.053', 'pdf', 'json']) {
      const answer = await get(`/statements?${days}&format=${format}`, busy);
      expect([format, answer.status]).toEqual([format, 200]);
      if (format === 'json') versions.push(wholeVersionOf(await answer.json()));
    }
  } finally {
    isOver = true;
    await Promise.all(deposits);
  }
  expect(versions.at(-1)).toBeGreaterThan(versions[0] ?? 0);
});

/** Of an account that has had nothing but deposits: none is missing, and all of them are added. */
function wholeVersionOf(answer: unknown): number {
  const { opening, entries, closing } = statementAnswer.parse(answer);
  const sum = entries.reduce((total, { amount }) => total + Number(amount), 0);
  expect([opening.ledger, closing.ledger]).toEqual(['0.00', sum.toFixed(2)]);
  expect(entries.map(({ version }) => version)).toEqual(entries.map((_, at) => at + 2));
  expect(closing.version).toBe(entries.length + 1);
  return closing.version;
}
