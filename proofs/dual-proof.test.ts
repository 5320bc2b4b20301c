import { dualProofFault, type DualProof } from './dual-proof.ts';
import type { LogState } from './log-transaction.ts';
import { readHistory } from './proof-documents.ts';
import { logOf } from './small-log-for-tests.ts';
import { readVectors } from './vectors-for-tests.ts';

const { proofs, states } = readVectors();
const stateAt = (txId: number): LogState => states[txId - 1]!;
const otherHash = (hash: Uint8Array): Buffer => Buffer.from(hash.map((byte) => byte ^ 0x55));

/** Every hash of a proof that counts, as a path of member names. */
function hashesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (value instanceof Uint8Array) return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => hashesIn(member, [...path, name]));
}
function changedAt<T>(value: T, [name, ...rest]: readonly string[]): T {
  if (value instanceof Uint8Array) return otherHash(value) as T;
  if (Array.isArray(value)) {
    return value.map((item: unknown, at) =>
      String(at) === name ? changedAt(item, rest) : item,
    ) as T;
  }
  return { ...value, [name!]: changedAt(value[name as keyof T], rest) };
}
/** Where a proof has terms that nothing needs: trees of the same size prove themselves. */
const isNeeded = (
  { sourceTxHeader, targetTxHeader }: DualProof,
  path: readonly string[],
): boolean =>
  !path.includes('extra') &&
  !(path[0] === 'consistencyProof' && sourceTxHeader.blTxId === targetTxHeader.blTxId) &&
  !(path[0] === 'inclusionProof' && sourceTxHeader.id >= targetTxHeader.blTxId);

describe('given proofs of a real database', () => {
  test('then each is accepted', () => {
    expect(proofs.length).toBeGreaterThan(30);
    for (const { source, target, dualProof } of proofs) {
      expect(dualProofFault(dualProof, stateAt(source), stateAt(target))).toBeUndefined();
    }
  });

  test('when any hash in them is another, then they are refused', () => {
    let refused = 0;
    for (const { source, target, dualProof } of proofs) {
      const paths = hashesIn(dualProof).filter((path) => isNeeded(dualProof, path));
      for (const path of paths) {
        const fault = dualProofFault(changedAt(dualProof, path), stateAt(source), stateAt(target));
        expect([path, fault?.fault]).toEqual([path, 'forked']);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(400);
  });

  test('when a term is left out or added, then they are refused', () => {
    let refused = 0;
    for (const { source, target, dualProof } of proofs) {
      for (const list of ['inclusionProof', 'consistencyProof', 'lastInclusionProof'] as const) {
        const terms = dualProof[list];
        if (terms.length === 0 || !isNeeded(dualProof, [list])) continue;
        for (const others of [terms.slice(0, -1), terms.slice(1), [...terms, terms[0]!]]) {
          const changed = { ...dualProof, [list]: others };
          expect(dualProofFault(changed, stateAt(source), stateAt(target))?.fault).toBe('forked');
          refused += 1;
        }
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  test('when a state is another than the one that is known, then they are refused', () => {
    for (const { source, target, dualProof } of proofs) {
      const [from, to] = [stateAt(source), stateAt(target)];
      const other = { ...from, txHash: otherHash(from.txHash) };
      expect(dualProofFault(dualProof, other, to)?.fault).toBe('forked');
      expect(dualProofFault(dualProof, from, { ...to, txHash: otherHash(to.txHash) })?.fault).toBe(
        'forked',
      );
    }
  });

  test('when the newer state is the older one, then it was rolled back', () => {
    const { source, target, dualProof } = proofs.find((proof) => proof.source < proof.target)!;
    const fault = dualProofFault(dualProof, stateAt(target), stateAt(source));
    expect(fault).toMatchObject({ fault: 'rolled-back' });
  });

  test('when there is no chain, then they are refused', () => {
    for (const { source, target, dualProof } of proofs) {
      const changed = { ...dualProof, linearProof: null };
      expect(dualProofFault(changed, stateAt(source), stateAt(target))?.fault).toBe('forked');
    }
  });
});

describe('given a log whose Merkle tree lags behind its chain', () => {
  const SIZE = 24;
  const entry = (text: string) => ({ key: Buffer.from(`\0${text}`), value: Buffer.from(text) });
  const lagging = (name: string) =>
    logOf(
      Array.from({ length: SIZE }, (_, at) => [entry(`${name}${at}`)]),
      5,
    );
  const log = lagging('a');
  const pairs = Array.from({ length: SIZE }, (_, from) =>
    Array.from({ length: SIZE - from }, (_to, by) => [from + 1, from + 1 + by] as const),
  ).flat();

  test('then every pair of states is proven', () => {
    expect(pairs).toHaveLength((SIZE * (SIZE + 1)) / 2);
    for (const [source, target] of pairs) {
      const proof = readHistory(log.history(source, target));
      const fault = dualProofFault(proof, log.state(source), log.state(target));
      expect([source, target, fault]).toEqual([source, target, undefined]);
    }
  });

  // CVE-2022-36111: what the tree took up must be what the chain had.
  test('when the proof of what the tree took up is missing or another, then it is refused', () => {
    let refused = 0;
    for (const [source, target] of pairs) {
      const proof = readHistory(log.history(source, target));
      const advance = proof.LinearAdvanceProof;
      if (advance === null) continue;
      const wrong = hashesIn(advance).map((path) => changedAt(advance, path));
      for (const LinearAdvanceProof of [null, ...wrong]) {
        const changed = { ...proof, LinearAdvanceProof };
        const fault = dualProofFault(changed, log.state(source), log.state(target));
        expect(fault?.detail).toMatch(/took up other transactions/);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  test('when the newer state is of another log, then it is refused', () => {
    const other = lagging('b');
    for (const [source, target] of pairs) {
      const proof = readHistory(other.history(source, target));
      const fault = dualProofFault(proof, log.state(source), other.state(target));
      expect(fault?.fault).toBe('forked');
    }
  });
});
