import { EMPTY_LOG, followTransaction, goOn, valueHash } from './log-transaction.ts';
import type { LoggedTransaction, WalkedState } from './log-transaction.ts';
import { isFault } from './proof-fault.ts';
import { withLeaf } from './tree-frontier.ts';
import { readVectors } from './vectors-for-tests.ts';

const { transactions, states } = readVectors();
/** Where a walk of the real log is after each transaction. */
const walked = [EMPTY_LOG];
for (const { txId, txHash } of states) {
  walked.push({ txId, txHash, tree: withLeaf(walked.at(-1)!.tree!, txHash) });
}
const stateAt = (txId: number): WalkedState => walked[txId]!;

const flipped = (bytes: Uint8Array, bit: number): Buffer => {
  const changed = Buffer.from(bytes);
  changed[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
  return changed;
};

describe('given the transactions of a real log', () => {
  test('when they are followed, then each gives the state that the database had', () => {
    const reached = transactions.map((transaction) =>
      followTransaction(stateAt(transaction.header.id - 1), transaction),
    );
    expect(reached).toHaveLength(40);
    expect(reached).toEqual(transactions.map(({ header }) => stateAt(header.id)));
  });

  test('then the values that came with them have the hashes that were hashed', () => {
    const alive = transactions
      .flatMap(({ entries }) => entries)
      .filter(({ metadata }) => metadata === null);
    expect(alive.length).toBeGreaterThan(150);
    for (const { value, hValue } of alive) expect(valueHash(value)).toEqual(hValue);
  });

  test('then one of them deleted a key, which its hash covers', () => {
    const deletion = transactions[19]!;
    expect(deletion.entries[0]!.metadata!.deleted).toBe(true);
    const kept = { ...deletion, entries: [{ ...deletion.entries[0]!, metadata: null }] };
    expect(followTransaction(stateAt(19), kept)).toMatchObject({ fault: 'entry-differs' });
  });
});

describe('given a transaction that somebody changed', () => {
  const whole = transactions[9]!;
  const before = stateAt(9);
  const follow = (changed: LoggedTransaction) => followTransaction(before, changed);
  const withHeader = (part: Partial<LoggedTransaction['header']>): LoggedTransaction => ({
    ...whole,
    header: { ...whole.header, ...part },
  });
  const withEntry = (part: Partial<LoggedTransaction['entries'][number]>): LoggedTransaction => ({
    ...whole,
    entries: whole.entries.map((entry, at) => (at === 1 ? { ...entry, ...part } : entry)),
  });
  const [first, second] = whole.entries as [
    LoggedTransaction['entries'][0],
    (typeof whole.entries)[0],
  ];

  test.each<[string, LoggedTransaction, string]>([
    ['a bit of a value', withEntry({ hValue: flipped(second.hValue, 17) }), 'entry-differs'],
    ['a bit of a key', withEntry({ key: flipped(second.key, 9) }), 'entry-differs'],
    ['the value of another key', withEntry({ hValue: first.hValue }), 'entry-differs'],
    ['the order', { ...whole, entries: [...whole.entries].reverse() }, 'entry-differs'],
    ['an entry less', { ...whole, entries: whole.entries.slice(1) }, 'missing'],
    ['an entry more', { ...whole, entries: [...whole.entries, first] }, 'missing'],
    [
      'an entry that expires',
      withEntry({ metadata: { deleted: false, expiration: { expiresAt: 1 } } }),
      'entry-differs',
    ],
    ['another number', withHeader({ id: 11 }), 'missing'],
    ['another chain', withHeader({ prevAlh: flipped(whole.header.prevAlh, 0) }), 'forked'],
    ['another root', withHeader({ eH: flipped(whole.header.eH, 3) }), 'entry-differs'],
    ['another version', withHeader({ version: 0 }), 'transaction-differs'],
    ['a tree of the future', withHeader({ blTxId: 10 }), 'transaction-differs'],
    [
      'a truncation',
      withHeader({ metadata: { truncatedTxID: 3, extra: Buffer.alloc(0) } }),
      'transaction-differs',
    ],
  ])('in %s, then it is refused', (_what, changed, fault) => {
    const answer = follow(changed);
    expect(answer).toMatchObject({ fault });
    expect(isFault(answer) && answer.detail).toMatch(/ransaction 1[01]/);
  });

  // Nothing but the state after it tells that this was changed.
  test('in the time, then it leads to another state', () => {
    const answer = follow(withHeader({ ts: whole.header.ts + 1 }));
    if (isFault(answer)) throw new Error(answer.detail);
    expect(answer.txHash.equals(stateAt(10).txHash)).toBe(false);
  });

  test.each<[string, Partial<LoggedTransaction['header']>, RegExp]>([
    ['the root', { blRoot: flipped(whole.header.blRoot, 255) }, /has other transactions than/],
    ['the root, which is none', { blRoot: Buffer.alloc(32) }, /has other transactions than/],
    ['the size', { blTxId: 8 }, /is of 8 transactions, not of the 9 before it/],
    ['all', { blTxId: 0, blRoot: Buffer.alloc(32) }, /is of 0 transactions, not of the 9/],
  ])('in %s of the tree, then it stands for two histories', (_what, part, message) => {
    const answer = follow(withHeader(part));
    expect(answer).toMatchObject({ fault: 'two-histories' });
    expect(isFault(answer) && answer.detail).toMatch(message);
    expect(goOn(before, withHeader(part).header).tree).toBeUndefined();
  });

  test('then a walk that goes on all the same knows the tree as long as it is sure', () => {
    const header = { ...whole.header, eH: flipped(whole.header.eH, 3) };
    expect(goOn(before, header)).toMatchObject({ txId: 10, tree: { size: 10 } });
    const beyond = goOn(before, { ...whole.header, id: 12 });
    expect(beyond).toMatchObject({ txId: 12, tree: undefined });
    expect(goOn(beyond, { ...whole.header, id: 13 }).tree).toBeUndefined();
  });
});
