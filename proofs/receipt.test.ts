import { generateKeyPairSync, sign } from 'node:crypto';
import { canonicalJson } from '../contracts/canonical-json.ts';
import type { ReceiptDocument } from '../contracts/log/receipts.ts';
import { receiptFinding } from './findings.ts';
import { encodeEvent, eventKey, positionOf, rawBytes } from './entry-proof.ts';
import { logOf } from './small-log-for-tests.ts';
import { isFault } from './proof-fault.ts';
import { beginsWith, consistencyFault, readReceipt, receiptFault } from './receipt.ts';
import { statePayload } from './signed-state.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const key = pair.publicKey;
const stream = 'acct/4e2b19a5-6cf7-4d9b-9d0e-0a1b2c3d4e5f';
const eventAt = (version: number, amount = '1.50') => ({
  id: `${stream}/${version}`,
  stream,
  version,
  type: 'money-deposited',
  schema: 1,
  at: '2026-11-21T10:00:00.000Z',
  commandId: `c-${version}`,
  commandHash: 'h',
  data: { amount, currency: 'EUR', description: 'Žluťoučký kůň "1/2" \u{1f40e}' },
});
const TRANSACTIONS = 20;
const log = logOf(
  Array.from({ length: TRANSACTIONS }, (_, tx) =>
    Array.from({ length: 1 + (tx % 4) }, (_entry, index) => ({
      key: rawBytes(Buffer.from(eventKey(stream, tx * 10 + index + 1))),
      value: rawBytes(encodeEvent(index, canonicalJson(eventAt(tx * 10 + index + 1)))),
    })),
  ),
);
const signed = (txId: number) => {
  const state = { ...log.state(txId), db: 'corebank' };
  const signature = sign('sha256', statePayload(state.db, state), pair.privateKey);
  const txHash = state.txHash.toString('base64');
  return { db: state.db, txId, txHash, signature: signature.toString('base64') };
};
const receiptAt = (tx: number, index: number, at: number): ReceiptDocument => ({
  format: 'core-bank-receipt/1',
  position: positionOf(tx, index),
  event: eventAt((tx - 1) * 10 + index + 1),
  inclusion: log.inclusion(tx, index),
  history: log.history(tx, at),
  state: signed(at),
});

describe('given receipts', () => {
  test('then each is proven, against any later state', () => {
    let count = 0;
    for (let tx = 1; tx <= TRANSACTIONS; tx += 1) {
      for (let at = tx; at <= TRANSACTIONS; at += 3) {
        const receipt = receiptAt(tx, (tx - 1) % 4, at);
        expect(receiptFault(receipt, key)).toBeUndefined();
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(70);
  });

  test('when another program wrote the members in another order, then it is proven too', () => {
    const receipt = receiptAt(7, 1, 20);
    const event = Object.fromEntries(Object.entries(receipt.event).reverse());
    const read = readReceipt(JSON.parse(JSON.stringify({ ...receipt, event }, null, 4)));
    if (isFault(read)) throw new Error(read.detail);
    expect(receiptFault(read, key)).toBeUndefined();
    expect(receiptFinding(read).lines.join('\n')).toMatch(/money-deposited 1.50 EUR/);
  });

  test('when it is about a refused command, then the words name the command and the rule', () => {
    const receipt = receiptAt(7, 1, 20);
    const refused = (data: object) => {
      const event = { ...receipt.event, type: 'command-refused', data };
      return receiptFinding({ ...receipt, event }).lines.join(' ');
    };
    const refusal = { code: 'insufficient-funds', available: '0.00', shortfall: '9.00' };
    const command = { type: 'withdraw', amount: '9.00' };
    const words = refused({ command, refusal, seen: { currency: 'EUR' } });
    expect(words).toMatch('command-refused: withdraw 9.00 EUR, insufficient-funds');
    expect(refused({ command: { type: 'freeze' }, refusal })).toMatch(': freeze, insufficient-');
  });
});

/** Every place of a document that a proof relies on, changed a little. */
function* changes(value: unknown, path: string): Generator<[string, unknown]> {
  if (typeof value === 'number') yield [path, value + 1];
  else if (typeof value === 'string') {
    // In the middle, because the last characters of base64 have bits that mean nothing.
    const middle = value.length >> 1;
    const other = value[middle] === 'A' ? 'B' : 'A';
    yield [path, `${value.slice(0, middle)}${other}${value.slice(middle + 1)}`];
  } else if (Array.isArray(value)) {
    for (const [at, member] of value.entries()) {
      for (const [place, other] of changes(member, `${path}/${at}`)) {
        yield [place, value.map((same: unknown, index) => (index === at ? other : same))];
      }
    }
    yield [`${path}/-`, value.slice(1)];
    yield [`${path}/+`, [...value, Buffer.alloc(32, 9).toString('base64')]];
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      for (const [place, other] of changes(member, `${path}/${name}`)) {
        yield [place, { ...value, [name]: other }];
      }
    }
  }
}

describe('given a receipt that somebody changed', () => {
  test('then it is refused, whatever was changed', () => {
    const receipt = receiptAt(7, 1, 20);
    const accepted: string[] = [];
    let count = 0;
    for (const [place, changed] of changes(receipt, '')) {
      count += 1;
      const read = readReceipt(changed);
      if (!isFault(read) && receiptFault(read, key) === undefined) accepted.push(place);
    }
    expect(count).toBeGreaterThan(50);
    expect(accepted).toEqual([]);
  });

  const receipt = receiptAt(7, 1, 20);
  const other = receiptAt(11, 2, 20);
  test.each<[string, ReceiptDocument, string]>([
    ['amount', { ...receipt, event: eventAt(62, '9.99') }, 'entry-differs'],
    ['event of another version', { ...receipt, event: other.event }, 'entry-differs'],
    ['place of another event', { ...receipt, inclusion: other.inclusion }, 'entry-differs'],
    ['history of another event', { ...receipt, history: other.history }, 'entry-differs'],
    ['state of another time', { ...receipt, state: signed(19) }, 'forked'],
    ['position', { ...receipt, position: other.position }, 'entry-differs'],
    ['id', { ...receipt, event: { ...receipt.event, id: `${stream}/9` } }, 'entry-differs'],
  ])('with another %s, then it is refused and the fault named', (_what, changed, fault) => {
    expect(receiptFault(changed, key)).toMatchObject({ fault });
  });

  test('when its bank has another key, then it is refused', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    expect(receiptFault(receipt, publicKey)).toMatchObject({ fault: 'signature-foreign' });
  });

  test.each([
    ['nothing', undefined],
    ['a list', []],
    ['another format', { ...receipt, format: 'core-bank-receipt/2' }],
    ['a member more', { ...receipt, proof: 'trust me' }],
    ['a hash that is too short', { ...receipt, state: { ...receipt.state, txHash: 'AAAA' } }],
  ])('when it is %s, then it cannot be read', (_what, value) => {
    expect(readReceipt(value)).toMatchObject({ fault: 'unreadable' });
  });
});

describe('given a receipt and a newer state', () => {
  const receipt = receiptAt(3, 2, 9);
  const { txId, txHash } = receipt.state;
  const newer = {
    format: 'core-bank-consistency/1' as const,
    from: { txId, txHash },
    to: signed(20),
    history: log.history(9, 20),
  };

  test('then the newer one is proven to continue that of the receipt', () => {
    expect(beginsWith(newer, receipt)).toBeUndefined();
    expect(consistencyFault(newer, key)).toBeUndefined();
    expect(receiptFinding(receipt, { newer }).lines.join(' ')).toMatch(/nothing of it was changed/);
  });

  test('when it continues another log, then it is refused', () => {
    const forged = logOf(
      Array.from({ length: TRANSACTIONS }, (_, tx) => [
        { key: rawBytes(Buffer.from(`k${tx}`)), value: rawBytes(Buffer.from('forged')) },
      ]),
    );
    const state = { ...forged.state(20), db: 'corebank' };
    const signature = sign('sha256', statePayload('corebank', state), pair.privateKey);
    const to = {
      db: 'corebank',
      txId: 20,
      txHash: state.txHash.toString('base64'),
      signature: signature.toString('base64'),
    };
    const history = forged.history(9, 20);
    expect(consistencyFault({ ...newer, to, history }, key)).toMatchObject({ fault: 'forked' });
    const from = { txId: 9, txHash: forged.state(9).txHash.toString('base64') };
    expect(consistencyFault({ ...newer, from, to, history }, key)).toBeUndefined();
    expect(beginsWith({ ...newer, from, to, history }, receipt)).toMatchObject({ fault: 'forked' });
  });
});
