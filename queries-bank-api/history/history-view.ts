import {
  HISTORY_PAGE_ENTRIES,
  historyPage,
  type AccountModel,
  type HistoryEntry,
} from '../../contracts/account/read-models.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { generationInUse, type ReadModels } from '../read-models/read-models.ts';

const PAGES_REMEMBERED = 4_000;

/** What is known of the account whose lines are read. */
type ReadAccount = Pick<AccountModel, 'accountId' | 'version' | 'reversals'>;

interface Page {
  readonly lines: readonly HistoryEntry[];
  /** How many reversals the account had, at least, when the page was read. */
  readonly reversals: number;
}

/**
 * Lines of history never change except by reversals, so a page that was read stays valid; it is
 * read again only for a version that it did not have, or when the account has had another reversal
 * since.
 */
export class HistoryView {
  private readonly models: ReadModels;
  private readonly inUse: () => Promise<string>;
  private readonly pages = boundedMap<string, Page>(PAGES_REMEMBERED);
  private generation = '';

  constructor(models: ReadModels, now?: () => number) {
    this.models = models;
    this.inUse = generationInUse(models, 'history', now);
  }

  /**
   * The lines of versions `from` to `to`, newest first; undefined while some are not written yet.
   */
  async lines(account: ReadAccount, from: number, to: number): Promise<HistoryEntry[] | undefined> {
    const generation = await this.inUse();
    if (generation !== this.generation) this.pages.clear();
    this.generation = generation;
    const { version, reversals = 0 } = account;
    // Only a history that has come as far as the account tells of all its reversals.
    const isWhole =
      reversals === 0 || (await this.read(generation, account, version, version)) !== undefined;
    return isWhole ? this.read(generation, account, from, to) : undefined;
  }

  /** Whether a line of the account could not be made. */
  async isSetAside({ accountId }: ReadAccount): Promise<boolean> {
    return this.models.isSetAside('history', await this.inUse(), `acct/${accountId}`);
  }

  private async read(
    generation: string,
    { accountId, reversals = 0 }: ReadAccount,
    from: number,
    to: number,
  ): Promise<HistoryEntry[] | undefined> {
    const firsts: number[] = [];
    const start = from - ((from - 1) % HISTORY_PAGE_ENTRIES);
    for (let first = start; first <= to; first += HISTORY_PAGE_ENTRIES) firsts.push(first);
    const pages = await Promise.all(
      firsts.map((first) => {
        const last = Math.min(to, first + HISTORY_PAGE_ENTRIES - 1);
        return this.page(generation, historyPage(accountId, first), first, last, reversals);
      }),
    );
    const lines = pages.flat().filter(({ version }) => version >= from && version <= to);
    return lines.length === to - from + 1 ? lines.reverse() : undefined;
  }

  /** The lines of a page without a hole from its first version on, to `last` if they are there. */
  private async page(
    generation: string,
    key: string,
    first: number,
    last: number,
    reversals: number,
  ): Promise<readonly HistoryEntry[]> {
    const known = generation === this.generation ? this.pages.get(key) : undefined;
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
