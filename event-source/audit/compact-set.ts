import { hash, randomBytes } from 'node:crypto';

const SLOTS_FIRST = 1 << 16;
const FILL_MAX = 0.6;
const KEY_BYTES = 16;

/**
 * Remembers names that were seen, 64 bits of each, in 14 to 27 bytes. What was added is always
 * found. A name that was not is found by a chance of n / 2^64 (n: names added), and nobody can
 * make one on purpose, because the hash has a new key in each process.
 */
export class SeenNames {
  private readonly key = randomBytes(KEY_BYTES).toString('hex');
  private slots = new Uint32Array(2 * SLOTS_FIRST);
  private count = 0;
  private last: { name: string; pair: readonly [number, number] } = { name: '', pair: [1, 0] };

  has(name: string): boolean {
    const [high, low] = this.hash(name);
    return this.slots[this.place(high, low)] !== 0;
  }

  add(name: string): void {
    const [high, low] = this.hash(name);
    this.put(high, low);
    if (this.count > (this.slots.length / 2) * FILL_MAX) this.grow();
  }

  get size(): number {
    return this.count;
  }

  /** Who adds a name has asked for it before, so the last one is kept. */
  private hash(name: string): readonly [number, number] {
    if (name === this.last.name) return this.last.pair;
    const digest = hash('sha256', this.key + name, 'binary');
    // Zero in the first half marks an empty slot.
    const pair = [wordOf(digest, 0) || 1, wordOf(digest, 4)] as const;
    this.last = { name, pair };
    return pair;
  }

  /** Where the pair is, or the empty slot where it belongs. */
  private place(high: number, low: number): number {
    const { slots } = this;
    const mask = slots.length / 2 - 1;
    let at = 2 * (low & mask);
    while (slots[at] !== 0 && !(slots[at] === high && slots[at + 1] === low)) {
      at = (at + 2) % slots.length;
    }
    return at;
  }

  private put(high: number, low: number): void {
    const at = this.place(high, low);
    if (this.slots[at] !== 0) return;
    this.slots[at] = high;
    this.slots[at + 1] = low;
    this.count += 1;
  }

  private grow(): void {
    const before = this.slots;
    this.slots = new Uint32Array(2 * before.length);
    this.count = 0;
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] !== 0) this.put(before[at]!, before[at + 1]!);
    }
  }
}

/** Four characters of a byte each as a number. */
const wordOf = (text: string, at: number): number =>
  ((text.charCodeAt(at) << 24) |
    (text.charCodeAt(at + 1) << 16) |
    (text.charCodeAt(at + 2) << 8) |
    text.charCodeAt(at + 3)) >>>
  0;
