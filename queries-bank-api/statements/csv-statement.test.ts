import { version } from '../../domain/ids.ts';
import { minor } from '../../domain/money.ts';
import { deposited, lifeOf, october, opened } from '../log/life-for-tests.ts';
import { csvStatement } from './csv-statement.ts';
import { HOSTILE, statementFor } from './statement-for-tests.ts';

/** Reads RFC 4180 letter by letter, and refuses what is not. */
function parsed(text: string): string[][] {
  expect(text[0]).toBe('\ufeff');
  const csv = text.slice(1);
  const records: string[][] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let record: string[] = [];
  while (pattern.lastIndex < csv.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(csv);
    if (match === null)
      throw new Error(`not RFC 4180 at ${JSON.stringify(csv.slice(at, at + 40))}`);
    record.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === ',') continue;
    records.push(record);
    record = [];
  }
  return records;
}

async function tableOf(events = october()): Promise<Record<string, string>[]> {
  const [names = [], ...rows] = parsed(csvStatement(await statementFor(events)));
  return rows.map((row) => {
    expect(row).toHaveLength(names.length);
    return Object.fromEntries(row.map((cell, index) => [names[index], cell]));
  });
}

test('opening, entries and closing are records of one table', async () => {
  const rows = await tableOf();
  expect(
    rows.map(({ record, debit, credit, balance }) => [record, debit, credit, balance]),
  ).toEqual([
    ['opening', '', '', '0.00'],
    ['entry', '', '1000.00', '1000.00'],
    ['entry', '100.00', '', '900.00'],
    ['entry', '250.00', '', '650.00'],
    ['entry', '', '100.00', '750.00'],
    ['entry', '40.00', '', '710.00'],
    ['entry', '', '7.00', '717.00'],
    ['closing', '', '', '717.00'],
  ]);
  expect(rows[1]).toMatchObject({ date: '2026-10-01', currency: 'CZK', version: '2' });
  expect(rows.at(-1)).toMatchObject({ date: '2026-10-03', version: '13' });
});

test("the client's key is in every entry, alongside the id where that is another", async () => {
  const events = october().map((event) =>
    event.version === 2 ? { ...event, causationId: 'payroll-11' } : event,
  );
  const rows = (await tableOf(events)).filter(({ record }) => record === 'entry');
  expect(rows.map(({ commandId }) => commandId?.replace(/[0-9]+$/, ''))).toEqual(
    rows.map(() => 'command-'),
  );
  expect(rows.map(({ causationId }) => causationId)).toEqual(['payroll-11', '', '', '', '', '']);
});

test.each(HOSTILE)('the description %j stays one cell and no formula', async (description) => {
  const events = lifeOf([
    ['2026-10-01T00:00:00.000Z', opened()],
    ['2026-10-01T00:00:00.000Z', deposited(1n, description)],
  ]);
  const rows = await tableOf(events);
  expect(rows).toHaveLength(3);
  const cell = rows[1]?.['description'] ?? '';
  expect([description, `'${description}`]).toContain(cell);
  expect(cell).not.toMatch(/^\s*[=+\-@＝＋－＠]/u);
});

/** As Excel reads it where ";" is the list separator: leniently, a quote counts at a start only. */
function cellsBetweenSemicolons(csv: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let [quoted, atStart] = [false, true];
  for (let at = 1; at < csv.length; at += 1) {
    const character = csv[at] ?? '';
    const wasStart = atStart;
    atStart = false;
    if (quoted && character === '"' && csv[at + 1] === '"') {
      cell += csv[(at += 1)] ?? '';
    } else if (character === '"' && (quoted || wasStart)) {
      quoted = !quoted;
    } else if (!quoted && /[;\t\r\n]/.test(character)) {
      cells.push(cell);
      cell = '';
      atStart = true;
    } else cell += character;
  }
  expect(quoted).toBe(false);
  return [...cells, cell];
}

test.each([
  ...HOSTILE,
  'x;=1+2',
  "z;=cmd|' /C calc'!A0;q",
  'a; =1+2;\t-3;＝1',
  'a;"=1+2',
  'a;"',
  'a;;"x;"=1',
])('the description %j is no formula where ";" separates, and hides nothing', async (text) => {
  const events = lifeOf([
    ['2026-10-01T00:00:00.000Z', opened()],
    ['2026-10-01T00:00:00.000Z', deposited(1n, text)],
  ]);
  const cells = cellsBetweenSemicolons(csvStatement(await statementFor(events)));
  for (const cell of cells) expect(cell).not.toMatch(/^\s*[=+\-@＝＋－＠|%]/u);
  expect(cells.filter((cell) => cell.startsWith('closing,'))).toHaveLength(1);
});

test('a negative balance stays a number', async () => {
  const statement = await statementFor(october());
  const csv = csvStatement({ ...statement, opening: { ledger: '-12.50', version: 1 } });
  expect(csv).toContain(',-12.50,CZK');
});

test('a reversal tells its reason, else the text of what it takes back', async () => {
  const movement = { amount: minor(5n), description: 'Rent', reference: 'RF18' };
  const reversal = { reverses: version(2), direction: 'debit', amount: minor(5n) } as const;
  const told = async (more: { reason?: string }) => {
    const rows = await tableOf(
      lifeOf([
        ['2026-09-30T00:00:00.000Z', opened()],
        ['2026-09-30T00:00:00.000Z', { type: 'money-deposited', ...movement }],
        ['2026-10-01T00:00:00.000Z', { type: 'movement-reversed', ...reversal, ...more }],
      ]),
    );
    return [rows[1]?.['description'], rows[1]?.['reference']];
  };
  expect(await told({ reason: 'sent twice' })).toEqual(['sent twice', 'RF18']);
  expect(await told({})).toEqual(['Rent', 'RF18']);
});
