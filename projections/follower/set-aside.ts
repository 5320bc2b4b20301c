import { SET_ASIDE_NAMED_MAX, type SetAsideModel } from '../../contracts/account/read-models.ts';
import type { SetAsideStore } from '../read-store/read-store.ts';
import { StreamFault, type LogEntry, type Report } from './projection.ts';

/** Why an entry could not be projected; of an unexpected error only the type is shown. */
export const faultOf = (error: unknown): string =>
  error instanceof StreamFault
    ? error.message
    : `it cannot be projected (${error instanceof Error ? error.name : typeof error})`;

/** The fault of an event that cannot be read. */
export const UNREADABLE = 'this version of the bank cannot read it';

/**
 * Keeps the streams of which something could not be projected, each with its first fault, and
 * raises an alarm for each. All others go on.
 */
export class SetAside {
  private readonly store: SetAsideStore;
  private readonly report: Report;
  private readonly streams = new Map<string, SetAsideModel>();

  constructor(store: SetAsideStore, report: Report) {
    this.store = store;
    this.report = report;
  }

  async restore(): Promise<void> {
    for (const one of await this.store.list()) this.name(one);
  }

  /** Written before what is applied without them, so that no crash forgets one. */
  async add(faults: readonly SetAsideModel[]): Promise<void> {
    const fresh = new Map<string, SetAsideModel>();
    for (const fault of faults) {
      if (!this.streams.has(fault.stream) && !fresh.has(fault.stream)) {
        fresh.set(fault.stream, fault);
      }
    }
    if (fresh.size === 0) return;
    await this.store.insert([...fresh.values()]);
    for (const fault of fresh.values()) {
      this.name(fault);
      this.report.error('ALARM: a stream is set aside in a read model', { ...fault });
    }
  }

  list(): readonly SetAsideModel[] {
    return [...this.streams.values()];
  }

  private name(fault: SetAsideModel): void {
    if (this.streams.size < SET_ASIDE_NAMED_MAX) this.streams.set(fault.stream, fault);
  }
}

/** The record of a stream that an entry could not be applied to. */
export const faultAt = ({ position, event }: LogEntry, fault: string): SetAsideModel => {
  const { stream, version } = event;
  return { stream, version, position, fault };
};
