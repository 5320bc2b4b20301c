/** How long ids are known, and how many at most. */
export interface RecentIdsOptions {
  /** At least so long an id is known, in milliseconds, and at most twice as long. */
  readonly keptMs: number;
  /** More within that time are not taken: none is forgotten early. About 100 bytes each. */
  readonly idsMax: number;
  /** Milliseconds that never decrease. */
  readonly steady: () => number;
}

/**
 * Ids that came a short time ago, so that what comes twice is seen: two sets, of which the older
 * one is dropped as a whole, because that costs nothing for each id.
 */
export function recentIds({ keptMs, idsMax, steady }: RecentIdsOptions) {
  let [current, previous] = [new Set<string>(), new Set<string>()];
  let since = steady();
  return (id: string): 'new' | 'known' | 'full' => {
    const age = steady() - since;
    if (age > keptMs) {
      [previous, current] = [age > 2 * keptMs ? new Set() : current, new Set()];
      since = steady();
    }
    if (current.has(id) || previous.has(id)) return 'known';
    if (current.size >= idsMax) return 'full';
    current.add(id);
    return 'new';
  };
}
