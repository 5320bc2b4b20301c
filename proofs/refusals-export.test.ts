import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../contracts/canonical-json.ts';
import { rawBytes, encodeEvent, eventKey, positionOf } from './entry-proof.ts';
import { valueHash } from './log-transaction.ts';
import { writeHeader } from './proof-documents.ts';
import { statePayload } from './signed-state.ts';
import { chained, logOf, type SmallEntry } from './small-log-for-tests.ts';
import { verifyAccountFile } from './verify-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'refusals-export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const accountId = '4e2b19a5-6cf7-4d9b-9d0e-0a1b2c3d4e5f';
const otherId = '00000000-6cf7-4d9b-9d0e-0a1b2c3d4e5f';
const [REFUSALS, ACCOUNT] = ['core-bank-refusals/1', 'core-bank-account/1'];
const RECORDS = 6;

const balance = { ledger: '1.00', held: '0.00', available: '1.00' };
/** A record as the log has it; the last one of a day that is full when asked for. */
const recordAt = (stream: string, version: number, isFull = false) => ({
  id: `${stream}/${version}`,
  stream,
  version,
  type: 'command-refused',
  schema: 1,
  commandId: `refusal ${accountId}`,
  commandHash: 'h',
  at: `2026-11-${String(version).padStart(2, '0')}T12:00:00.000Z`,
  data: {
    command: { commandId: `rent-${version}`, type: 'withdraw', amount: '200.00' },
    refusal: { code: 'insufficient-funds', available: '1.00', shortfall: '199.00' },
    seen: {
      version: 1,
      status: 'open',
      currency: 'EUR',
      overdraftLimit: '0.00',
      balance,
      spentToday: '0.00',
    },
    ...(isFull ? { dayIsFull: true } : {}),
  },
});
type Record = ReturnType<typeof recordAt>;
const entryOf = (event: Record): SmallEntry => ({
  key: rawBytes(Buffer.from(eventKey(event.stream, event.version))),
  value: rawBytes(encodeEvent(0, canonicalJson(event))),
});

/** A log with these records, one a transaction, and the export of a stream that has `count`. */
function bank(plain: readonly Record[], format = REFUSALS, count = plain.length) {
  const records = chained(plain);
  const genesis = { key: rawBytes(Buffer.from('meta/genesis')), value: rawBytes(Buffer.from('g')) };
  const transactions = [[genesis], ...records.map((event) => [entryOf(event)]), [genesis]];
  const log = logOf(transactions);
  const last = transactions.length;
  const signature = sign('sha256', statePayload('corebank', log.state(last)), pair.privateKey);
  const header = {
    format,
    accountId,
    fromVersion: 1,
    toVersion: count,
    headVersion: count,
    state: {
      db: 'corebank',
      txId: last,
      signature: signature.toString('base64'),
      txHash: log.state(last).txHash.toString('base64'),
    },
    target: writeHeader(log.header(last)),
  };
  const items = records.map((event, at) => {
    const tx = at + 2;
    const { inclusion, lastInclusion } = log.history(tx, last);
    return {
      position: positionOf(tx, 0),
      event,
      inclusion: log.inclusion(tx, 0),
      header: writeHeader(log.header(tx)),
      tree: tx < last - 1 ? inclusion : lastInclusion,
    };
  });
  const walked = transactions.map((entries, at) => ({
    header: writeHeader(log.header(at + 1)),
    entries: entries.map(({ key, value }) => ({
      key: key.toString('base64'),
      hValue: valueHash(value).toString('base64'),
    })),
  }));
  return { header, items, walked };
}

const file = (name: string, items: readonly object[]): string => {
  const path = join(folder, name);
  writeFileSync(path, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  return path;
};
const verified = async (header: object, items: readonly object[], walked?: readonly object[]) => {
  const log = walked === undefined ? undefined : file('log.ndjson', walked);
  const path = file('export.ndjson', [header, ...items]);
  const finding = await verifyAccountFile(path, pair.publicKey, log, () => undefined);
  return [finding.isProven, finding.lines.join(' ')] as const;
};
const stream = `refusal/${accountId}`;
const recordsOf = (name: string, count = RECORDS) =>
  Array.from({ length: count }, (_, at) => recordAt(name, at + 1));
const { header, items, walked } = bank(recordsOf(stream));

describe('given the export of recorded refusals', () => {
  test('then it is proven, and told to be that, with and without the walked log', async () => {
    const [isProven, words] = await verified(header, items);
    expect(isProven).toBe(true);
    expect(words).toMatch(`6 recorded REFUSALS of account ${accountId}, versions 1 to 6,`);
    expect(words).toMatch(/bank's word here/);
    expect(words).toMatch(/NOT proven:.*that every refusal was recorded/);
    expect(words).not.toMatch(/balance/);
    expect(await verified(header, items, walked)).toEqual([
      true,
      expect.stringMatching(/exactly versions 1 to 6 of the recorded REFUSALS/),
    ]);
  });

  test.each<[string, readonly object[], string]>([
    ['one is missing', items.toSpliced(2, 1), 'missing'],
    ['the first is missing', items.slice(1), 'missing'],
    ['the last is missing', items.slice(0, -1), 'missing'],
    ['one is shown twice', items.toSpliced(2, 0, items[1]!), 'rewritten'],
    ['the last is shown twice', [...items, items.at(-1)!], 'rewritten'],
    [
      'one is changed',
      items.with(2, { ...items[2]!, event: recordAt(stream, 3, true) }),
      'entry-differs',
    ],
    [
      'one is of another account',
      items.with(2, { ...items[2]!, event: recordAt(`refusal/${otherId}`, 3) }),
      'entry-differs',
    ],
  ])('when %s, then it is refused', async (_what, changed, fault) => {
    const found = await verified(header, changed);
    expect(found).toEqual([false, expect.stringMatching(`NOT PROVEN \\(${fault}\\)`)]);
  });

  test('when the log has one more, then only the walked log shows it', async () => {
    const given = bank(recordsOf(stream));
    const less = { ...given.header, toVersion: RECORDS - 1, headVersion: RECORDS - 1 };
    expect((await verified(less, given.items.slice(0, -1)))[0]).toBe(true);
    expect(await verified(less, given.items.slice(0, -1), given.walked)).toEqual([
      false,
      expect.stringMatching(/has 6 versions of refusal\/.*, the export tells of 5/),
    ]);
  });

  test('when a day was full, then what came after is said not to be there', async () => {
    const full = bank([...recordsOf(stream, 3), recordAt(stream, 4, true)]);
    const [isProven, words] = await verified(full.header, full.items);
    expect([isProven, words]).toEqual([true, expect.stringMatching(/refused later on 1 day/)]);
  });
});

describe('given exports of both streams of one account', () => {
  const account = bank(recordsOf(`acct/${accountId}`), ACCOUNT);

  test('when the first lines are exchanged, then neither passes as the other', async () => {
    expect((await verified(account.header, account.items))[0]).toBe(true);
    for (const [claimed, shown] of [
      [{ ...header, format: ACCOUNT }, items],
      [{ ...account.header, format: REFUSALS }, account.items],
      [account.header, items],
      [header, account.items],
    ] as const) {
      expect(await verified(claimed, shown)).toEqual([
        false,
        expect.stringMatching(/NOT PROVEN \(entry-differs\).*belongs to/),
      ]);
    }
  });

  test('when the events are renamed as well, then the log has no such ones', async () => {
    const renamed = items.map((item, at) => ({
      ...item,
      event: recordAt(`acct/${accountId}`, at + 1),
    }));
    expect(await verified({ ...header, format: ACCOUNT }, renamed)).toEqual([
      false,
      expect.stringMatching(/one of them was changed/),
    ]);
  });

  test('when the walked log has only the other stream, then this one has none', async () => {
    const none = bank(recordsOf(`acct/${accountId}`), REFUSALS, 0);
    expect(await verified(none.header, [], none.walked)).toEqual([
      true,
      expect.stringMatching(/The log has no recorded REFUSALS/),
    ]);
  });
});

describe('given an account without recorded refusals', () => {
  test('then the file says so, and without the log that is the word of the bank', async () => {
    const none = bank(recordsOf(stream), REFUSALS, 0);
    const [isProven, words] = await verified(none.header, []);
    expect([isProven, words]).toEqual([true, expect.stringMatching(/The file shows no recorded/)]);
    expect(words).toMatch(/NOT proven:.*that there are no recorded REFUSALS.*the bank's word/);
    const [isTrue, found] = await verified(none.header, [], none.walked);
    expect([isTrue, found]).toEqual([false, expect.stringMatching(/the export tells of 0/)]);
    expect((await verified(none.header, items.slice(0, 1)))[0]).toBe(false);
  });

  test('then an account without events is no account', async () => {
    const none = bank(recordsOf(stream), ACCOUNT, 0);
    expect(await verified(none.header, [])).toEqual([false, expect.stringMatching(/unreadable/)]);
  });
});
