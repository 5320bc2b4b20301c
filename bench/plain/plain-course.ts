import { openAccounts } from '../accounts.ts';
import { closedLoop } from '../closed-loop.ts';
import type { Measured } from '../house.ts';
import { comparedLoads } from '../loads.ts';
import { runLoad } from '../measurements.ts';
import { openPlainHouse } from './plain-house.ts';
import type { LoadResult } from '../report/results.ts';

const WARM_UP_MS = 3_000;

/** The plain ledger with as many accounts as the bank has, ready for the same loads. */
export interface PlainCourse extends Pick<Measured, 'programs'> {
  readonly results: readonly LoadResult[];
  /** The load of that name; undefined when the plain ledger has none of it. */
  readonly run: (name: string, seconds: number) => Promise<LoadResult | undefined>;
  readonly close: () => Promise<void>;
}

export async function openPlainCourse(instance: number, accounts: number): Promise<PlainCourse> {
  const house = await openPlainHouse(instance);
  const { opened } = await openAccounts(house, 'plain', accounts);
  const [hot] = (await openAccounts(house, 'plain hot', 1)).opened;
  const loads = comparedLoads({ many: opened.map(({ id }) => id), hot: hot?.id ?? '' });
  for (const load of loads) {
    const measureMs = WARM_UP_MS / loads.length;
    await closedLoop({ ...load, url: house.url, warmUpMs: 0, measureMs });
  }
  const results: LoadResult[] = [];
  return {
    programs: house.programs,
    results,
    run: async (name, seconds) => {
      const load = loads.find((one) => one.name === name);
      if (load === undefined) return undefined;
      const result = await runLoad(house, load, seconds);
      results.push(result);
      return result;
    },
    close: house.close,
  };
}
