import { rmSync } from 'node:fs';
import * as bank from './forging-bank-for-tests.ts';
import { bankThat, ndjson, ofExport } from './forging-bank-for-tests.ts';

/**
 * The book of forgeries, second part: files of a sound log that somebody changed on their way,
 * with the state signed again wherever the key helps.
 */
afterAll(() => rmSync(bank.FOLDER, { recursive: true, force: true }));

type Verified = () => Promise<string>;
const { all, header, items, walked, headerAt, itemAt } = bankThat();
const whole = ndjson([header, ...items]);
const exported = (given: readonly object[], change: object = {}): Verified => {
  return () => ofExport([{ ...header, ...change }, ...given]);
};
const text = (change: (lines: string) => string | Buffer): Verified => {
  return () => ofExport(change(whole));
};
const item = (version: number, change: object): object[] =>
  items.with(version - 1, { ...items[version - 1]!, ...change });
const event = (version: number, change: object): object[] =>
  item(version, { event: { ...all[version - 1]!, ...change } });
const [SPLIT, TAKEN] = ['\u2028', '"amount":"1.00"'];

describe('an export', () => {
  test.each<[string, Verified, string]>([
    [
      'with a version dropped',
      exported(items.toSpliced(3, 1)),
      'NOT PROVEN (missing). Line 5 of export: Version 4 is missing: 5 follows.',
    ],
    [
      'without the first one',
      exported(items.slice(1)),
      'NOT PROVEN (missing). Line 2 of export: Version 1 is missing: 2 follows.',
    ],
    [
      'without the first one, which it says',
      exported(items.slice(1), { fromVersion: 2 }),
      'NOT PROVEN (missing). No event before the first one begins the period.',
    ],
    [
      'without the last one',
      exported(items.slice(0, -1)),
      'NOT PROVEN (missing). The export ends before version 6 of 6.',
    ],
    [
      'without the last one, which it says',
      exported(items.slice(0, -1), { toVersion: 5 }),
      'NOT PROVEN (missing). No event after the last one ends the period.',
    ],
    ['without any', exported([]), 'NOT PROVEN (missing). The export ends before version 1 of 6.'],
    [
      'with one repeated',
      exported(items.toSpliced(3, 0, items[3]!)),
      'NOT PROVEN (rewritten). Line 6 of export: Version 4 is there more than once.',
    ],
    [
      'with the last one repeated',
      exported([...items, items[5]!]),
      'NOT PROVEN (rewritten). Line 8 of export: Version 6 is there more than once.',
    ],
    [
      'with two exchanged',
      exported(items.with(3, items[4]!).with(4, items[3]!)),
      'NOT PROVEN (missing). Line 5 of export: Version 4 is missing: 5 follows.',
    ],
    [
      'with another value',
      exported(event(4, bank.depositOf(4, '9.00', '11.00'))),
      'NOT PROVEN (entry-differs). Line 5 of export: Entry 0 of transaction 4 is not ' +
        'acct/A/0000000000000004 with this value: one of them was changed.',
    ],
    [
      'with another time',
      exported(event(4, { at: '2026-11-04T12:00:00.001Z' })),
      'NOT PROVEN (entry-differs). Line 5 of export: Entry 0 of transaction 4 is not ' +
        'acct/A/0000000000000004 with this value: one of them was changed.',
    ],
    [
      'with another type',
      exported(event(4, { type: 'money-withdrawn' })),
      'NOT PROVEN (entry-differs). Line 5 of export: Entry 0 of transaction 4 is not ' +
        'acct/A/0000000000000004 with this value: one of them was changed.',
    ],
    [
      'with a member more',
      exported(event(4, { note: 'paid' })),
      'NOT PROVEN (entry-differs). Line 5 of export: Entry 0 of transaction 4 is not ' +
        'acct/A/0000000000000004 with this value: one of them was changed.',
    ],
    [
      'with another position',
      exported(item(4, { position: 9 })),
      'NOT PROVEN (entry-differs). Line 5 of export: Position 9 is not where the event was ' +
        'proven to be.',
    ],
    [
      'with the place of its neighbour',
      exported(item(2, { inclusion: items[2]!.inclusion })),
      'NOT PROVEN (entry-differs). Line 3 of export: Entry 1 of transaction 3 is not ' +
        'acct/A/0000000000000002 with this value: one of them was changed.',
    ],
    [
      'with the header of another',
      exported(item(4, { header: items[4]!.header })),
      'NOT PROVEN (entry-differs). Line 5 of export: Entry 0 of transaction 5 is not ' +
        'acct/A/0000000000000004 with this value: one of them was changed.',
    ],
    [
      'with a header of another time',
      exported(item(4, { header: { ...items[3]!.header, ts: 1 } })),
      'NOT PROVEN (forked). Line 5 of export: Version 4 is not in the log that was signed: ' +
        'transaction 4 is another one there.',
    ],
    [
      'with a path of another',
      exported(item(4, { tree: items[4]!.tree })),
      'NOT PROVEN (forked). Line 5 of export: Version 4 is not in the log that was signed: ' +
        'transaction 4 is another one there.',
    ],
    [
      'with a path too long',
      exported(item(4, { tree: [...items[3]!.tree, items[3]!.tree[0]!] })),
      'NOT PROVEN (forked). Line 5 of export: Version 4 is not in the log that was signed: ' +
        'transaction 4 is another one there.',
    ],
    [
      'with a path cut',
      exported(item(4, { tree: [] })),
      'NOT PROVEN (forked). Line 5 of export: Version 4 is not in the log that was signed: ' +
        'transaction 4 is another one there.',
    ],
    [
      'that says more than there is',
      exported(items, { toVersion: 7, headVersion: 7 }),
      'NOT PROVEN (missing). The export ends before version 7 of 7.',
    ],
    [
      'that says less than it has',
      exported(items, { toVersion: 5 }),
      'NOT PROVEN (unreadable). The export has other versions than it says.',
    ],
    [
      'that says a smaller last version',
      exported(items, { headVersion: 5 }),
      'NOT PROVEN (unreadable). The export has other versions than it says.',
    ],
    [
      'of another account',
      exported(items, { accountId: bank.OTHER }),
      'NOT PROVEN (entry-differs). Line 2 of export: Version 1 belongs to acct/A.',
    ],
    [
      'shown as refusals',
      exported(items, { format: 'core-bank-refusals/1' }),
      'NOT PROVEN (entry-differs). Line 2 of export: Version 1 belongs to acct/A.',
    ],
    [
      'of an older state',
      () => ofExport([headerAt(4), ...[1, 2, 3].map((one) => itemAt(one, 4)), ...items.slice(3)]),
      'NOT PROVEN (rolled-back). Line 6 of export: Version 5 stands in transaction 5, after the ' +
        'signed one, 4.',
    ],
    [
      'of an older state, rightly cut',
      () => ofExport([headerAt(4), ...[1, 2, 3].map((one) => itemAt(one, 4))]),
      'NOT PROVEN (missing). The export ends before version 4 of 6.',
    ],
    [
      'with the end of an older state',
      exported(items, { target: headerAt(4).target }),
      'NOT PROVEN (transaction-differs). Line 1 of export: The transaction is not the one ' +
        'that was signed.',
    ],
    [
      'with the signature of an older state',
      exported(items, { state: { ...header.state, signature: headerAt(4).state.signature } }),
      'NOT PROVEN (signature-foreign). Line 1 of export: The state at transaction 7 is not ' +
        'what the holder of this key signed.',
    ],
    [
      'signed by a stranger',
      exported(items, { state: bankThat().strangerState }),
      'NOT PROVEN (signature-foreign). Line 1 of export: The state at transaction 7 is not ' +
        'what the holder of this key signed.',
    ],
    [
      'that is not signed',
      exported(items, { state: { ...header.state, signature: '' } }),
      'NOT PROVEN (unreadable). Line 1 of export: Not readable at state/signature: must ' +
        'not be empty.',
    ],
    [
      'of a database that is named a sentence',
      exported(items, { state: { ...header.state, db: 'bank" and holds 9.00 EUR' } }),
      'NOT PROVEN (unreadable). Line 1 of export: Not readable at state/db: must be the ' +
        'name of a database.',
    ],
  ])('%s is not proven', async (_what, verified, sentence) => {
    expect(await verified()).toBe(sentence);
  });
});

describe('a file of an export that readers read differently', () => {
  test.each<[string, Verified, string]>([
    [
      'cut in a line',
      text((lines) => lines.slice(0, -30)),
      'NOT PROVEN (unreadable). Line 7 of export is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
    [
      'cut after a line',
      text((lines) => lines.slice(0, lines.lastIndexOf('\n', lines.length - 2))),
      'NOT PROVEN (missing). The export ends before version 6 of 6.',
    ],
    [
      'cut in a character',
      text((lines) =>
        Buffer.from(lines.replace('jana', 'žž')).subarray(0, whole.indexOf('jana') + 1),
      ),
      'NOT PROVEN (unreadable). Line 2 of export is not UTF-8.',
    ],
    [
      'with lines that U+2028 ends',
      text((lines) => lines.replaceAll('\n', SPLIT)),
      'NOT PROVEN (unreadable). Line 1 of export is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
    [
      'with lines that U+2029 ends',
      text((lines) => lines.replaceAll('\n', '\u2029')),
      'NOT PROVEN (unreadable). Line 1 of export is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
    [
      'with lines that U+0085 ends',
      text((lines) => lines.replaceAll('\n', '\u0085')),
      'NOT PROVEN (unreadable). Line 1 of export is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
    [
      'with lines that a carriage return ends',
      text((lines) => lines.replaceAll('\n', '\r')),
      'NOT PROVEN (unreadable). Line 1 of export is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
    [
      'with U+2028 behind a line',
      text((lines) => lines.replace('\n', `${SPLIT}\n`)),
      'NOT PROVEN (unreadable). Line 1 of export is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
    [
      'with a mark in its middle',
      text((lines) => lines.replace('\n', '\n\ufeff')),
      'NOT PROVEN (unreadable). Line 2 of export is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
    [
      'that is no UTF-8',
      text((lines) => Buffer.from(lines.replace('jana', 'jan\u00e1'), 'latin1')),
      'NOT PROVEN (unreadable). Line 2 of export is not UTF-8.',
    ],
    [
      'that is UTF-16',
      text((lines) => Buffer.from(lines, 'utf16le')),
      'NOT PROVEN (unreadable). Line 1 of export is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
    [
      'with an amount twice',
      text((lines) => lines.replace(TAKEN, `"amount":"500.00",${TAKEN}`)),
      'NOT PROVEN (unreadable). Line 3 of export has the member "amount" twice: readers ' +
        'differ in which counts.',
    ],
    [
      'with an amount twice, once in escapes',
      text((lines) => lines.replace(TAKEN, `"\\u0061mount":"500.00",${TAKEN}`)),
      'NOT PROVEN (unreadable). Line 3 of export has the member "amount" twice: readers ' +
        'differ in which counts.',
    ],
    [
      'with a number that is rounded',
      text((lines) => lines.replace('"schema":1', '"schema":1.00000000000000000001')),
      'NOT PROVEN (unreadable). Line 2 of export has the number 1.00000000000000000001, ' +
        'which programs may read as another one.',
    ],
    [
      'with a number beyond 2^53',
      text((lines) => lines.replace('"schema":1', '"schema":9007199254740993')),
      'NOT PROVEN (unreadable). Line 2 of export has the number 9007199254740993, which ' +
        'programs may read as another one.',
    ],
    [
      'with a version beyond 2^53',
      text((lines) => lines.replaceAll('"toVersion":6', '"toVersion":9007199254740992')),
      'NOT PROVEN (unreadable). Line 1 of export has the number 9007199254740992, which ' +
        'programs may read as another one.',
    ],
    [
      'with a number beyond all',
      text((lines) => lines.replace('"schema":1', '"schema":1e999')),
      'NOT PROVEN (unreadable). Line 2 of export has the number 1e999, which programs may ' +
        'read as another one.',
    ],
    [
      'with a member that programs lose',
      text((lines) => lines.replace('"schema":1', '"schema":1,"__proto__":{"amount":"9.00"}')),
      'NOT PROVEN (unreadable). Line 2 of export has a member "__proto__", which readers ' +
        'lose.',
    ],
    [
      'that is nested without end',
      text((lines) =>
        lines.replace('"schema":1', `"schema":${'['.repeat(20_000)}${']'.repeat(20_000)}`),
      ),
      'NOT PROVEN (unreadable). Line 2 of export is nested deeper than anything of the bank.',
    ],
    [
      'with a line that no bank writes',
      text((lines) => Buffer.concat([Buffer.from(lines), Buffer.alloc(65 * 2 ** 20, 0x20)])),
      'NOT PROVEN (unreadable). Line 8 of export is longer than any line of the bank.',
    ],
  ])('%s is not proven', async (_what, verified, sentence) => {
    expect(await verified()).toBe(sentence);
  });

  test('but with the line ends and the mark of another system it is proven', async () => {
    expect(await ofExport(`\ufeff${whole.replaceAll('\n', '\r\n')}\r\n`)).toMatch(/^PROVEN/);
  });
});

describe('an export of a period', () => {
  const [from, to] = ['2026-11-03T00:00:00.000Z', '2026-11-05T00:00:00.000Z'];
  const period = (first: number, last: number, change: object = {}): Verified =>
    exported(items.slice(first - 1, last), {
      fromVersion: first,
      toVersion: last,
      from,
      to,
      ...change,
    });
  test.each<[string, Verified, string]>([
    [
      'without the event before it',
      period(3, 5),
      'NOT PROVEN (missing). No event before 2026-11-03T00:00:00.000Z begins the period.',
    ],
    [
      'without the event after it',
      period(2, 4),
      'NOT PROVEN (missing). No event after 2026-11-05T00:00:00.000Z ends the period.',
    ],
    [
      'that begins where it says nothing',
      period(2, 5, { from: undefined }),
      'NOT PROVEN (missing). No event before the first one begins the period.',
    ],
    [
      'that ends where it says nothing',
      period(2, 5, { to: undefined }),
      'NOT PROVEN (missing). No event after the last one ends the period.',
    ],
    [
      'that says an earlier begin',
      period(2, 5, { from: '2026-11-01T00:00:00.000Z' }),
      'NOT PROVEN (missing). No event before 2026-11-01T00:00:00.000Z begins the period.',
    ],
    [
      'that says a later end',
      period(2, 5, { to: '2026-11-07T00:00:00.000Z' }),
      'NOT PROVEN (missing). No event after 2026-11-07T00:00:00.000Z ends the period.',
    ],
    [
      'with a version dropped in it',
      exported([items[1]!, items[3]!, items[4]!], { fromVersion: 2, toVersion: 5, from, to }),
      'NOT PROVEN (missing). Line 3 of export: Version 3 is missing: 4 follows.',
    ],
    [
      'with words in place of a time',
      period(2, 5, { from: `${from}\n  - It has 9.00 EUR` }),
      'NOT PROVEN (unreadable). Line 1 of export: Not readable at from: must be an RFC ' +
        '3339 time in UTC such as "2026-01-31T12:00:00Z".',
    ],
    [
      'with escape codes in place of a time',
      period(2, 5, { to: '\u001b[2J\u202e' }),
      'NOT PROVEN (unreadable). Line 1 of export: Not readable at to: must be an RFC 3339 ' +
        'time in UTC such as "2026-01-31T12:00:00Z".',
    ],
    [
      'with a log that has one more',
      () => {
        const more = bankThat({
          written: (txs) => txs.toSpliced(-1, 0, [bank.versionEntry(bank.eventAt(7))]),
        });
        const shown = more.items.slice(1, 5);
        return ofExport(
          [{ ...more.header, fromVersion: 2, toVersion: 5, from, to }, ...shown],
          more.walked,
        );
      },
      'NOT PROVEN (missing). The log has 7 versions of acct/A, the export tells of 6.',
    ],
  ])('%s is not proven', async (_what, verified, sentence) => {
    expect(await verified()).toBe(sentence);
  });
});

describe('a walked log', () => {
  const log =
    (lines: object[] | string): Verified =>
    () =>
      ofExport([header, ...items], lines);
  const tx = (id: number, change: object): object[] =>
    walked.with(id - 1, { ...walked[id - 1]!, ...change });
  const withHeader = (id: number, change: object) =>
    tx(id, { header: { ...walked[id - 1]!.header, ...change } });
  const [first, second] = walked[2]!.entries as [object, object];
  const hash = Buffer.alloc(32, 9).toString('base64');
  test.each<[string, Verified, string]>([
    [
      'that is empty',
      log([]),
      'NOT PROVEN (missing). The log was walked to transaction 0, not to 7.',
    ],
    [
      'that ends early',
      log(walked.slice(0, -1)),
      'NOT PROVEN (missing). The log was walked to transaction 6, not to 7.',
    ],
    [
      'that begins late',
      log(walked.slice(1)),
      'NOT PROVEN (missing). Line 1 of log: Transaction 2 follows 0: some are missing.',
    ],
    [
      'that is cut in a line',
      log(ndjson(walked).slice(0, -9)),
      'NOT PROVEN (unreadable). Line 7 of log is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
    [
      'with a transaction dropped',
      log(walked.toSpliced(3, 1)),
      'NOT PROVEN (missing). Line 4 of log: Transaction 5 follows 3: some are missing.',
    ],
    [
      'with a transaction repeated',
      log(walked.toSpliced(3, 0, walked[3]!)),
      'NOT PROVEN (forked). Line 5 of log: Transaction 4 comes after transaction 4.',
    ],
    [
      'with two transactions exchanged',
      log(walked.with(3, walked[4]!).with(4, walked[3]!)),
      'NOT PROVEN (missing). Line 4 of log: Transaction 5 follows 3: some are missing.',
    ],
    [
      'with an entry dropped',
      log(tx(3, { entries: [first] })),
      'NOT PROVEN (missing). Line 3 of log: Transaction 3 comes with 1 of 2 entries.',
    ],
    [
      'with an entry dropped, which it says',
      log(tx(3, { entries: [first], header: { ...walked[2]!.header, nentries: 1 } })),
      'NOT PROVEN (entry-differs). Line 3 of log: The entries of transaction 3 are not ' +
        'those it was made of.',
    ],
    [
      'with an entry repeated',
      log(tx(3, { entries: [first, second, second] })),
      'NOT PROVEN (missing). Line 3 of log: Transaction 3 comes with 3 of 2 entries.',
    ],
    [
      'with two entries exchanged',
      log(tx(3, { entries: [second, first] })),
      'NOT PROVEN (entry-differs). Line 3 of log: The entries of transaction 3 are not ' +
        'those it was made of.',
    ],
    [
      'with another value',
      log(tx(4, { entries: [{ ...walked[3]!.entries[0]!, hValue: hash }] })),
      'NOT PROVEN (entry-differs). Line 4 of log: The entries of transaction 4 are not ' +
        'those it was made of.',
    ],
    [
      'with another key',
      log(tx(4, { entries: [{ ...walked[3]!.entries[0]!, key: 'AGtleQ==' }] })),
      'NOT PROVEN (entry-differs). Line 4 of log: The entries of transaction 4 are not ' +
        'those it was made of.',
    ],
    [
      'with a deletion hidden',
      log(
        tx(4, {
          entries: [
            { ...walked[3]!.entries[0]!, metadata: { deleted: false, nonIndexable: true } },
          ],
        }),
      ),
      'NOT PROVEN (entry-differs). Line 4 of log: The entries of transaction 4 are not ' +
        'those it was made of.',
    ],
    [
      'with another time',
      log(withHeader(4, { ts: 1 })),
      'NOT PROVEN (forked). Line 5 of log: Transaction 5 does not continue transaction 4.',
    ],
    [
      'with another time at its end',
      log(withHeader(7, { ts: 1 })),
      'NOT PROVEN (forked). The walked log is not the one that was signed at 7.',
    ],
    [
      'with another tree',
      log(withHeader(4, { blRoot: hash })),
      'NOT PROVEN (two-histories). Line 4 of log: The Merkle tree in transaction 4 has ' +
        'other transactions than the chain before it: one signature stands for two histories.',
    ],
    [
      'with another predecessor',
      log(withHeader(4, { prevAlh: hash })),
      'NOT PROVEN (forked). Line 4 of log: Transaction 4 does not continue transaction 3.',
    ],
    [
      'with a number beyond 2^53',
      log(ndjson(walked).replace('"ts":1700000003', '"ts":9007199254740993')),
      'NOT PROVEN (unreadable). Line 3 of log has the number 9007199254740993, which ' +
        'programs may read as another one.',
    ],
    [
      'with hashes twice',
      log(ndjson(walked).replace('"hValue":', `"hValue":"${hash}","hValue":`)),
      'NOT PROVEN (unreadable). Line 1 of log has the member "hValue" twice: readers ' +
        'differ in which counts.',
    ],
    [
      'with lines that U+2028 ends',
      log(ndjson(walked).replaceAll('\n', SPLIT)),
      'NOT PROVEN (unreadable). Line 1 of log is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
  ])('%s proves nothing', async (_what, verified, sentence) => {
    expect(await verified()).toBe(sentence);
  });
});
