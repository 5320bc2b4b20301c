import { rmSync } from 'node:fs';
import * as bank from './forging-bank-for-tests.ts';
import { bankThat, LAST_VERSION, ndjson, ofEvents, ofReceipt } from './forging-bank-for-tests.ts';

/** The book of forgeries, third part: receipts, and events that have one. */
afterAll(() => rmSync(bank.FOLDER, { recursive: true, force: true }));

type Verified = () => Promise<string>;
const { all, headerAt, walked, receiptAt, newerThan } = bankThat();
const [SPLIT, TAKEN] = ['\u2028', '"amount":"1.00"'];

describe('a receipt', () => {
  const receipt = receiptAt(4, 6);
  const changed =
    (change: object): Verified =>
    () =>
      ofReceipt({ ...receipt, ...change });
  const proof = (change: object) => changed({ history: { ...receipt.history, ...change } });
  const raw = JSON.stringify(receipt);
  const { consistency, inclusion, linear } = receipt.history;
  test.each<[string, Verified, string]>([
    [
      'of another value',
      changed({ event: bank.depositOf(4, '9.00', '11.00') }),
      'NOT PROVEN (entry-differs). Entry 0 of transaction 4 is not acct/A/0000000000000004 ' +
        'with this value: one of them was changed.',
    ],
    [
      'of another version',
      changed({ event: all[4] }),
      'NOT PROVEN (entry-differs). Entry 0 of transaction 4 is not acct/A/0000000000000005 ' +
        'with this value: one of them was changed.',
    ],
    [
      'of another account',
      changed({ event: { ...all[3]!, stream: `acct/${bank.OTHER}` } }),
      'NOT PROVEN (entry-differs). Entry 0 of transaction 4 is not acct/B/0000000000000004 ' +
        'with this value: one of them was changed.',
    ],
    [
      'with another position',
      changed({ position: receipt.position + 1 }),
      'NOT PROVEN (entry-differs). Position 262145 is not where the event was proven to be.',
    ],
    [
      'with a position beyond 2^53',
      () => ofReceipt(raw.replace(/"position":\d+/, '"position":9007199254740993')),
      'NOT PROVEN (unreadable). receipt has the number 9007199254740993, which programs ' +
        'may read as another one.',
    ],
    [
      'of an older state',
      changed({ state: receiptAt(4, 5).state }),
      'NOT PROVEN (forked). The log has another transaction 5 than the one that is known.',
    ],
    [
      'of a state before it',
      () => ofReceipt({ ...receiptAt(6), state: headerAt(3).state }),
      'NOT PROVEN (rolled-back). The state at 3 is older than the one at 6.',
    ],
    [
      'signed by a stranger',
      changed({ state: bankThat().strangerState }),
      'NOT PROVEN (signature-foreign). The state at transaction 7 is not what the holder ' +
        'of this key signed.',
    ],
    [
      'with the history of another event',
      changed({ history: receiptAt(5, 6).history }),
      'NOT PROVEN (entry-differs). Entry 0 of transaction 5 is not acct/A/0000000000000004 ' +
        'with this value: one of them was changed.',
    ],
    [
      'with a shorter tree',
      proof({ inclusion: inclusion.slice(1) }),
      'NOT PROVEN (forked). Between transaction 4 and transaction 6 the log was not only ' +
        'appended to: the older state is not in the Merkle tree of the newer one.',
    ],
    [
      'without consistency',
      proof({ consistency: [] }),
      'NOT PROVEN (forked). Between transaction 4 and transaction 6 the log was not only ' +
        'appended to: the Merkle trees differ in what both have.',
    ],
    [
      'with another consistency',
      proof({ consistency: consistency.toReversed() }),
      'NOT PROVEN (forked). Between transaction 4 and transaction 6 the log was not only ' +
        'appended to: the Merkle trees differ in what both have.',
    ],
    [
      'with another last leaf',
      proof({ lastLeaf: linear[1] }),
      'NOT PROVEN (forked). Between transaction 4 and transaction 6 the log was not only ' +
        'appended to: the Merkle tree does not end where the chain goes on.',
    ],
    [
      'without a chain',
      proof({ linear: [] }),
      'NOT PROVEN (forked). Between transaction 4 and transaction 6 the log was not only ' +
        'appended to: the chain of hashes does not lead from the one to the other.',
    ],
    [
      'with a chain cut',
      proof({ linear: linear.slice(0, -1) }),
      'NOT PROVEN (forked). Between transaction 4 and transaction 6 the log was not only ' +
        'appended to: the chain of hashes does not lead from the one to the other.',
    ],
    [
      'of more entries than fit',
      proof({ source: { ...receipt.history.source, nentries: 2 ** 40 } }),
      'NOT PROVEN (transaction-differs). The header of transaction 4 claims 1099511627776 entries.',
    ],
    [
      'cut off',
      () => ofReceipt(raw.slice(0, -9)),
      'NOT PROVEN (unreadable). receipt is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
    [
      'with an amount twice',
      () => ofReceipt(raw.replace(TAKEN, `${TAKEN},${TAKEN}`)),
      'NOT PROVEN (unreadable). receipt has the member "amount" twice: readers differ in ' +
        'which counts.',
    ],
    [
      'with escape codes in its stream',
      changed({ event: { ...all[3]!, stream: '\u001b[2J\u2028PROVEN' } }),
      'NOT PROVEN (entry-differs). Entry 0 of transaction 4 is not ' +
        '\\u{1b}[2J\\u{2028}PROVEN/0000000000000004 with this value: one of them was changed.',
    ],
    [
      'with a newer state that is older',
      () => ofReceipt(receiptAt(4, 6), { newer: { ...newerThan(6), to: newerThan(4, 5).to } }),
      'NOT PROVEN (rolled-back). The state at 5 is older than the one at 6.',
    ],
    [
      'with a newer state of another begin',
      () => ofReceipt(receiptAt(4, 6), { newer: newerThan(5) }),
      "NOT PROVEN (forked). The proof begins with another state than the receipt's, " +
        'transaction 6.',
    ],
    [
      'with a newer state by a stranger',
      () =>
        ofReceipt(receiptAt(4, 6), { newer: { ...newerThan(6), to: bankThat().strangerState } }),
      'NOT PROVEN (signature-foreign). The state at transaction 7 is not what the holder ' +
        'of this key signed.',
    ],
    [
      'with a log that ends before it',
      () => ofReceipt(receiptAt(4, 6), { log: walked.slice(0, 5) }),
      'NOT PROVEN (missing). The log was walked to transaction 5, not to 6.',
    ],
    [
      'with a log in which it was written over',
      () => {
        const over = bank.versionEntry(bank.depositOf(4, '9.00', '11.00'));
        const made = bankThat({ written: (txs) => txs.toSpliced(-1, 0, [over]) });
        return ofReceipt(made.receiptAt(4, 8), { log: made.walked });
      },
      'NOT PROVEN (rewritten). Line 7 of log: acct/A/0000000000000004 was written again in ' +
        'transaction 7.',
    ],
  ])('%s is not proven', async (_what, verified, sentence) => {
    expect(await verified()).toBe(sentence);
  });
});

describe('events with the receipt of the last one', () => {
  const of =
    (events: readonly object[] | string): Verified =>
    () =>
      ofEvents(events, receiptAt(LAST_VERSION));
  const plain = ndjson(all);
  test.each<[string, Verified, string]>([
    [
      'with one dropped',
      of(all.toSpliced(3, 1)),
      'NOT PROVEN (missing). Line 4 of events: Version 4 is missing: 5 follows.',
    ],
    [
      'without the first',
      of(all.slice(1)),
      'NOT PROVEN (missing). Line 1 of events: Version 1 is missing: 2 follows.',
    ],
    [
      'without the last',
      of(all.slice(0, -1)),
      'NOT PROVEN (missing). The events end before version 6; the receipt is of 6.',
    ],
    [
      'with one repeated',
      of(all.toSpliced(3, 0, all[3]!)),
      'NOT PROVEN (rewritten). Line 5 of events: Version 4 comes after 4.',
    ],
    [
      'with two exchanged',
      of(all.with(3, all[4]!).with(4, all[3]!)),
      'NOT PROVEN (missing). Line 4 of events: Version 4 is missing: 5 follows.',
    ],
    [
      'with another value',
      of(all.with(3, bank.depositOf(4, '9.00', '11.00') as bank.Event)),
      'NOT PROVEN (entry-differs). Line 4 of events: Version 4 does not name version 3 as ' +
        'it is here. One of the two was changed.',
    ],
    [
      'with another last value',
      of(all.with(5, { ...all[5]!, at: all[4]!.at })),
      'NOT PROVEN (entry-differs). Version 6 is another event than the one of the receipt.',
    ],
    [
      'with an amount twice',
      of(plain.replace(TAKEN, `"amount":"9.00",${TAKEN}`)),
      'NOT PROVEN (unreadable). Line 2 of events has the member "amount" twice: readers ' +
        'differ in which counts.',
    ],
    [
      'with a number beyond 2^53',
      of(plain.replace('"schema":1', '"schema":9007199254740993')),
      'NOT PROVEN (unreadable). Line 1 of events has the number 9007199254740993, which ' +
        'programs may read as another one.',
    ],
    [
      'with lines that U+2028 ends',
      of(plain.replaceAll('\n', SPLIT)),
      'NOT PROVEN (unreadable). Line 1 of events is not JSON: was it cut off, or does another ' +
        'sign end its lines?',
    ],
  ])('%s are not proven', async (_what, verified, sentence) => {
    expect(await verified()).toBe(sentence);
  });
});
