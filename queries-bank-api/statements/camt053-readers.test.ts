import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path, { join } from 'node:path';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import { accountNumberOf } from '../../domain/account-number.ts';
import { transferId, version, type TransferId } from '../../domain/ids.ts';
import { minor } from '../../domain/money.ts';
import { BEN, lifeOf, october, opened } from '../log/life-for-tests.ts';
import { readXml, type Node } from './camt053-for-tests.ts';
import { camt053Statement } from './camt053-statement.ts';
import { HOLDER, statementFor } from './statement-for-tests.ts';

const TRANSFERS = [3, 4].map((n) => transferId(`00000000-0000-8000-8000-00000000000${n}`));
const [FIRST, SECOND] = TRANSFERS as [TransferId, TransferId];
const money = (units: bigint, reference?: string, description?: string) => ({
  amount: minor(units),
  ...(reference === undefined ? {} : { reference }),
  ...(description === undefined ? {} : { description }),
});

/** What importers have stumbled over: long texts, reversals, transfers, a debt at the end. */
const life = (currency: string): LoggedEvent[] =>
  lifeOf([
    ['2026-09-30T09:00:00.000Z', opened(currency)],
    ['2026-09-30T09:00:00.000Z', { type: 'money-deposited', ...money(5n, 'RF18', 'Rent <&>') }],
    ['2026-10-01T23:59:59.999Z', { type: 'money-deposited', ...money(1_000n, 'r'.repeat(50)) }],
    [
      '2026-10-02T00:00:00.000Z',
      {
        type: 'movement-reversed',
        reverses: version(2),
        direction: 'debit',
        amount: minor(5n),
        reason: 'sent twice',
      },
    ],
    [
      '2026-10-02T10:00:00.000Z',
      {
        type: 'money-withdrawn',
        ...money(20n, undefined, 'Příliš žluťoučký kůň '.repeat(9).trim()),
      },
    ],
    [
      '2026-10-02T11:00:00.000Z',
      {
        type: 'transfer-received',
        transferId: FIRST,
        otherAccountId: BEN,
        ...money(300n, 'INV-1', 'Invoice 1'),
      },
    ],
    [
      '2026-10-03T12:00:00.000Z',
      {
        type: 'transfer-sent',
        transferId: SECOND,
        otherAccountId: BEN,
        ...money(300n, 'INV-1', 'a mistake'),
        reversesTransferId: FIRST,
      },
    ],
    ['2026-10-03T12:00:00.001Z', { type: 'money-withdrawn', ...money(2_000n) }],
  ]);
const address = {
  ...HOLDER.address!,
  line1: 'Flat 501, Block B, Sunflower Gardens, 1234 Rua do Desembargador Doutor Paula Alves',
};
const sample = async (events: LoggedEvent[]): Promise<string> =>
  camt053Statement(await statementFor(events), { ...HOLDER, address });

/** Writes what the readers are to read: `CAMT053_SAMPLES=folder npx jest camt053-readers`. */
const SAMPLES = process.env['CAMT053_SAMPLES'];
if (SAMPLES !== undefined) {
  beforeAll(async () => {
    mkdirSync(SAMPLES, { recursive: true });
    const quiet = lifeOf([['2026-09-30T09:00:00.000Z', opened()]]);
    const currencies = ['CZK', 'JPY', 'KWD', 'CLF'].map((code) => [code, life(code)] as const);
    for (const [name, events] of [...currencies, ['quiet', quiet], ['all', october()]] as const) {
      writeFileSync(join(SAMPLES, `${name}.xml`), await sample(events));
    }
  });
}

/** What each reader made of the CZK sample; how that was made is in docs/statements.md. */
const READ = JSON.parse(
  readFileSync(path.resolve('queries-bank-api/statements/camt053-readers.json'), 'utf8'),
) as Record<string, { balances: Record<string, string>[]; entries: Record<string, string>[] }>;

const DETAILS = 'NtryDtls/TxDtls';
const REMARKS = `${DETAILS}/RmtInf/Ustrd`;
const END_TO_END = `${DETAILS}/Refs/EndToEndId`;
const parties = (member: string) =>
  ['Dbtr', 'Cdtr'].map((party) => `${DETAILS}/RltdPties/${party}${member}`);

/** Where in the file each reader finds what, by the names that it gives to it. */
const PATHS: Readonly<Record<string, Readonly<Record<string, string | string[]>>>> = {
  'sepa_file_parser 0.9.0': {
    amount: 'Amt',
    booking_date: 'BookgDt/Dt',
    value_date: 'ValDt/Dt',
    'reversal?': 'RvslInd',
    reference: 'NtryRef',
    bank_reference: 'AcctSvcrRef',
    remittance_information: REMARKS,
    end_to_end_reference: END_TO_END,
    transaction_id: `${DETAILS}/Refs/TxId`,
    name: parties('/Pty/Nm'),
  },
  'genkgo/camt c99e4fe': {
    getAmount: 'Amt',
    getBookingDate: 'BookgDt/Dt',
    getValueDate: 'ValDt/Dt',
    getReversalIndicator: 'RvslInd',
    getReference: 'NtryRef',
    getAccountServicerReference: 'AcctSvcrRef',
    getUnstructuredBlocks: REMARKS,
    getEndToEndId: END_TO_END,
    getAcceptanceDateTime: `${DETAILS}/RltdDts/AccptncDtTm`,
    getRelatedParties: parties('/Pty/Nm'),
    'getAccount.getIdentification': parties('Acct/Id/Othr/Id'),
  },
  'bankstatementparser 0.0.29': {
    Amount: 'Amt',
    BookgDt: 'BookgDt/Dt',
    ValDt: 'ValDt/Dt',
    Reference: REMARKS,
    EndToEndId: END_TO_END,
  },
  'camt053 0.0.23': {
    amount: 'Amt',
    booking_date: 'BookgDt/Dt',
    value_date: 'ValDt/Dt',
    reversal_indicator: 'RvslInd',
    reference: 'NtryRef',
    status: 'Sts/Cd',
    account_servicer_ref: 'AcctSvcrRef',
    end_to_end_id: END_TO_END,
    tx_id: `${DETAILS}/Refs/TxId`,
    counterparty_name: parties('/Pty/Nm'),
  },
  'iso20022.js 0.0.15': {
    amount: 'Amt',
    bookingDate: 'BookgDt/Dt',
    referenceId: 'NtryRef',
    accountServicerReferenceId: 'AcctSvcrRef',
    remittanceInformation: REMARKS,
    proprietaryCode: 'BkTxCd/Prtry/Cd',
  },
};

const textAt = (root: Node, wanted: string | readonly string[]): string =>
  [wanted]
    .flat()
    .map((way) =>
      way
        .split('/')
        .reduce<Node[]>(
          (nodes, name) =>
            nodes.flatMap(({ children }) => children.filter((child) => child.name === name)),
          [root],
        ),
    )
    .flat()
    .map(({ text }) => text)
    .join(' ');

const BALANCE = { code: 'Tp/CdOrPrtry/Cd', amount: 'Amt', date: 'Dt/Dt' };
const readBy = (root: Node, paths: Readonly<Record<string, string | string[]>>) =>
  Object.fromEntries(Object.entries(paths).map(([name, way]) => [name, textAt(root, way)]));

test('there are readers of four languages, and each has read all of it', () => {
  expect(Object.keys(READ)).toEqual(Object.keys(PATHS));
  for (const { balances, entries } of Object.values(READ)) {
    expect([balances.length, entries.length]).toEqual([2, 6]);
  }
});

test.each(Object.entries(PATHS))('%s finds in the file what it found', async (reader, paths) => {
  const nodes = readXml(await sample(life('CZK')));
  const all = (name: string) => nodes.filter((node) => node.path.endsWith(`/Stmt/${name}`));
  const read = READ[reader]!;
  expect(all('Ntry').map((entry) => readBy(entry, paths))).toEqual(read.entries);
  expect(all('Bal').map((balance) => readBy(balance, BALANCE))).toEqual(read.balances);
});

test('what the readers found is what the statement says', async () => {
  const { entries } = await statementFor(life('CZK'));
  const other = `Account ${accountNumberOf(BEN)}`;
  const said = entries.map(({ at, amount, reason, description, ...entry }) => {
    const { reference = '', reverses, reversesTransferId, version: of } = entry;
    const isShort = reference.length <= 35;
    const remarks = [reason, description?.trim(), isShort ? undefined : reference];
    return {
      amount,
      reference: String(of),
      booking_date: at.slice(0, 10),
      'reversal?': (reverses ?? reversesTransferId) === undefined ? '' : 'true',
      remittance_information: remarks.filter((remark) => remark !== undefined).join(' '),
      end_to_end_reference: isShort ? reference : '',
      name: entry.otherAccountId === undefined ? '' : other,
    };
  });
  expect(READ['sepa_file_parser 0.9.0']?.entries).toMatchObject(said);
});
