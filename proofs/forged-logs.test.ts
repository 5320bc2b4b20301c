import { rmSync } from 'node:fs';
import * as bank from './forging-bank-for-tests.ts';
import {
  bankThat,
  depositOf,
  entryOf,
  eventAt,
  ofEvents,
  ofExport,
} from './forging-bank-for-tests.ts';
import { ofReceipt, STREAM, transactionOf, versionEntry } from './forging-bank-for-tests.ts';
import { eventKey } from './entry-proof.ts';
import { chained, type SmallEntry } from './small-log-for-tests.ts';

/**
 * The book of forgeries, first part: logs that a bank makes and signs with its key. Every hash and
 * every signature is right; what is wrong is what they stand for.
 */
afterAll(() => rmSync(bank.FOLDER, { recursive: true, force: true }));

const sound = bankThat();
const exportOf = ({ header, items }: bank.Bank, log?: object[]) =>
  ofExport([header, ...items], log);

describe('given a bank that tells the truth, then all is proven', () => {
  test.each<[string, () => Promise<string>]>([
    ['an export', () => exportOf(sound)],
    ['an export with the log', () => exportOf(sound, sound.walked)],
    ['a receipt', () => ofReceipt(sound.receiptAt(3))],
    ['a receipt with the log', () => ofReceipt(sound.receiptAt(3), { log: sound.walked })],
    ['a newer state', () => ofReceipt(sound.receiptAt(2, 4), { newer: sound.newerThan(4) })],
    ['events with the last receipt', () => ofEvents(sound.all, sound.receiptAt(bank.LAST_VERSION))],
  ])('%s', async (_what, verified) => expect(await verified()).toMatch(/^PROVEN/));
});

const TWO_HISTORIES = (tx: number): string =>
  `NOT PROVEN (two-histories). Line ${tx} of log: The Merkle tree in transaction ${tx} has other ` +
  'transactions than the chain before it: one signature stands for two histories.';
const SIZE = (tx: number, size: number): string =>
  `NOT PROVEN (two-histories). Line ${tx} of log: The Merkle tree in transaction ${tx} is of ` +
  `${size} transactions, not of the ${tx - 1} before it.`;

/** A history in which version 5 is of 500.00, and one in which only the last one is. */
const lied = chained([
  ...bank.TRUE_EVENTS.slice(0, 4),
  depositOf(5, '500.00', '503.00'),
  depositOf(6, '1.00', '504.00'),
]) as bank.Event[];
const liedLate = chained([
  ...bank.TRUE_EVENTS.slice(0, 5),
  depositOf(6, '500.00', '504.00'),
]) as bank.Event[];
/** The chain has the truth, and the tree has the lie at these versions. */
const splitAt = (lie: readonly bank.Event[], ...versions: number[]) => {
  const inTree = new Map(
    versions.map((one) => [transactionOf(one), [versionEntry(lie[one - 1]!)]]),
  );
  const made = bankThat({ inTree });
  const items = made.items.map((item, at) => ({ ...item, event: lie[at]! }));
  return { ...made, items, receipt: { ...made.receiptAt(5), event: lie[4]! } };
};

describe('given one signature of two histories', () => {
  const [both, one, last] = [splitAt(lied, 5, 6), splitAt(lied, 5), splitAt(liedLate, 6)];

  test('then a receipt or an export alone says that only the walked log tells', async () => {
    expect(await exportOf(both)).toMatch(
      /^PROVEN[^]*NOT proven:\n {2}- that version 6 is the last one[^]*"--log" with the walked log/,
    );
    expect(await ofReceipt(one.receipt)).toMatch(
      /^PROVEN[^]*NOT proven by a receipt:\n {2}- that anyone who walks the log meets/,
    );
  });

  test.each<[string, () => Promise<string>, string]>([
    ['an export', () => exportOf(both, both.walked), TWO_HISTORIES(6)],
    ['a receipt', () => ofReceipt(one.receipt, { log: one.walked }), TWO_HISTORIES(6)],
    ['an export, in the last leaf', () => exportOf(last, last.walked), TWO_HISTORIES(7)],
  ])('when the log comes with %s, then it is not proven', async (_what, verified, sentence) => {
    expect(await verified()).toBe(sentence);
  });

  const turned = (leaves: readonly Buffer[]) =>
    leaves.length < 4 ? leaves : leaves.with(2, leaves[3]!).with(3, leaves[2]!);
  const at = (id: number, change: object): bank.Lies => ({
    header: (header) => (header.id === id ? { ...header, ...change } : header),
  });
  const nothing = { blTxId: 0, blRoot: Buffer.alloc(32) };
  test.each<[string, bank.Lies, string]>([
    ['two leaves in another order', { leaves: turned }, TWO_HISTORIES(5)],
    ['a leaf dropped', { leaves: (all) => all.slice(1) }, TWO_HISTORIES(2)],
    ['leaves repeated', { leaves: (all) => all.flatMap((leaf) => [leaf, leaf]) }, TWO_HISTORIES(3)],
    ['no leaves at all', { header: (header) => ({ ...header, ...nothing }) }, SIZE(2, 0)],
    ['too few of them', at(6, { blTxId: 4 }), SIZE(6, 4)],
    ['none in the last header', at(7, nothing), SIZE(7, 0)],
    ['another root in one header', at(4, { blRoot: Buffer.alloc(32, 1) }), TWO_HISTORIES(4)],
    ['another root where none is due', at(1, { blRoot: Buffer.alloc(32, 1) }), TWO_HISTORIES(1)],
    [
      'a leaf of the future',
      at(4, { blTxId: 4 }),
      'NOT PROVEN (transaction-differs). Line 4 of log: The header of transaction 4 claims ' +
        'a tree of 4 transactions.',
    ],
  ])('when the tree has %s, then the walk shows it', async (_what, lies, sentence) => {
    const { headerAt, walked } = bankThat(lies);
    const none = { format: 'core-bank-refusals/1', toVersion: 0, headVersion: 0 };
    expect(await ofExport([headerAt(bank.LAST, none)], walked)).toBe(sentence);
  });
});

describe('given a signed log with a wrong entry', () => {
  const ZEROS = '0'.repeat(15);
  const key = (version: number): string => eventKey(STREAM, version);
  const more = (...entries: SmallEntry[]) => ({
    written: (all: SmallEntry[][]) => all.toSpliced(-1, 0, entries),
  });
  const marked = (part: object): SmallEntry => ({
    ...entryOf(key(4), ''),
    metadata: { deleted: false, expiration: null, ...part },
  });
  const inGroup = (entry: SmallEntry) => ({
    written: (all: SmallEntry[][]) => all.with(2, [...all[2]!, entry]),
  });
  test.each<[string, bank.Lies, string]>([
    [
      'a version written over with another amount',
      more(versionEntry(depositOf(4, '9.00', '11.00'))),
      `NOT PROVEN (rewritten). Line 7 of log: acct/A/${ZEROS}4 was written again in transaction 7.`,
    ],
    [
      'a version written again as it was',
      more(versionEntry(sound.all[3]!)),
      `NOT PROVEN (rewritten). Line 7 of log: acct/A/${ZEROS}4 was written again in transaction 7.`,
    ],
    [
      'a version twice in its own transaction',
      inGroup(versionEntry(depositOf(3, '9.00', '10.00'))),
      `NOT PROVEN (rewritten). Line 3 of log: acct/A/${ZEROS}3 was written again in transaction 3.`,
    ],
    [
      'a version that was deleted',
      more(marked({ deleted: true })),
      `NOT PROVEN (erased). Line 7 of log: acct/A/${ZEROS}4 was erased in transaction 7.`,
    ],
    [
      'a version that expires',
      more(marked({ expiration: { expiresAt: 1 } })),
      `NOT PROVEN (erased). Line 7 of log: acct/A/${ZEROS}4 was erased in transaction 7.`,
    ],
    [
      'a version after the last one',
      more(versionEntry(eventAt(7))),
      `NOT PROVEN (missing). The log has 7 versions of acct/A, the export tells of 6.`,
    ],
    [
      'a version far after the last one',
      more(versionEntry(eventAt(70))),
      `NOT PROVEN (missing). The log has 7 versions of acct/A, the export tells of 6.`,
    ],
    [
      'a key without a number',
      more(entryOf(`${STREAM}/last`, 'value')),
      `NOT PROVEN (entry-differs). Line 7 of log: acct/A/last was written in transaction 7, ` +
        'but no event has such a key.',
    ],
    [
      'a key with a number of another width',
      more(entryOf(`${STREAM}/7`, 'value')),
      `NOT PROVEN (entry-differs). Line 7 of log: acct/A/7 was written in transaction 7, ` +
        'but no event has such a key.',
    ],
    [
      'a key with a number beyond 2^53',
      more(entryOf(`${STREAM}/9007199254740993`, 'value')),
      `NOT PROVEN (entry-differs). Line 7 of log: acct/A/9007199254740993 was written in ` +
        'transaction 7, but no event has such a key.',
    ],
    [
      'escape codes in a key',
      more(entryOf(`${STREAM}/\u001b[2JPROVEN`, 'value')),
      `NOT PROVEN (entry-differs). Line 7 of log: acct/A/\\u{1b}[2JPROVEN was written in ` +
        'transaction 7, but no event has such a key.',
    ],
  ])('%s, then the walk shows it', async (_what, lies, sentence) => {
    const made = bankThat(lies);
    expect(await exportOf(made)).toMatch(/^PROVEN/);
    expect(await exportOf(made, made.walked)).toBe(sentence);
  });
});

describe('given a signed log with a wrong event', () => {
  const other = (version: number, change: object) => ({
    events: bank.TRUE_EVENTS.with(version - 1, eventAt(version, change)),
  });
  const late = bank.TRUE_EVENTS[5]!.at;
  const spaced = entryOf(eventKey(STREAM, 4), '{"index":0, "event":{}}');
  const shifted = versionEntry(sound.all[3]!, 1);
  test.each<[string, bank.Lies, string]>([
    [
      'an amount that does not add up',
      { events: bank.TRUE_EVENTS.with(3, depositOf(4, '9.00', '3.00') as bank.Event) },
      'NOT PROVEN (entry-differs). Line 5 of export: After version 4 the events make ' +
        '11.00, but it says 3.00.',
    ],
    [
      'a balance that does not follow',
      { events: bank.TRUE_EVENTS.with(3, depositOf(4, '1.00', '99.00') as bank.Event) },
      'NOT PROVEN (entry-differs). Line 5 of export: After version 4 the events make 3.00, ' +
        'but it says 99.00.',
    ],
    [
      'a time that goes back',
      other(3, { at: '2026-11-01T00:00:00.000Z' }),
      'NOT PROVEN (entry-differs). Line 4 of export: Version 3 is of ' +
        '2026-11-01T00:00:00.000Z, before the one before it.',
    ],
    [
      'a time that goes ahead of the next',
      other(3, { at: late }),
      'NOT PROVEN (entry-differs). Line 5 of export: Version 4 is of ' +
        '2026-11-04T12:00:00.000Z, before the one before it.',
    ],
    [
      'an id of another event',
      other(3, { id: `${STREAM}/9` }),
      "NOT PROVEN (entry-differs). Line 4 of export: The event's id acct/A/9 is not its " +
        'stream and version.',
    ],
    [
      'a stream of another account',
      other(3, { stream: `acct/${bank.OTHER}` }),
      'NOT PROVEN (entry-differs). Line 4 of export: Version 3 belongs to acct/B.',
    ],
    [
      'a predecessor of the first',
      other(1, { prev: 'nothing' }),
      'NOT PROVEN (entry-differs). Line 2 of export: Version 1 names an event before it, ' +
        'but is the first one.',
    ],
    [
      'no predecessors',
      { unchained: true },
      'NOT PROVEN (entry-differs). Line 3 of export: Version 2 does not name version 1 as ' +
        'it is here. One of the two was changed.',
    ],
    [
      'another predecessor',
      { events: lied.with(4, sound.all[4] as bank.Event), unchained: true },
      'NOT PROVEN (entry-differs). Line 7 of export: Version 6 does not name version 5 as ' +
        'it is here. One of the two was changed.',
    ],
    [
      'bytes that are no event',
      { written: (all) => all.with(3, [spaced]) },
      'NOT PROVEN (entry-differs). Line 5 of export: Entry 0 of transaction 4 is not ' +
        'acct/A/0000000000000004 with this value: one of them was changed.',
    ],
    [
      'a place that is not its own',
      { written: (all) => all.with(3, [shifted]) },
      'NOT PROVEN (entry-differs). Line 5 of export: Entry 0 of transaction 4 is not ' +
        'acct/A/0000000000000004 with this value: one of them was changed.',
    ],
    [
      'a number beyond 2^53',
      other(3, { sequence: 2 ** 53 }),
      'NOT PROVEN (unreadable). Line 4 of export has the number 9007199254740992, which ' +
        'programs may read as another one.',
    ],
    [
      'a member that programs lose',
      other(3, JSON.parse('{"__proto__":{"amount":"9.00"}}') as object),
      'NOT PROVEN (unreadable). Line 4 of export has a member "__proto__", which readers ' +
        'lose.',
    ],
  ])('%s, then the export is not proven', async (_what, lies, sentence) => {
    expect(await exportOf(bankThat(lies))).toBe(sentence);
  });
});

describe('given files of two logs that one key signed', () => {
  const other = bankThat({ events: lied, unchained: true });
  test.each<[string, () => Promise<string>, string]>([
    [
      'the export of one and the log of the other',
      () => exportOf(other, sound.walked),
      'NOT PROVEN (forked). The walked log is not the one that was signed at 7.',
    ],
    [
      'an event of the other in the export',
      () => exportOf({ ...sound, items: sound.items.with(4, other.items[4]!) }),
      'NOT PROVEN (forked). Line 6 of export: Version 5 is not in the log that was signed: ' +
        'transaction 5 is another one there.',
    ],
    [
      'an event with a proof of the other',
      () =>
        exportOf({
          ...sound,
          items: sound.items.with(4, { ...other.items[4]!, tree: sound.items[4]!.tree }),
        }),
      'NOT PROVEN (forked). Line 6 of export: Version 5 is not in the log that was signed: ' +
        'transaction 5 is another one there.',
    ],
    [
      'the state of the other',
      () => exportOf({ ...sound, header: { ...sound.header, state: other.header.state } }),
      'NOT PROVEN (transaction-differs). Line 1 of export: The transaction is not the one ' +
        'that was signed.',
    ],
    [
      'the end of the other',
      () => exportOf({ ...sound, header: other.header }),
      'NOT PROVEN (forked). Line 2 of export: Version 1 is not in the log that was signed: ' +
        'transaction 2 is another one there.',
    ],
    [
      'a log that goes on as the other',
      () => exportOf(sound, [...sound.walked.slice(0, 4), ...other.walked.slice(4)]),
      'NOT PROVEN (forked). The walked log is not the one that was signed at 7.',
    ],
    [
      'a receipt and the log of the other',
      () => ofReceipt(other.receiptAt(5), { log: sound.walked }),
      'NOT PROVEN (forked). The walked log is not the one that was signed at 7.',
    ],
    [
      'a receipt with the history of the other',
      () => ofReceipt({ ...sound.receiptAt(5), history: other.receiptAt(5).history }),
      'NOT PROVEN (entry-differs). Entry 0 of transaction 5 is not acct/A/0000000000000005 ' +
        'with this value: one of them was changed.',
    ],
    [
      'a receipt with the state of the other',
      () => ofReceipt({ ...sound.receiptAt(5), state: other.header.state }),
      'NOT PROVEN (forked). The log has another transaction 7 than the one that is known.',
    ],
    [
      'a newer state of the other',
      () => ofReceipt(sound.receiptAt(5, 6), { newer: other.newerThan(6) }),
      "NOT PROVEN (forked). The proof begins with another state than the receipt's, " +
        'transaction 6.',
    ],
    [
      'a newer state of the other, said to continue',
      () =>
        ofReceipt(sound.receiptAt(5, 6), {
          newer: { ...other.newerThan(6), from: sound.newerThan(6).from },
        }),
      'NOT PROVEN (forked). The log has another transaction 6 than the one that is known.',
    ],
    [
      'a newer state whose history is of the other',
      () =>
        ofReceipt(sound.receiptAt(2, 4), {
          newer: { ...sound.newerThan(4), history: other.newerThan(4).history },
        }),
      'NOT PROVEN (forked). The log has another transaction 7 than the one that is known.',
    ],
    [
      'events of the other with a receipt',
      () => ofEvents(other.all, sound.receiptAt(bank.LAST_VERSION)),
      'NOT PROVEN (entry-differs). Version 6 is another event than the one of the receipt.',
    ],
    [
      'events of both with a receipt',
      () => ofEvents(sound.all.with(4, other.all[4]!), sound.receiptAt(bank.LAST_VERSION)),
      'NOT PROVEN (entry-differs). Line 6 of events: Version 6 does not name version 5 as ' +
        'it is here. One of the two was changed.',
    ],
  ])('%s, then nothing is proven', async (_what, verified, sentence) => {
    expect(await verified()).toBe(sentence);
  });
});

describe('given times that went back in what an export of a period leaves out', () => {
  /** Version 2 or 5 lies in the period too, but is shown by nobody. */
  const [from, to] = ['2026-11-03T00:00:00.000Z', '2026-11-05T00:00:00.000Z'];
  const hidden = bankThat({
    events: bank.TRUE_EVENTS.with(0, eventAt(1, { at: '2026-11-04T00:00:00.000Z' })).with(
      5,
      eventAt(6, { at: '2026-11-04T00:00:00.000Z' }),
    ),
  });
  const shown = (first: number, last: number, made: bank.Bank, change: object = { from, to }) =>
    ofExport(
      [
        { ...made.header, fromVersion: first, toVersion: last, ...change },
        ...made.items.slice(first - 1, last),
      ],
      made.walked,
    );

  test('then the export says of no period that it is whole', async () => {
    const said = await shown(2, 5, hidden);
    expect(said).toMatch(/^PROVEN/);
    expect(said).not.toMatch(/is missing/);
    expect(said.slice(said.indexOf('NOT proven:'))).toContain(
      `  - that every event since ${from} and before ${to} is here: one before that and one ` +
        'after it are shown, but the times of\n    version 1 and version 6 cannot be seen here, ' +
        'and may lie in the period too. An export\n    without "from" and "to" has all.',
    );
  });

  test.each<[string, number, number, object, string]>([
    ['its beginning', 2, bank.LAST_VERSION, { from }, 'one before that and the last one are shown'],
    ['its end', 1, 5, { to }, 'the first one of all and one after it are shown'],
  ])('when only %s is left open, then neither', async (_what, first, last, period, edges) => {
    const said = await shown(first, last, sound, period);
    expect(said).not.toMatch(/is missing/);
    expect(said.slice(said.indexOf('NOT proven:'))).toContain(edges);
  });

  test('but a period is whole when all versions are shown', async () => {
    expect(await shown(1, bank.LAST_VERSION, sound)).toContain(
      `  - No event since ${from} and before ${to} is missing up to version 6: all versions from ` +
        'the first one on are here.',
    );
  });
});
