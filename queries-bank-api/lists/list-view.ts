import {
  begunOfLine,
  begunTransferId,
  endedOfLine,
  endedTransferId,
  LIST_PAGE_ENTRIES,
  listPage,
  type BegunTransfer,
  type EndedTransfer,
  type ListEntry,
} from '../../contracts/account/lists.ts';
import { countByPages } from '../../platform/page-count.ts';
import { generationInUse, type ReadModels } from '../read-models/read-models.ts';

/** A transfer, and its end if it was pending and is not any more. */
export interface FoundTransfer {
  readonly begun: BegunTransfer;
  readonly ended: EndedTransfer | undefined;
}

/** Reads the lists of the read side; each entry stays as it was written. */
export class ListView {
  private readonly models: ReadModels;
  private readonly inUse: () => Promise<string>;

  constructor(models: ReadModels, now?: () => number) {
    this.models = models;
    this.inUse = generationInUse(models, 'history', now);
  }

  /** How many entries a list has, in a logarithmic number of reads. */
  async count(list: string): Promise<number> {
    const generation = await this.inUse();
    const size = async (page: number): Promise<number> =>
      (await this.page(generation, list, page * LIST_PAGE_ENTRIES)).length;
    return countByPages(size, LIST_PAGE_ENTRIES);
  }

  /**
   * The entries of the page with this number, in their order, up to the first that is missing: a
   * batch is written in any order, so what comes after a hole waits for it.
   */
  async entries(list: string, number: number): Promise<ListEntry[]> {
    return this.page(await this.inUse(), list, number);
  }

  /** A line by the id of its document; undefined when the read side does not have it (yet). */
  async line(id: string): Promise<string | undefined> {
    return this.models.listedLine(await this.inUse(), id);
  }

  /** A transfer by its id; undefined when the read side does not have it (yet). */
  async transfer(id: string): Promise<FoundTransfer | undefined> {
    const generation = await this.inUse();
    const line = await this.models.listedLine(generation, begunTransferId(id));
    return line === undefined ? undefined : this.stands(begunOfLine(line));
  }

  /** How a transfer stands that began so. */
  async stands(begun: BegunTransfer): Promise<FoundTransfer> {
    if (!begun.isReserved) return { begun, ended: undefined };
    const id = endedTransferId(begun.transferId);
    const line = await this.models.listedLine(await this.inUse(), id);
    return { begun, ended: line === undefined ? undefined : endedOfLine(line) };
  }

  private async page(generation: string, list: string, number: number): Promise<ListEntry[]> {
    const first = number - (number % LIST_PAGE_ENTRIES);
    const found = await this.models.listed(generation, listPage(list, number));
    const ordered = found.sort((one, other) => one.number - other.number);
    return ordered.filter((entry, at) => entry.number === first + at);
  }
}
