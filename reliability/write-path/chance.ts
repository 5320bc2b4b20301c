import { seededRandom } from '../../platform/seeded-random.ts';

export type Chance = ReturnType<typeof createChance>;

/** Pseudo-random choices: the same seed, the same choices in the same order. */
export function createChance(seed: number) {
  const next = seededRandom(seed * 0x9e3779b1);
  /** Whole, from `low` to `high`, both included. */
  const between = (low: number, high: number): number =>
    low + Math.floor(next() * (high - low + 1));
  return {
    between,
    hits: (probability: number): boolean => next() < probability,
    pick: <Item>(items: readonly Item[]): Item => items[between(0, items.length - 1)]!,
    /** One of the names, each as often as its weight says. */
    weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
      const entries = Object.entries(weights) as [Name, number][];
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [name, weight] of entries) if ((left -= weight) < 0) return name;
      return entries.at(-1)![0];
    },
  };
}
