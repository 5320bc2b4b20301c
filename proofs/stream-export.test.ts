import { generateKeyPairSync, sign } from 'node:crypto';
import { canonicalJson } from '../contracts/canonical-json.ts';
import type { ExportedEvent, ExportHeader } from '../contracts/log/receipts.ts';

import { exportFinding } from './export-findings.ts';
import { encodeEvent, eventKey, positionOf, rawBytes } from './entry-proof.ts';
import { writeHeader } from './proof-documents.ts';
import { isFault, type ProofFault } from './proof-fault.ts';
import { statePayload } from './signed-state.ts';
import { chained, logOf } from './small-log-for-tests.ts';
import { createStreamExport } from './stream-export.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const accountId = '4e2b19a5-6cf7-4d9b-9d0e-0a1b2c3d4e5f';
const stream = `acct/${accountId}`;
const VERSIONS = 10;
const day = (version: number): string =>
  `2026-11-${String(version).padStart(2, '0')}T12:00:00.000Z`;
const money = (version: number): string => `${version - 1}.00`;

/** An account that is opened, and gets 1.00 on each day after that. */
function eventAt(version: number, ledger = money(version)) {
  const balance = { ledger, held: '0.00', available: ledger };
  const opened = { currency: 'EUR', ownerId: 'jana', overdraftLimit: '0.00', balance };
  return {
    id: `${stream}/${version}`,
    stream,
    version,
    schema: 1,
    at: day(version),
    commandId: `c-${version}`,
    commandHash: 'h',
    type: version === 1 ? 'account-opened' : 'money-deposited',
    data: version === 1 ? opened : { amount: '1.00', currency: 'EUR', balance },
  };
}

/** The log has one transaction before the account and one event a transaction after that. */
function bank(plain = Array.from({ length: VERSIONS }, (_, at) => eventAt(at + 1))) {
  const events = chained(plain);
  const marker = { key: rawBytes(Buffer.from('meta/genesis')), value: rawBytes(Buffer.from('g')) };
  const log = logOf([
    [marker],
    ...events.map((event) => [
      {
        key: rawBytes(Buffer.from(eventKey(stream, event.version))),
        value: rawBytes(encodeEvent(0, canonicalJson(event))),
      },
    ]),
  ]);
  const last = events.length + 1;
  const state = { ...log.state(last), db: 'corebank' };
  const signature = sign('sha256', statePayload('corebank', state), pair.privateKey);
  const header: ExportHeader = {
    format: 'core-bank-account/1',
    accountId,
    fromVersion: 1,
    toVersion: events.length,
    headVersion: events.length,
    state: {
      db: 'corebank',
      txId: last,
      txHash: state.txHash.toString('base64'),
      signature: signature.toString('base64'),
    },
    target: writeHeader(log.header(last)),
  };
  const items = events.map((event, at): ExportedEvent => {
    const tx = at + 2;
    const { inclusion, lastInclusion } = log.history(tx, last);
    const blTxId = log.header(last).blTxId;
    return {
      position: positionOf(tx, 0),
      event,
      inclusion: log.inclusion(tx, 0),
      header: writeHeader(log.header(tx)),
      tree: tx < blTxId ? inclusion : tx === blTxId ? lastInclusion : [],
    };
  });
  return { header, items };
}

function checked(header: ExportHeader, items: readonly ExportedEvent[]) {
  const check = createStreamExport(header, pair.publicKey);
  const begun = check.begin();
  if (begun !== undefined) return begun;
  for (const item of items) {
    const fault = check.take(item);
    if (fault !== undefined) return fault;
  }
  return check.end();
}
const { header, items } = bank();

describe('given an exported account', () => {
  test('then all its versions are proven and add up', () => {
    const summary = checked(header, items);
    if (isFault(summary)) throw new Error(summary.detail);
    expect(summary).toEqual({
      events: 10,
      addsUp: true,
      begins: 'first-event',
      ends: 'last-event',
    });
    const [alone, walked] = [undefined, 11].map((tx) =>
      exportFinding(header, summary, tx).lines.join(' '),
    );
    expect(alone).toMatch(/the bank's word here/);
    expect(walked).toMatch(/exactly versions 1 to 10/);
    expect(walked).not.toMatch(/the bank's word/);
  });

  test.each<[string, readonly ExportedEvent[], string]>([
    ['a version is left out', items.toSpliced(4, 1), 'missing'],
    ['the first is left out', items.slice(1), 'missing'],
    ['the last is left out', items.slice(0, -1), 'missing'],
    ['one comes twice', items.toSpliced(4, 0, items[3]!), 'rewritten'],
    ['two are exchanged', items.toSpliced(4, 2, items[5]!, items[4]!), 'missing'],
    [
      'an amount is changed',
      items.with(6, { ...items[6]!, event: eventAt(7, '7.00') }),
      'entry-differs',
    ],
    ['a proof is of another', items.with(6, { ...items[6]!, tree: items[5]!.tree }), 'forked'],
    [
      'an event is of another log',
      items.with(6, bank(items.map((_item, at) => eventAt(at + 1, '0.00'))).items[6]!),
      'forked',
    ],
    ['a position is changed', items.with(6, { ...items[6]!, position: 9 }), 'entry-differs'],
  ])('when %s, then it is refused', (_what, changed, fault) => {
    expect(checked(header, changed)).toMatchObject({ fault });
  });

  test('when it says less than the last version, then the events cannot be more', () => {
    expect(checked({ ...header, toVersion: 9 }, items)).toMatchObject({ fault: 'unreadable' });
    expect(checked({ ...header, headVersion: 9 }, items)).toMatchObject({ fault: 'unreadable' });
  });

  test('when the balances in the log itself do not add up, then that is reported', () => {
    const events = items.map((_item, at) => eventAt(at + 1, at === 5 ? '99.00' : undefined));
    const wrong = bank(events);
    expect((checked(wrong.header, wrong.items) as ProofFault).detail).toMatch(
      /After version 6 the events make 5.00, but it says 99.00/,
    );
  });

  test('when its state is not signed by the bank, then it is refused', () => {
    const state = { ...header.state, txId: 12 };
    expect(checked({ ...header, state }, items)).toMatchObject({ fault: 'signature-foreign' });
    const target = { ...header.target, ts: 1 };
    expect(checked({ ...header, target }, items)).toMatchObject({ fault: 'transaction-differs' });
  });
});

describe('given an export of the time between two dates', () => {
  const period = { from: day(4), to: day(7) };
  const part = (fromVersion: number, toVersion: number, dates = period) =>
    checked(
      { ...header, ...dates, fromVersion, toVersion },
      items.slice(fromVersion - 1, toVersion),
    );

  test('then the events around it are there, and no other between them', () => {
    const summary = { events: 5, addsUp: false, begins: 'before-period', ends: 'after-period' };
    expect(part(3, 7)).toEqual(summary);
    expect(part(1, 10)).toMatchObject({ begins: 'first-event', ends: 'last-event' });
  });

  test('given finer times than events have, then those of the same millisecond are before', () => {
    const finer = (version: number): string => day(version).replace('Z', '1Z');
    const summary = { begins: 'before-period', ends: 'after-period' };
    expect(part(3, 8, { from: finer(3), to: finer(7) })).toMatchObject(summary);
    expect(part(3, 7, { from: finer(3), to: finer(7) })).toMatchObject({ fault: 'missing' });
  });

  test('when one of them is not there, then it is refused', () => {
    expect(part(4, 7)).toMatchObject({
      fault: 'missing',
      detail: expect.stringMatching(/before/) as string,
    });
    expect(part(3, 6)).toMatchObject({
      fault: 'missing',
      detail: expect.stringMatching(/after/) as string,
    });
  });
});
