/** Everything that can be asked for by `--only`, and what it is, for people. */
export const PARTS = {
  idle: 'CPU and memory while nothing is asked, at the start and at the end',
  openings: 'opening 10,000 accounts, 64 clients; another 90,000 for spread100k',
  uniform: 'single commands with a key, 1,000 accounts, 64 clients',
  transfers: 'transfers with a key, random pairs of 1,000 accounts, 64 clients',
  hot: 'single commands with a key, one account, 64 clients',
  deposit1: 'deposits with a key, one client',
  plain: 'the four above on the plain ledger, each right after ours',
  transfers1: 'transfers with a key, one client',
  unkeyed: 'single commands without a key, 1,000 accounts, 64 clients',
  holds: 'holds and captures with a key, 1,000 accounts, 64 clients',
  balance: 'balance reads, 64 clients',
  history: 'history pages, 16 clients',
  spread10k: 'deposits with a key, 10,000 accounts that rest in between, 64 clients',
  spread100k: 'deposits with a key, 100,000 accounts that rest in between, 64 clients',
  delays: 'from the answer to log and read side, at half of the peak',
  receipts: '100 receipts a second alongside 100 commands a second',
  transactions: 'transactions of 8 transfers, random pairs of 1,000 accounts, 16 clients',
  batches: 'batches of 100 over 100 accounts, 16 clients',
  hotBatches: 'batches of 100 on one account, 8 clients',
  growth: 'deposits with a key on one account of 1, 1,000 and 100,000 events, 8 clients',
  disk: 'bytes at rest',
  audit: 'audit of the whole log, and what the background audit costs',
  rebuild: 'both projections again from the log',
  restart: 'start to ready with all of this data, and uniform after it',
  twoHosts: 'uniform with two actor hosts',
} as const;

export type Part = keyof typeof PARTS;

export const isPart = (word: string): word is Part => Object.hasOwn(PARTS, word);

/** What a part rests on is run with it. */
const NEEDS: Readonly<Partial<Record<Part, readonly Part[]>>> = {
  plain: ['uniform', 'transfers', 'hot', 'deposit1'],
};

/** Whether that part was asked for; all are when none is named. */
export const isWanted = (part: Part, only: readonly Part[]): boolean =>
  only.length === 0 ||
  only.includes(part) ||
  only.some((other) => NEEDS[other]?.includes(part) === true);
