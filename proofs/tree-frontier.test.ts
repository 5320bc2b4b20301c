import { EMPTY_TREE, rootOf, withLeaf } from './tree-frontier.ts';
import { logOf } from './small-log-for-tests.ts';
import { readVectors } from './vectors-for-tests.ts';

const entry = { key: Buffer.from('k'), value: Buffer.from('v') };
const TRANSACTIONS = 300;

/** The roots of the trees of 0, 1, 2, ... of these transactions. */
function rootsOf(hashes: readonly Buffer[]): Buffer[] {
  let tree = EMPTY_TREE;
  const grown = hashes.map((hash) => (tree = withLeaf(tree, hash)));
  expect(grown.map(({ size }) => size)).toEqual(hashes.map((_hash, at) => at + 1));
  return [EMPTY_TREE, ...grown].map(rootOf);
}

test('given the log of a real immudb, then the roots are those of its headers', () => {
  const { transactions, states } = readVectors();
  const roots = rootsOf(states.map(({ txHash }) => txHash));
  const own = transactions.map(({ header }) => header.blRoot);
  expect(own).toHaveLength(40);
  expect(roots.slice(0, 40)).toEqual(own);
});

test('given a longer log, then they are those that RFC 9162 defines', () => {
  const log = logOf(Array.from({ length: TRANSACTIONS }, () => [entry]));
  const ids = Array.from({ length: TRANSACTIONS }, (_, at) => at + 1);
  const roots = rootsOf(ids.map((id) => log.state(id).txHash));
  expect(roots.slice(0, -1)).toEqual(ids.map((id) => log.header(id).blRoot));
});
