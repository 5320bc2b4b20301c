import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { CommandMessage, CommandResult } from '../../contracts/account/commands.ts';
import type { AccountId, StreamId } from '../../domain/ids.ts';
import { testHost, testLog } from '../host/bank-host-for-tests.ts';
import { virtualClock, type TestLog } from '../host/bank-host-for-tests.ts';
import type { Journal } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import type { LogPages } from './journal-guard.ts';
import { restoreJournal } from './restoration.ts';

export const BEGAN = Date.parse('2026-03-01T12:00:00.000Z');

/** The log of a bank, whatever order its streams came in. */
function pagesOf(log: Pick<TestLog, 'streams'>, pageEvents = 7): LogPages {
  const events: BankEvent[] = [...log.streams.values()].flat();
  const all = events.map((event, at) => ({ position: 10 * (at + 1), event }));
  return {
    readAfter(position) {
      const entries = all.filter((entry) => entry.position > position).slice(0, pageEvents);
      return Promise.resolve({ entries, head: 10 * all.length });
    },
  };
}
/** The same log, on its own. */
export function copyOf(log: TestLog): TestLog {
  const copy = testLog();
  for (const event of [...log.streams.values()].flat()) copy.take(structuredClone(event));
  return copy;
}
interface RestoreOptions {
  readonly heldBytesMax?: number;
  readonly keys?: ReadonlyMap<StreamId, string>;
  readonly pageEvents?: number;
}
/** Restores a journal from that log. */
export const restore = (
  log: Pick<TestLog, 'streams'>,
  journal: Journal = memoryJournal(),
  more: RestoreOptions = {},
) => {
  const ports = {
    journal,
    log: pagesOf(log, more.pageEvents),
    keys: new Map(),
    now: () => new Date(BEGAN),
  };
  return restoreJournal({ ...ports, progress: () => undefined, ...more });
};

/** A bank on that journal and log, whose clock the test sets. */
export async function bankOn(journal: Journal, log: TestLog, delivers = true) {
  const time = virtualClock();
  const setTo = (ms: number): void => time.set(new Date(ms).toISOString());
  setTo(BEGAN);
  const host = await testHost(journal, log, { clock: time.clock, delivers });
  host.start();
  const give = async (
    id: AccountId,
    ...commands: readonly CommandMessage[]
  ): Promise<CommandResult[]> => {
    const results = await host.execute(commands.map((one) => ({ ...one, accountId: id })));
    await time.pass(50);
    return results;
  };
  return { host, time, setTo, give };
}
export type BankOnJournal = Awaited<ReturnType<typeof bankOn>>;
