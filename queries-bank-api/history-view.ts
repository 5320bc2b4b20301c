import { HISTORY_PAGE_ENTRIES, historyPage, type HistoryEntry } from '../contracts/read-models.ts';
import { boundedMap } from '../platform/bounded-map.ts';
import { generationInUse } from './generation-in-use.ts';
import type { ReadModels } from './read-models.ts';

const PAGES_REMEMBERED = 4_000;

interface Page {
  readonly lines: readonly HistoryEntry[];
  /** How many reversals the account had, at least, when the page was read. */
  readonly reversals: number;
}

/**
 * Lines of history never change but by reversals, so a page that was read holds for ever; it is
 * read again only when a version is asked for that it did not have, or the account has had
 * another reversal since.
 */
export class HistoryView {
  private readonly models: ReadModels;
  private readonly inUse: () => Promise<number>;
  private readonly pages = boundedMap<string, Page>(PAGES_REMEMBERED);
  private generation = 0;

  constructor(models: ReadModels, now?: () => number) {
    this.models = models;
    this.inUse = generationInUse(models, 'history', now);
  }

  /** The lines of versions `from` to `to`, newest first; undefined while some are not there. */
  async lines(
    accountId: string,
    from: number,
    to: number,
    reversals = 0,
  ): Promise<HistoryEntry[] | undefined> {
    const firsts: number[] = [];
    const start = from - ((from - 1) % HISTORY_PAGE_ENTRIES);
    for (let first = start; first <= to; first += HISTORY_PAGE_ENTRIES) firsts.push(first);
    const pages = await Promise.all(
      firsts.map((first) => {
        const last = Math.min(to, first + HISTORY_PAGE_ENTRIES - 1);
        return this.page(historyPage(accountId, first), first, last, reversals);
      }),
    );
    const lines = pages.flat().filter(({ version }) => version >= from && version <= to);
    return lines.length === to - from + 1 ? lines.reverse() : undefined;
  }

  /** The lines of a page without a hole from its first version on, to `last` if they are there. */
  private async page(
    key: string,
    first: number,
    last: number,
    reversals: number,
  ): Promise<readonly HistoryEntry[]> {
    const generation = await this.inUse();
    if (generation !== this.generation) this.pages.clear();
    this.generation = generation;
    const known = this.pages.get(key);
    if (known !== undefined && known.lines.length > last - first && known.reversals >= reversals) {
      return known.lines;
    }
    const found = await this.models.historyLines(generation, key);
    const ordered = found.sort((a, b) => a.version - b.version);
    const whole = ordered.filter((line, at) => line.version === first + at);
    if (generation === this.generation) this.pages.set(key, { lines: whole, reversals });
    return whole;
  }
}
