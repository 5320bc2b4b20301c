import { deposited, lifeOf, october, opened } from '../life-for-tests.ts';
import { camt053Statement, fitsCamt053 } from './camt053-statement.ts';
import { camt053Faults, readXml } from './camt053-for-tests.ts';
import { HOLDER, HOSTILE, statementFor } from './statement-for-tests.ts';

const written = async (events = october(), holder: typeof HOLDER | undefined = HOLDER) =>
  camt053Statement(await statementFor(events), holder);

test('a statement follows the schema, with and without a holder', async () => {
  expect(camt053Faults(await written())).toEqual([]);
  expect(camt053Faults(await written(october(), undefined))).toEqual([]);
  const quiet = lifeOf([['2026-10-01T00:00:00.000Z', opened()]]);
  expect(camt053Faults(await written(quiet))).toEqual([]);
});

test.each(['CZK', 'JPY', 'KWD', 'CLF'])('amounts in %s have its digits', async (currency) => {
  const xml = await written(october(currency));
  expect(camt053Faults(xml)).toEqual([]);
  const digits = { CZK: 2, JPY: 0, KWD: 3, CLF: 4 }[currency];
  const amounts = [...xml.matchAll(/<Amt Ccy="(\w+)">(\d+)(?:\.(\d+))?</g)];
  expect(amounts.length).toBeGreaterThan(10);
  for (const [, code, , fraction = ''] of amounts) {
    expect([code, fraction.length]).toEqual([currency, digits]);
  }
});

test('balances, entries and parties say what the statement says', async () => {
  const xml = await written();
  expect(xml).toContain('<Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CZK">0.00</Amt>');
  expect(xml).toContain('<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CZK">717.00</Amt>');
  expect(xml).toContain('<Dt><Dt>2026-10-03</Dt></Dt></Bal><TxsSummry>');
  expect(xml).toContain('<FrDtTm>2026-10-01T00:00:00.000Z</FrDtTm>');
  expect(xml).toContain('<ToDtTm>2026-10-03T23:59:59.999Z</ToDtTm>');
  expect(xml.match(/<Ntry>/g)).toHaveLength(6);
  expect(xml.match(/<RvslInd>true</g)).toHaveLength(1);
  expect(xml).toContain('<CdtrAcct><Id><Othr><Id>00000000000090000287</Id>');
  expect(xml).toContain('<Nm>Žofie Dvořáková &lt;&amp;&gt; Příšerná</Nm>');
});

test("the client's key is in every entry, a long one as a text", async () => {
  const [opening, deposit, ...others] = october();
  const keyed = [
    ...[opening!, { ...deposit!, causationId: 'payroll-11' }],
    ...others.map((event) => ({ ...event, commandId: `${event.version}-${'k'.repeat(126)}` })),
  ];
  const xml = await written(keyed);
  expect(camt053Faults(xml)).toEqual([]);
  expect(xml.match(/<InstrId>payroll-11</g)).toHaveLength(1);
  expect(xml.match(/<AddtlTxInf>Idempotency-Key: [0-9]+-k{126}</g)).toHaveLength(5);
  expect((await written()).match(/<InstrId>command-/g)).toHaveLength(6);
});

test('a debt is DBIT without a sign', async () => {
  const statement = await statementFor(october());
  const xml = camt053Statement({ ...statement, opening: { ledger: '-3.50', version: 0 } }, HOLDER);
  expect(xml).toContain('<Amt Ccy="CZK">3.50</Amt><CdtDbtInd>DBIT</CdtDbtInd>');
  expect(camt053Faults(xml)).toEqual(['does not add up']);
});

test.each(HOSTILE)('the description %j is text and nothing else', async (description) => {
  const life = [
    ['2026-10-01T00:00:00.000Z', opened()],
    ['2026-10-01T00:00:00.000Z', deposited(1n, description)],
  ] as const;
  const xml = await written(lifeOf(life));
  expect(camt053Faults(xml)).toEqual([]);
  const texts = readXml(xml).flatMap(({ path, text }) => (path.endsWith('/Ustrd') ? [text] : []));
  expect(texts.join('')).toBe(description.replaceAll(/[\ufffe\uffff]/g, '\ufffd'));
});

test('amounts that camt.053 has no room for are noticed', async () => {
  const statement = await statementFor(october());
  const of = (ledger: string) => fitsCamt053({ ...statement, opening: { ledger, version: 1 } });
  expect([of('-9999999999999999.99'), of('10000000000000000.00')]).toEqual([true, false]);
});

describe('planted faults are found: ', () => {
  const faults: [string, (xml: string) => string][] = [
    ['no balance', (xml) => xml.replaceAll(/<Bal>.*?<\/Bal>/g, '')],
    ['no closing balance', (xml) => xml.replace('CLBD', 'CLAV')],
    [
      'another order',
      (xml) => xml.replace(/(<Amt[^/]*\/Amt>)(<CdtDbtInd>\w+<\/CdtDbtInd>)/, '$2$1'),
    ],
    ['an unknown element', (xml) => xml.replace('<Sts>', '<Sta></Sta><Sts>')],
    ['an entry without a code', (xml) => xml.replace(/<BkTxCd>.*?<\/BkTxCd>/, '')],
    ['a minus', (xml) => xml.replace('>1000.00<', '>-1000.00<')],
    ['an amount without currency', (xml) => xml.replace(' Ccy="CZK"', '')],
    ['another direction', (xml) => xml.replace('CRDT', 'CREDIT')],
    ['a long id', (xml) => xml.replace('<MsgId>', '<MsgId>1234')],
    ['an empty text', (xml) => xml.replace(/<Nm>[^<]*<\/Nm>/, '<Nm></Nm>')],
    ['a sum that is not that of its entries', (xml) => xml.replace('>717.00<', '>718.00<')],
    ['another namespace', (xml) => xml.replace('camt.053.001.08', 'camt.053.001.02')],
    ['a tag that is not closed', (xml) => xml.replace('</Stmt>', '')],
    ['a bare ampersand', (xml) => xml.replace('&amp;', '&')],
    ['a date that is none', (xml) => xml.replace('<Dt>2026-10-01<', '<Dt>2026-10-32<')],
  ];
  test.each(faults)('%s', async (_what, spoil) => {
    const xml = await written();
    expect(spoil(xml)).not.toBe(xml);
    expect(camt053Faults(spoil(xml))).not.toEqual([]);
  });
});
