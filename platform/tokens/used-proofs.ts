import { hash } from 'node:crypto';
import { createShares, type Holder, type Reached } from '../limits/shares.ts';

/** What one proof that was used takes in memory, in bytes: measured, and rounded up. */
const ENTRY_BYTES = 160;
const MIB = 1_048_576;

/** How much is kept of proofs that were used. */
export interface UsedProofsOptions {
  readonly mibMax: number;
  readonly mibPerClientMax: number;
  /** How long a proof is known after its use, in milliseconds. */
  readonly keptMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Proofs that were used, so that none counts twice (RFC 9449, section 11.1). None is forgotten
 * before its time, so a client that has no room left has to wait: what it proves is its own, and
 * another client has room of its own.
 */
export function usedProofs({ mibMax, mibPerClientMax, keptMs, now }: UsedProofsOptions) {
  const entriesIn = (mib: number): number => Math.floor((mib * MIB) / ENTRY_BYTES);
  const shares = createShares({ total: entriesIn(mibMax), perClient: entriesIn(mibPerClientMax) });
  /** In the order of use. */
  const holders = new Map<string, Holder>();
  /** How many of the next entries end then: one text for each second, not for each entry. */
  const ends: { readonly at: number; count: number }[] = [];

  const forget = (): void => {
    while (ends[0] !== undefined && ends[0].at <= now()) {
      let { count } = ends.shift()!;
      for (const [id, holder] of holders) {
        if (count === 0) break;
        count -= 1;
        holders.delete(id);
        shares.give(holder);
      }
    }
  };

  return {
    /** Keeps the proof, or says that it was used before, or which bound is reached. */
    use(key: string, jti: string, holder: Holder): Reached | 'used' | undefined {
      forget();
      const id = hash('sha256', `${key} ${jti}`, 'binary').slice(0, 16);
      if (holders.has(id)) return 'used';
      const reached = shares.take(holder);
      if (reached !== undefined) return reached;
      holders.set(id, holder);
      const at = (Math.floor(now() / 1_000) + 1) * 1_000 + keptMs;
      const last = ends.at(-1);
      if (last?.at === at) last.count += 1;
      else ends.push({ at, count: 1 });
      return undefined;
    },
    most: shares.most,
    kept: (): number => holders.size,
  };
}
