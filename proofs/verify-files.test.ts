import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../contracts/canonical-json.ts';
import { problem } from '../contracts/http/problems.ts';
import type { WalkedTransaction } from '../contracts/log/receipts.ts';
import { rawBytes, encodeEvent, eventKey, positionOf } from './entry-proof.ts';
import { valueHash } from './log-transaction.ts';
import { printed } from './findings.ts';
import { writeHeader } from './proof-documents.ts';
import { statePayload } from './signed-state.ts';
import { chained, logOf, type SmallEntry } from './small-log-for-tests.ts';
import { readKeyFile, verifyAccountFile, verifyEventsFile } from './verify-files.ts';
import { verifyReceiptFile } from './verify-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'verify-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const pem = String(pair.publicKey.export({ type: 'spki', format: 'pem' }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const lines = (items: readonly object[]): string =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('');

const accountId = '4e2b19a5-6cf7-4d9b-9d0e-0a1b2c3d4e5f';
const stream = `acct/${accountId}`;
const VERSIONS = 5;
const eventAt = (version: number) => ({
  id: `${stream}/${version}`,
  stream,
  version,
  type: 'of-the-future',
  at: '2026-11-21T10:00:00.000Z',
  data: { description: 'line 1\u2028line 2\u2029\u0085' },
});
const entryOf = (name: string, text: string): SmallEntry => ({
  key: rawBytes(Buffer.from(name)),
  value: rawBytes(Buffer.from(text)),
});
const versionEntry = (version: number, event: object = eventAt(version)): SmallEntry => ({
  key: rawBytes(Buffer.from(eventKey(stream, version))),
  value: rawBytes(encodeEvent(0, canonicalJson(event))),
});
const balanceOf = (ledger: string) => ({ ledger, held: '0.00', available: ledger });

/** A log of the account with one event a transaction, and `more` after its events. */
function bank(more: readonly SmallEntry[][] = [], first: object = eventAt(1)) {
  const versions = Array.from({ length: VERSIONS }, (_, at) => at + 1);
  const all = chained([first, ...versions.slice(1).map(eventAt)]);
  const eventOf = (version: number) => all[version - 1] as ReturnType<typeof eventAt>;
  const own = versions.map((version) => [versionEntry(version, eventOf(version))]);
  const transactions = [[entryOf('meta/genesis', 'g')], ...own, ...more, [entryOf('cmd/x', 'y')]];
  const log = logOf(transactions);
  const last = transactions.length;
  const signature = sign('sha256', statePayload('corebank', log.state(last)), pair.privateKey);
  const state = {
    db: 'corebank',
    txId: last,
    signature: signature.toString('base64'),
    txHash: log.state(last).txHash.toString('base64'),
  };
  const header = {
    format: 'core-bank-account/1',
    accountId,
    fromVersion: 1,
    toVersion: VERSIONS,
    headVersion: VERSIONS,
    state,
    target: writeHeader(log.header(last)),
  };
  const events = Array.from({ length: VERSIONS }, (_, at) => {
    const tx = at + 2;
    const { inclusion, lastInclusion } = log.history(tx, last);
    return {
      position: positionOf(tx, 0),
      event: eventOf(at + 1),
      inclusion: log.inclusion(tx, 0),
      header: writeHeader(log.header(tx)),
      tree: tx < last - 1 ? inclusion : lastInclusion,
    };
  });
  const walked = transactions.map((entries, at): WalkedTransaction => ({
    header: writeHeader(log.header(at + 1)),
    entries: entries.map(({ key, value }) => ({
      key: key.toString('base64'),
      hValue: valueHash(value).toString('base64'),
    })),
  }));
  const receiptOf = (version: number) => {
    const tx = version + 1;
    return {
      format: 'core-bank-receipt/1',
      position: positionOf(tx, 0),
      event: eventOf(version),
      inclusion: log.inclusion(tx, 0),
      history: log.history(tx, last),
      state,
    };
  };
  return { header, events, walked, all, receiptOf, receipt: receiptOf(2) };
}
const key = readKeyFile(file('bank.pub', pem));
const check = async (given: ReturnType<typeof bank>, walked?: readonly object[]) => {
  const path = file('export.ndjson', lines([given.header, ...given.events]));
  const log = walked === undefined ? undefined : file('log.ndjson', lines(walked));
  const { isProven, lines: found } = await verifyAccountFile(path, key, log, () => undefined);
  return [isProven, found.join(' ')] as const;
};

test('the key is read as PEM and as the API answers it', () => {
  const answer = JSON.stringify({ algorithm: 'ECDSA P-256, SHA-256', publicKey: pem });
  expect(readKeyFile(file('key.json', answer))[0]!.equals(key[0]!)).toBe(true);
});

describe('given files of an account', () => {
  test('then the export is proven, and with the log that it has no other event', async () => {
    const given = bank();
    expect(await check(given)).toEqual([true, expect.stringMatching(/bank's word/)]);
    expect(await check(given, given.walked)).toEqual([
      true,
      expect.stringMatching(/exactly versions 1 to 5/),
    ]);
  });

  test.each<[string, SmallEntry[], RegExp]>([
    ['an event more', [versionEntry(VERSIONS + 1)], /has 6 versions of acct/],
    ['an event written over', [entryOf(eventKey(stream, 2), 'forged')], /written again/],
  ])('when the log has %s, then only the log shows it', async (_what, more, message) => {
    const given = bank([more]);
    expect((await check(given))[0]).toBe(true);
    expect(await check(given, given.walked)).toEqual([false, expect.stringMatching(message)]);
  });

  test.each<[string, (walked: WalkedTransaction[]) => object[], RegExp]>([
    ['ends early', (walked) => walked.slice(0, -1), /walked to transaction 6, not to 7/],
    ['has a hole', (walked) => walked.toSpliced(3, 1), /some are missing/],
    ['is of another bank', () => bank([[entryOf('a', 'b')]]).walked, /NOT PROVEN/],
    [
      'hides an entry',
      (walked) => walked.with(2, { ...walked[2]!, entries: [walked[0]!.entries[0]!] }),
      /entries of transaction 3/,
    ],
  ])('when the walked log %s, then it is refused', async (_what, change, message) => {
    const given = bank();
    expect(await check(given, change(given.walked))).toEqual([
      false,
      expect.stringMatching(message),
    ]);
  });

  test('then texts may have what other programs end lines with, however long', async () => {
    // Three bytes each, so that the chunks in which a file is read end within some of them.
    const description = 'a\u2028\u2029\u0085ž\u{1f40e}'.repeat(40_000);
    const given = bank([], { ...eventAt(1), data: { description } });
    expect(await check(given, given.walked)).toEqual([true, expect.stringMatching(/^PROVEN/)]);
    const events = file('long.ndjson', lines(given.all));
    const receipt = file('long.json', JSON.stringify(given.receiptOf(VERSIONS)));
    expect((await verifyEventsFile(events, receipt, key, () => undefined)).isProven).toBe(true);
  });

  test('when a file is cut in a line, or empty, then that is reported with its place', async () => {
    const { header, events } = bank();
    const whole = lines([header, ...events]);
    for (const [text, message] of [
      [whole.slice(0, -30), /Line 6 of .* is not JSON/],
      ['', /is empty/],
      [`{"format":"core-bank-account/2"}\n`, /Line 1 of .*format/],
    ] as const) {
      const path = file('cut.ndjson', text);
      const found = await verifyAccountFile(path, key, undefined, () => undefined);
      expect([found.isProven, found.lines[0]]).toEqual([false, expect.stringMatching(message)]);
    }
  });
});

describe('given a file that wants to say something of its own besides what is proven', () => {
  const sentence = '.\n  - The account has 1000000.00 EUR';
  test.each<[string, object]>([
    ['its period', { from: `2026-01-01T00:00:00.000Z${sentence}` }],
    ['words in place of a time', { to: 'the end of time' }],
    ['its account', { format: 'core-bank-refusals/1', accountId: `${accountId}${sentence}` }],
  ])('in %s, then it is refused', async (_what, change) => {
    const { header } = bank();
    const given = { ...bank(), header: { ...header, ...change } };
    expect(await check(given)).toEqual([false, expect.stringMatching(/Line 1 .* Not readable at/)]);
  });

  test('then nothing that it says moves the cursor or begins a line', async () => {
    const { receipt } = bank();
    const clear = `\u001b[2J\u009b1;1H\u2028\u202e${sentence}`;
    const event = { ...receipt.event, stream: clear };
    const path = file('c.json', JSON.stringify({ ...receipt, event }));
    const shown = printed(await verifyReceiptFile(path, key));
    expect(shown).toMatch(/^NOT PROVEN .*\\u\{1b\}\[2J\\u\{9b\}1;1H\\u\{2028\}\\u\{202e\}/);
    expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  });
});

describe('given a file that no check was made for, then it is not proven', () => {
  const huge = 2 ** 40;
  const shown = async (document: object) =>
    (await verifyReceiptFile(file('h.json', JSON.stringify(document)), key)).lines[0];

  test('a receipt with a transaction that no log can have', async () => {
    const { receipt } = bank();
    const source = { ...receipt.history.source, nentries: huge };
    const history = { ...receipt.history, source };
    expect(await shown({ ...receipt, history })).toMatch(
      /^NOT PROVEN \(transaction-differs\). The header of transaction 3 claims 1099511627776/,
    );
  });

  test('an export whose first event follows nothing', async () => {
    const text = {
      schema: 1,
      type: 'money-deposited',
      commandId: 'c',
      commandHash: 'h',
      data: { amount: '1.00', currency: 'EUR', balance: balanceOf('1.00') },
    };
    const found = await check(bank([], { ...eventAt(1), ...text }));
    expect(found).toEqual([
      false,
      expect.stringMatching(/Line 2 .* before the account was opened/),
    ]);
  });

  test('a walked log with a key that no log can have', async () => {
    const given = bank();
    const [first, ...others] = given.walked;
    const long = { ...first!.entries[0]!, key: 'A'.repeat(100_000) };
    const walked = [{ ...first!, entries: [long] }, ...others];
    expect(await check(given, walked)).toEqual([false, expect.stringMatching(/cannot be checked/)]);
  });
});

describe('given the file of a receipt', () => {
  test('then it is proven, and says what it does not prove', async () => {
    const finding = await verifyReceiptFile(file('r.json', JSON.stringify(bank().receipt)), key);
    expect(finding.isProven).toBe(true);
    expect(finding.lines.join(' ')).toMatch(/NOT proven by a receipt/);
  });

  test('when it is no JSON, or no receipt, then it is refused', async () => {
    for (const text of ['<html>', '{}', '[1]']) {
      const { lines: said } = await verifyReceiptFile(file('x.json', text), key);
      expect(said[0]).toMatch(/unreadable/);
    }
  });

  test('when it is cut off, or the bank refused it, then it says so', async () => {
    const cut = JSON.stringify(bank().receipt).slice(0, -9);
    const said = async (text: string) =>
      (await verifyReceiptFile(file('y.json', text), key)).lines.join(' ');
    expect(await said(cut)).toMatch(/NOT PROVEN.*is not JSON: was it cut off, or/);
    const refusal = problem('event-not-found', '/v1/accounts/x/events/9/receipt');
    expect(await said(JSON.stringify(refusal))).toMatch(/NOT PROVEN.*refusal to give a proof.*404/);
  });

  test('when the newer state does not belong to it, then it is refused', async () => {
    const { receipt } = bank();
    const path = file('r.json', JSON.stringify(receipt));
    const other = bank([[entryOf('a', 'b')]]).receipt;
    const { txId, txHash } = other.state;
    const newer = { format: 'core-bank-consistency/1', from: { txId, txHash }, to: other.state };
    const text = JSON.stringify({ ...newer, history: other.history });
    const found = await verifyReceiptFile(path, key, { newer: file('n.json', text) });
    expect(found.isProven).toBe(false);
  });
});

describe('given events 1 to n and the receipt of event n alone', () => {
  type Event = ReturnType<typeof eventAt> & { readonly prev?: string };
  const { all: made, receiptOf, header, events: exported } = bank();
  const all = made as Event[];
  const verify = async (text: string, receipt: object = receiptOf(VERSIONS)) => {
    const events = file('events.ndjson', text);
    const path = file('last.json', JSON.stringify(receipt));
    const found = await verifyEventsFile(events, path, key, () => undefined);
    return [found.isProven, found.lines.join(' ')] as const;
  };
  const dropped = (at: number) => all.toSpliced(at, 1);
  const changed = (at: number, change: object) => all.with(at, { ...all[at]!, ...change });
  const swapped = all.with(1, all[2]!).with(2, all[1]!);
  /** A history of somebody who changed version 2 and all digests after it. */
  const rewritten = chained(
    all.map(({ prev: _prev, ...event }, at) => (at === 1 ? { ...event, type: 'x' } : event)),
  );
  const linkless = ({ prev: _prev, ...event }: Event) => event;

  test('then one receipt proves them all, as plain events or as lines of an export', async () => {
    const proven = [true, expect.stringMatching(/events 1 to 5 of acct/)];
    expect(await verify(lines(all))).toEqual(proven);
    expect(await verify(lines([header, ...exported]))).toEqual(proven);
    const placed = all.map((event, at) => ({ ...event, position: positionOf(at + 2, 0) }));
    expect(await verify(lines(placed))).toEqual(proven);
    const pages = [placed.slice(0, 3), placed.slice(3)].map((items) => ({ accountId, items }));
    expect(await verify(lines(pages))).toEqual(proven);
    const crlf = lines(all).replaceAll('\n', '\r\n').trimEnd();
    expect(await verify(crlf)).toEqual(proven);
    const turned = all.map((event) => Object.fromEntries(Object.entries(event).reverse()));
    expect(await verify(lines(turned))).toEqual(proven);
    for (const version of [1, 2, 3, 4]) {
      expect((await verify(lines(all.slice(0, version)), receiptOf(version)))[0]).toBe(true);
    }
  });

  test.each<[string, readonly object[], RegExp]>([
    ['an event changed', changed(1, { at: '2026-11-21T10:00:00.001Z' }), /Version 3 does not name/],
    ['the first one changed', changed(0, { type: 'y' }), /Version 2 does not name version 1/],
    ['the last one changed', changed(4, { type: 'y' }), /Version 5 is another event than the one/],
    ['one dropped', dropped(2), /Version 3 is missing: 4 follows/],
    ['the first dropped', dropped(0), /Version 1 is missing: 2 follows/],
    ['the last dropped', dropped(4), /end before version 5; the receipt is of 5/],
    ['nothing at all', [], /end before version 1/],
    ['one twice', [...all.slice(0, 3), all[2]!, ...all.slice(3)], /Version 3 comes after 3/],
    ['two in another order', swapped, /Version 2 is missing: 3 follows/],
    [
      'two exchanged and numbered again',
      [
        ...all.slice(0, 1),
        { ...all[2]!, id: `${stream}/2`, version: 2 },
        { ...all[1]!, id: `${stream}/3`, version: 3 },
        ...all.slice(3),
      ],
      /Version 2 does not name/,
    ],
    ['all later digests made again', rewritten, /Version 5 is another event than the one/],
    ['a wrong prev', changed(2, { prev: all[1]!.prev }), /Version 3 does not name version 2/],
    ['no prev', all.with(2, linkless(all[2]!)), /Version 3 does not name version 2/],
    [
      'a prev at version 1',
      changed(0, { prev: all[1]!.prev }),
      /Version 1 names an event before it/,
    ],
    ['an event of another stream', changed(1, { stream: 'acct/x' }), /not one of acct/],
    ['an id that is another', changed(1, { id: `${stream}/9` }), /not one of acct/],
    ['one more', [...all, { ...eventAt(6), prev: 'x' }], /Version 6 does not name version 5/],
    [
      'a right one more',
      chained([...all.map(linkless), eventAt(6)]),
      /proves versions 1 to 5, not 6/,
    ],
    ['no event in a line', [...all.slice(0, 2), { a: 1 }], /Line 3 .*Not readable/],
  ])('when there is %s, then it is not proven', async (_what, events, message) => {
    expect(await verify(lines(events))).toEqual([false, expect.stringMatching(message)]);
  });

  test('when the receipt is not proven itself, then nothing is', async () => {
    const receipt = receiptOf(VERSIONS);
    const forged = { ...receipt, event: { ...receipt.event, type: 'forged' } };
    const events = lines(all.with(4, forged.event));
    expect(await verify(events, forged)).toEqual([false, expect.stringMatching(/NOT PROVEN/)]);
    expect((await verify(lines(all), {}))[1]).toMatch(/unreadable/);
  });
});
