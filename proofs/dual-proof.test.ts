import { dualProofFault, type DualProof } from './dual-proof.ts';
import type { LogState } from './log-transaction.ts';
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
