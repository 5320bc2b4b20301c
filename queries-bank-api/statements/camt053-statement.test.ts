import { transferId, version, type TransferId } from '../../domain/ids.ts';
import { minor } from '../../domain/money.ts';
import { BEN, deposited, lifeOf, october, opened } from '../log/life-for-tests.ts';
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
    opening!,
    { ...deposit!, causationId: 'payroll-11' },
    ...others.map((event) => ({ ...event, commandId: `${event.version}-${'k'.repeat(126)}` })),
  ];
  const xml = await written(keyed);
  expect(camt053Faults(xml)).toEqual([]);
  expect(xml.match(/<InstrId>payroll-11</g)).toHaveLength(1);
  expect(xml.match(/<AddtlTxInf>Idempotency-Key: [0-9]+-k{126}</g)).toHaveLength(5);
  expect((await written()).match(/<InstrId>command-/g)).toHaveLength(6);
});

test.each([
  ['x'.repeat(100), 'y'.repeat(100), 'z'.repeat(100), '1'.repeat(100)],
  ['x'.repeat(100), undefined, 'Praha', '110 00'],
  [
    'Flat 501, Block B, Sunflower Gardens, 1234 Rua do Desembargador Doutor Paula Alves',
    '',
    'B',
    '1',
  ],
  ['😀'.repeat(100), 'a '.repeat(50).trim(), 'z'.repeat(35), '1'.repeat(100)],
  [`${'x'.repeat(69)} y`, `${'x'.repeat(70)} y`, `x ${'y'.repeat(98)}`, '1'],
])('the address %j, %j, %j, %j loses no letter', async (line1, line2, city, postalCode) => {
  const given = { line1, ...(line2 ? { line2 } : {}), city, postalCode };
  for (const country of ['CZ', 'Česko', 'Saint Vincent and the Grenadines']) {
    const xml = await written(october(), { ...HOLDER, address: { ...given, country } });
    expect(camt053Faults(xml)).toEqual([]);
    const address = readXml(xml).filter(({ path }) => path.includes('/Ownr/PstlAdr/'));
    const [first, ...others] = address.map(({ text }) => text);
    const lines = country === 'CZ' ? others : [first, ...others];
    if (country === 'CZ') expect(first).toBe('CZ');
    const whole = [line1, line2, postalCode, city, country === 'CZ' ? '' : country].join('');
    expect(lines.join('').replaceAll(' ', '')).toBe(whole.replaceAll(' ', ''));
  }
});

test('the end of a long address goes on at a blank in the next line', async () => {
  const line1 = 'Flat 501, Block B, Sunflower Gardens, 1234 Rua do Desembargador Doutor Alves';
  const address = { ...HOLDER.address!, line1 };
  expect(await written(october(), { ...HOLDER, address })).toContain(
    '<Ctry>CZ</Ctry><AdrLine>Flat 501, Block B, Sunflower Gardens, 1234 Rua do Desembargador ' +
      'Doutor</AdrLine><AdrLine>Alves</AdrLine><AdrLine>400 01 Ústí nad Labem</AdrLine>',
  );
});

const deposit = (units: bigint, description: string, reference: string) => ({
  type: 'money-deposited' as const,
  amount: minor(units),
  description,
  reference,
});
const reversal = (of: number, units: bigint) => ({
  type: 'movement-reversed' as const,
  reverses: version(of),
  direction: 'debit' as const,
  amount: minor(units),
});

test('a reversal has its reason, and text and reference of what it takes back', async () => {
  const life = (reason?: string) =>
    lifeOf([
      ['2026-09-01T00:00:00.000Z', opened()],
      ['2026-09-01T00:00:00.000Z', deposit(500n, 'Rent', 'RF18539007547034')],
      ['2026-10-01T00:00:00.000Z', deposit(700n, 'Tax', 'r'.repeat(36))],
      ['2026-10-02T00:00:00.000Z', { ...reversal(2, 500n), ...(reason && { reason }) }],
      ['2026-10-02T00:00:00.000Z', { ...reversal(3, 700n), ...(reason && { reason }) }],
    ]);
  const told = async (reason?: string) => {
    const xml = await written(life(reason));
    expect(camt053Faults(xml)).toEqual([]);
    return xml
      .split('<Ntry>')
      .slice(2)
      .map((entry) => [
        entry.includes('<RvslInd>true</RvslInd>'),
        [...entry.matchAll(/<(?:Ustrd|EndToEndId)>([^<]*)/g)].map(([, text]) => text),
      ]);
  };
  expect(await told('sent twice')).toEqual([
    [true, ['RF18539007547034', 'sent twice', 'Rent']],
    [true, ['sent twice', 'Tax', 'r'.repeat(36)]],
  ]);
  expect((await told())[0]).toEqual([true, ['RF18539007547034', 'Rent']]);
});

test('a transfer names the other account, and nobody', async () => {
  const parties = [...(await written()).matchAll(/<RltdPties>(.*?)<\/RltdPties>/g)];
  const named = (party: string) =>
    `<${party}><Pty><Nm>Account 00000000000090000287</Nm></Pty></${party}>` +
    `<${party}Acct><Id><Othr>` +
    '<Id>00000000000090000287</Id><SchmeNm><Prtry>account number</Prtry></SchmeNm>' +
    '<Issr>core-bank</Issr></Othr></Id><Prxy><Tp><Prtry>account id</Prtry></Tp>' +
    `<Id>${BEN}</Id></Prxy></${party}Acct>`;
  expect(parties.map(([, party]) => party)).toEqual([named('Cdtr'), named('Dbtr')]);
});

test('the transfer that takes another one back is a reversal as well', async () => {
  const transferIds = [
    '00000000-0000-8000-8000-000000000003',
    '00000000-0000-8000-8000-000000000004',
  ];
  const [id, reverses] = transferIds.map(transferId) as [TransferId, TransferId];
  const leg = { transferId: id, otherAccountId: BEN, amount: minor(9n) };
  const xml = await written(
    lifeOf([
      ['2026-10-01T00:00:00.000Z', opened()],
      [
        '2026-10-01T00:00:00.000Z',
        { ...leg, type: 'transfer-received', reversesTransferId: reverses },
      ],
    ]),
  );
  expect(camt053Faults(xml)).toEqual([]);
  expect(xml).toContain('<RvslInd>true</RvslInd>');
  expect(xml).toContain(`transfer-received reversal of transfer ${reverses}`);
});

test('the day of an entry is a day, and its time is when the bank took it', async () => {
  const xml = await written();
  expect(xml.match(/<BookgDt><Dt>2026-10-0[1-3]<\/Dt><\/BookgDt>/g)).toHaveLength(6);
  expect(xml).toContain('<RltdDts><AccptncDtTm>2026-10-01T23:59:59.999Z</AccptncDtTm></RltdDts>');
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

test('a long description is broken at a blank, with which readers join it again', async () => {
  const description = 'Příliš žluťoučký kůň '.repeat(9).trim();
  const life = [
    ['2026-10-01T00:00:00.000Z', opened()],
    ['2026-10-01T00:00:00.000Z', deposited(1n, description)],
  ] as const;
  const pieces = [...(await written(lifeOf(life))).matchAll(/<Ustrd>([^<]*)/g)];
  expect(pieces).toHaveLength(2);
  expect(pieces.map(([, text]) => text).join(' ')).toBe(description);
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
    [
      'an eighth line of an address',
      (xml) => xml.replace('<AdrLine>', '<AdrLine>a</AdrLine>'.repeat(6) + '<AdrLine>'),
    ],
    ['a bare ampersand', (xml) => xml.replace('&amp;', '&')],
    ['a date that is none', (xml) => xml.replace('<Dt>2026-10-01<', '<Dt>2026-10-32<')],
  ];
  test.each(faults)('%s', async (_what, spoil) => {
    const xml = await written();
    expect(spoil(xml)).not.toBe(xml);
    expect(camt053Faults(spoil(xml))).not.toEqual([]);
  });
});
